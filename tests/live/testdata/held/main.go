// held fills a few variables and goroutines with objects whose sizes are known, and says how much each holds:
// "holds NAME OBJECTS BYTES", bytes in size classes. Everything is made by functions that have returned, so
// that no stack refers to it any more.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Each of 64 bytes.
type leaf struct {
	next *leaf
	pad  [7]uint64
}

type branch struct { // 32 bytes
	left, right *branch
	name        string
}

var (
	root    *branch
	ring    *leaf
	row     []*leaf
	either1 []*leaf
	either2 []*leaf
	blocks  [][]byte
	any1    interface{}
	call    func() *leaf
	bus     chan *leaf
	wake    = make(chan int)
	done    = make(chan int)
)

//go:noinline
func grow(depth int) *branch {
	if depth == 0 {
		return nil
	}
	return &branch{left: grow(depth - 1), right: grow(depth - 1), name: "static"}
}

//go:noinline
func plantTree() int { root = grow(15); return 1<<15 - 1 }

//go:noinline
func closeRing(n int) {
	first := &leaf{}
	last := first
	for i := 1; i < n; i++ {
		last.next = &leaf{}
		last = last.next
	}
	last.next = first
	ring = first
}

//go:noinline
func fillRow(n int) {
	row = make([]*leaf, n)
	for i := range row {
		row[i] = &leaf{}
	}
}

//go:noinline
func share(n int) {
	either1 = make([]*leaf, n)
	either2 = make([]*leaf, n)
	for i := range either1 {
		either1[i] = &leaf{}
		either2[i] = either1[i]
	}
}

//go:noinline
func fillBlocks(n int) {
	blocks = make([][]byte, n)
	for i := range blocks {
		blocks[i] = make([]byte, 4096)
	}
}

//go:noinline
func box() {
	any1 = &leaf{next: &leaf{}}
	l := &leaf{next: &leaf{next: &leaf{}}}
	call = func() *leaf { return l }
	bus = make(chan *leaf, 100)
	for i := 0; i < 60; i++ {
		bus <- &leaf{}
	}
}

//go:noinline
func loseThem(n int) {
	for i := 0; i < n; i++ {
		go func(c chan int, b *[1000]byte) { <-c; fmt.Println(b[0]) }(make(chan int), new([1000]byte))
	}
}

//go:noinline
func keepThem(n int) {
	for i := 0; i < n; i++ {
		go func(b *[1000]byte) {
			select {
			case <-wake:
			case <-done:
			}
			fmt.Println(b[0])
		}(new([1000]byte))
	}
}

// Overwrites what the functions above left behind on the stack.
//
//go:noinline
func scrub(depth int) int {
	var a [64]uint64
	for i := range a {
		a[i] = uint64(depth)
	}
	if depth > 0 {
		return scrub(depth-1) + int(a[depth%64])
	}
	return 0
}

func main() {
	trees := plantTree()
	closeRing(5000)
	fillRow(4096)
	share(500)
	fillBlocks(128)
	box()
	loseThem(300)
	keepThem(200)
	scrub(200)
	for i := 0; i < 10; i++ {
		runtime.Gosched()
	}
	runtime.GC()
	runtime.GC()
	fmt.Println("holds main.root", trees, trees*32)
	fmt.Println("holds main.ring", 5000, 5000*64)
	fmt.Println("holds main.row", 4097, 4096*8+4096*64)
	fmt.Println("holds main.either1", 1, 4096)
	fmt.Println("holds main.either2", 1, 4096)
	fmt.Println("holds main.any1", 2, 2*64)
	fmt.Println("ready", os.Getpid())
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	<-c
	fmt.Println(call(), len(bus), root, ring, row, either1, either2, blocks, any1)
	close(wake)
	close(done)
}
