// served: a program that says its own runtime.MemStats when asked, and allocates nothing to say it.
//
// One letter on stdin is one command; each is answered on stdout and ends with an empty line:
//
//	m  runtime.ReadMemStats, one NAME=VALUE a line
//	a  allocates small, tiny and large objects and keeps them
//	d  allocates objects and drops them
//	g  runtime.GC()
//	s  100 goroutines more, parked on a channel
//	c  allocates until a collection has been, and returns at once
//	b  allocates and drops without end, in two goroutines
package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

type node struct {
	next *node
	pad  [5]uint64
}

type table struct {
	rows [1000]*node
	name string
}

var (
	stats  runtime.MemStats
	cycles debug.GCStats
	out    [8192]byte
	in     [1]byte
	kept   []interface{}
	nodes  *node
	parked = make(chan int)
	sink   interface{}
)

func line(b []byte, name string, v uint64) []byte {
	b = append(b, name...)
	b = append(b, '=')
	b = strconv.AppendUint(b, v, 10)
	return append(b, '\n')
}

func say() []byte {
	runtime.ReadMemStats(&stats)
	b := out[:0]
	b = line(b, "Alloc", stats.Alloc)
	b = line(b, "TotalAlloc", stats.TotalAlloc)
	b = line(b, "Sys", stats.Sys)
	b = line(b, "Lookups", stats.Lookups)
	b = line(b, "Mallocs", stats.Mallocs)
	b = line(b, "Frees", stats.Frees)
	b = line(b, "HeapAlloc", stats.HeapAlloc)
	b = line(b, "HeapSys", stats.HeapSys)
	b = line(b, "HeapIdle", stats.HeapIdle)
	b = line(b, "HeapInuse", stats.HeapInuse)
	b = line(b, "HeapReleased", stats.HeapReleased)
	b = line(b, "HeapObjects", stats.HeapObjects)
	b = line(b, "StackInuse", stats.StackInuse)
	b = line(b, "StackSys", stats.StackSys)
	b = line(b, "MSpanInuse", stats.MSpanInuse)
	b = line(b, "MSpanSys", stats.MSpanSys)
	b = line(b, "MCacheInuse", stats.MCacheInuse)
	b = line(b, "MCacheSys", stats.MCacheSys)
	b = line(b, "BuckHashSys", stats.BuckHashSys)
	b = line(b, "GCSys", stats.GCSys)
	b = line(b, "OtherSys", stats.OtherSys)
	b = line(b, "NextGC", stats.NextGC)
	b = line(b, "LastGC", stats.LastGC)
	b = line(b, "PauseTotalNs", stats.PauseTotalNs)
	b = line(b, "NumGC", uint64(stats.NumGC))
	b = line(b, "NumForcedGC", uint64(stats.NumForcedGC))
	b = line(b, "GCCPUFraction", math.Float64bits(stats.GCCPUFraction))
	enabled := uint64(0)
	if stats.EnableGC {
		enabled = 1
	}
	b = line(b, "EnableGC", enabled)
	b = line(b, "Goroutines", uint64(runtime.NumGoroutine()))
	return append(b, '\n')
}

func allocate() {
	for i := 0; i < 2000; i++ {
		nodes = &node{next: nodes}
	}
	for i := 0; i < 300; i++ {
		kept = append(kept, make([]byte, 1+i*7%3000), new(uint16), new(byte), new(table))
	}
	for i := 0; i < 5; i++ {
		kept = append(kept, make([]byte, 40000+i*30000), make([]*node, 20000))
	}
}

func drop() {
	for i := 0; i < 20000; i++ {
		sink = new(node)
		sink = make([]byte, i%4000)
	}
	for i := 0; i < 20; i++ {
		sink = make([]byte, 100000)
	}
	sink = nil
}

// collect returns when the next collection's marking is over; its sweep has hardly begun.
func collect() {
	debug.ReadGCStats(&cycles)
	for n := cycles.NumGC; cycles.NumGC == n; debug.ReadGCStats(&cycles) {
		sink = new(table)
	}
	sink = nil
}

func churn() {
	var held [64]interface{}
	for i := 0; ; i++ {
		held[i%64] = make([]byte, i%70000)
		held[i*7%64] = &node{}
	}
}

func park(depth int) {
	if depth > 0 {
		park(depth - 1)
		return
	}
	<-parked
}

func main() {
	_, _ = syscall.Write(1, []byte("ready\n\n"))
	for {
		n, err := syscall.Read(0, in[:])
		if n != 1 || err != nil {
			os.Exit(0)
		}
		reply := []byte(nil)
		switch in[0] {
		case 'm':
			reply = say()
		case 'a':
			allocate()
		case 'd':
			drop()
		case 'g':
			runtime.GC()
		case 's':
			for i := 0; i < 100; i++ {
				go park(i % 40)
			}
			runtime.Gosched()
		case 'c':
			collect()
		case 'b':
			go churn()
			go churn()
		}
		if reply == nil {
			out[0] = '\n'
			reply = out[:1]
		}
		_, _ = syscall.Write(1, reply)
	}
}
