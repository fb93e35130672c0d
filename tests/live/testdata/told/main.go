// told: a program that says its own numbers when asked, and otherwise stands still.
//
// It allocates from several places, parks goroutines in several ways, collects twice and says "ready". Then one
// letter on stdin is one command, answered on stdout, with an empty line at the end:
//
//	m  runtime.ReadMemStats, one NAME=VALUE a line; allocates nothing
//	s  runtime.Stack of all goroutines into $TOLD_DIR/stacks
//	h  the heap profile as runtime/pprof writes it into $TOLD_DIR/heap.pb.gz
//
// Build tags: told_cgo calls C, told_net links the C library for its resolver, told_shared is a library that a C
// program loads (testdata/told_host), told_plugin loads $TOLD_PLUGIN before it is ready.
package main

func main() {
	serve()
}
