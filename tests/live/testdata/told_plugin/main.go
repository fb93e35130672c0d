// told_plugin: allocates and parks, in functions and with globals of its own.
package main

type entry struct {
	next *entry
	pad  [9]uint64
}

var (
	entries *entry
	never   = make(chan int)
)

//go:noinline
func fill(n int) {
	for i := 0; i < n; i++ {
		entries = &entry{next: entries}
	}
}

//go:noinline
func rest() { <-never }

func Start() {
	fill(50000)
	for i := 0; i < 7; i++ {
		go rest()
	}
}

func main() {}
