// spinning: goroutines that never call anything, stopped by signals in functions with and without a frame.
//
// With GOMAXPROCS=1 all but one of them stand where a signal stopped them (runtime.asyncPreempt). One goroutine waits
// in a call of the kernel, so that main can say "ready" and wait for its stdin.
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

//go:noinline
func leaf(p *uint64) {
	for *p != 1<<63 {
		*p += 2
	}
}

//go:noinline
func framed(p *uint64) {
	var local [64]uint64
	for i := 0; *p != 1<<63; i++ {
		local[i&63] += *p
		*p += local[(i+1)&63] | 2
	}
	leaf(&local[0])
}

//go:noinline
func spin(spins func(*uint64), counter *uint64) {
	spins(counter)
	*counter = 0
}

func main() {
	var counters [6]uint64
	for i := range counters {
		go spin([]func(*uint64){leaf, framed}[i%2], &counters[i])
	}
	for i := range counters {
		for atomic.LoadUint64(&counters[i]) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	fmt.Println("ready")
	var b [1]byte
	os.Stdin.Read(b[:])
}
