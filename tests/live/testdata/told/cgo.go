//go:build told_cgo

package main

// #include <stdlib.h>
// #include <string.h>
// static void *keep(size_t n) { void *p = malloc(n); memset(p, 1, n); return p; }
import "C"
import "unsafe"

var kept []unsafe.Pointer

func init() {
	prime = append(prime, func() {
		for i := 0; i < 100; i++ {
			kept = append(kept, C.keep(10000))
		}
	})
}
