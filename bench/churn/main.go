// churn: a server that never stands still, with a few things in it that do.
//
// -workers goroutines allocate small, large and pointerful objects as fast as they can and start goroutines that end
// at once, grow their stacks or wait a moment. What a reader must always find: -parked goroutines in main.parked and
// -kept objects of 6144 bytes, which nothing else here allocates. Prints "ready", then each second how many rounds
// its workers made in it.
package main

import (
	"flag"
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"sync/atomic"
	"time"
)

type node struct {
	next *node
	data [12]uint64
}

var (
	rounds int64
	kept   [][]byte
	sinks  [64]interface{}
)

//go:noinline
func parked(forever chan int) { <-forever }

func grow(n int) int {
	var room [128]byte
	if n == 0 {
		return int(room[0])
	}
	return grow(n-1) + int(room[n%128])
}

func short(done chan<- int, kind int) {
	switch kind % 3 {
	case 0:
		time.Sleep(time.Duration(kind%5) * time.Millisecond)
	case 1:
		grow(kind % 60)
	}
	done <- kind
}

func work(id int) {
	done := make(chan int, 16)
	for i := 0; ; i++ {
		var list *node
		for k := 0; k < 200; k++ {
			list = &node{next: list}
		}
		sinks[(id*7+i)%len(sinks)] = list
		if i%16 == 0 {
			sinks[i%len(sinks)] = make([]byte, 40000+i%5*30000)
		}
		for k := 0; k < 8; k++ {
			go short(done, i+k)
		}
		for k := 0; k < 8; k++ {
			<-done
		}
		atomic.AddInt64(&rounds, 1)
	}
}

func main() {
	workers := flag.Int("workers", 4, "")
	nParked := flag.Int("parked", 1000, "")
	nKept := flag.Int("kept", 2000, "")
	flag.Parse()
	_ = http.DefaultServeMux // net/http/pprof keeps the heap profile linked in
	forever := make(chan int)
	for i := 0; i < *nParked; i++ {
		go parked(forever)
	}
	for i := 0; i < *nKept; i++ {
		kept = append(kept, make([]byte, 6144))
	}
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < *workers; i++ {
		go work(i)
	}
	fmt.Println("ready")
	for range time.Tick(time.Second) {
		fmt.Println(atomic.SwapInt64(&rounds, 0))
	}
}
