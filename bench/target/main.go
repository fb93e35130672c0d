// target: a process of known size for the benchmarks.
//
// -goroutines parked ones in five kinds of stack, -heap megabytes of 64-byte objects, a pprof endpoint, and a ticker
// of 5 ms that knows the largest gap it saw. Prints "ready ADDRESS"; GET /gap returns the gap in ms and forgets it.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type cell [8]uint64

var (
	kept  [][]*cell
	gapNs int64
)

func deep(n int, wait func()) {
	if n > 0 {
		deep(n-1, wait)
		return
	}
	wait()
}

func park(n int) {
	sends, receives := make(chan int), make(chan int)
	var mu sync.Mutex
	mu.Lock()
	var group sync.WaitGroup
	group.Add(1)
	kinds := []func(){
		func() { <-receives },
		func() { sends <- 1 },
		func() { mu.Lock() },
		func() { group.Wait() },
		func() {
			select {
			case <-receives:
			case sends <- 2:
			}
		},
	}
	for i := 0; i < n; i++ {
		wait := kinds[i%len(kinds)]
		depth := i % 8
		go deep(depth, wait)
	}
}

func fill(megabytes int) {
	for i := 0; i < megabytes; i++ {
		block := make([]*cell, 0, 1<<14)
		for len(block) < 1<<14 {
			block = append(block, &cell{uint64(i)})
		}
		kept = append(kept, block)
	}
}

func tick() {
	last := time.Now()
	for range time.Tick(5 * time.Millisecond) {
		now := time.Now()
		if gap := now.Sub(last).Nanoseconds(); gap > atomic.LoadInt64(&gapNs) {
			atomic.StoreInt64(&gapNs, gap)
		}
		last = now
	}
}

func main() {
	goroutines := flag.Int("goroutines", 100000, "parked goroutines")
	heap := flag.Int("heap", 1000, "megabytes of 64-byte objects")
	flag.Parse()
	fill(*heap)
	park(*goroutines)
	runtime.GC()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/gap", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%.1f\n", float64(atomic.SwapInt64(&gapNs, 0))/1e6)
	})
	go tick()
	fmt.Println("ready", listener.Addr())
	panic(http.Serve(listener, nil))
}
