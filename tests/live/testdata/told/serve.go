package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var (
	stats runtime.MemStats
	out   [8192]byte
	in    [1]byte
	text  = make([]byte, 1<<20)
	prime []func() // what the build tags add, before anything is counted
)

type field struct {
	name  string
	value *uint64
}

var gcs, forced, enabled uint64

var fields = [...]field{
	{"Alloc", &stats.Alloc}, {"TotalAlloc", &stats.TotalAlloc}, {"Sys", &stats.Sys},
	{"Lookups", &stats.Lookups}, {"Mallocs", &stats.Mallocs}, {"Frees", &stats.Frees},
	{"HeapAlloc", &stats.HeapAlloc}, {"HeapSys", &stats.HeapSys}, {"HeapIdle", &stats.HeapIdle},
	{"HeapInuse", &stats.HeapInuse}, {"HeapReleased", &stats.HeapReleased},
	{"HeapObjects", &stats.HeapObjects}, {"StackInuse", &stats.StackInuse},
	{"StackSys", &stats.StackSys}, {"MSpanInuse", &stats.MSpanInuse}, {"MSpanSys", &stats.MSpanSys},
	{"MCacheInuse", &stats.MCacheInuse}, {"MCacheSys", &stats.MCacheSys},
	{"BuckHashSys", &stats.BuckHashSys}, {"GCSys", &stats.GCSys}, {"OtherSys", &stats.OtherSys},
	{"NextGC", &stats.NextGC}, {"LastGC", &stats.LastGC}, {"PauseTotalNs", &stats.PauseTotalNs},
	{"NumGC", &gcs}, {"NumForcedGC", &forced}, {"EnableGC", &enabled},
}

func memstats() []byte {
	runtime.ReadMemStats(&stats)
	gcs, forced, enabled = uint64(stats.NumGC), uint64(stats.NumForcedGC), 0
	if stats.EnableGC {
		enabled = 1
	}
	b := out[:0]
	for _, f := range fields {
		b = append(b, f.name...)
		b = append(b, '=')
		b = strconv.AppendUint(b, *f.value, 10)
		b = append(b, '\n')
	}
	b = append(b, "GCCPUFraction="...)
	b = strconv.AppendFloat(b, stats.GCCPUFraction, 'g', -1, 64)
	return append(b, '\n', '\n')
}

func stacks() []byte {
	n := runtime.Stack(text, true)
	if err := os.WriteFile(os.Getenv("TOLD_DIR")+"/stacks", text[:n], 0o600); err != nil {
		panic(err)
	}
	return append(out[:0], '\n')
}

func heap() []byte {
	f, err := os.Create(os.Getenv("TOLD_DIR") + "/heap.pb.gz")
	if err == nil {
		err = pprof.Lookup("heap").WriteTo(f, 0)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		panic(err)
	}
	return append(out[:0], '\n')
}

type node struct {
	next *node
	pad  [5]uint64
}

type list[T any] struct{ items []T }

var (
	nodes  *node
	blocks [][]byte
	texts  list[string]
	index  = map[string]*node{}
	sink   interface{}
)

//go:noinline
func link(n int) {
	for i := 0; i < n; i++ {
		nodes = &node{next: nodes}
	}
}

//go:noinline
func (l *list[T]) add(v T) { l.items = append(l.items, v) }

//go:noinline
func load(n int) {
	for i := 0; i < n; i++ {
		blocks = append(blocks, make([]byte, 1000+i*997%50000))
		key := "entry-" + strconv.Itoa(i)
		texts.add(key)
		index[key] = &node{}
		sink = make([]byte, 3000)
	}
	blocks = append(blocks, make([]byte, 3<<20))
}

//go:noinline
func descend(n int, wait func()) {
	if n > 0 {
		descend(n-1, wait)
		return
	}
	wait()
}

type pair[T any] struct{ in chan T }

//go:noinline
func (p pair[T]) wait() { <-p.in }

func park() {
	in, out := make(chan int), make(chan int)
	typed := pair[string]{make(chan string)}
	var mu sync.Mutex
	var group sync.WaitGroup
	mu.Lock()
	group.Add(1)
	waits := []func(){
		func() { <-in },
		func() { out <- 1 },
		func() { mu.Lock() },
		group.Wait,
		typed.wait,
		func() {
			select {
			case <-in:
			case out <- 2:
			}
		},
		func() { time.Sleep(time.Hour) },
		func() { select {} },
	}
	for i := 0; i < 200; i++ {
		go descend(i%25, waits[i%len(waits)])
	}
	go func() {
		defer func() {
			if recover() != nil {
				<-in
			}
		}()
		var p *node
		p.pad[0] = 1
	}()
}

func serve() {
	for _, f := range prime {
		f()
	}
	link(40000)
	load(2000)
	park()
	time.Sleep(200 * time.Millisecond)
	stacks()
	heap()
	runtime.GC()
	runtime.GC()
	time.Sleep(100 * time.Millisecond)
	_, _ = syscall.Write(1, []byte("ready\n"))
	for {
		n, err := syscall.Read(0, in[:])
		if n != 1 || err != nil {
			os.Exit(0)
		}
		switch in[0] {
		case 'm':
			_, _ = syscall.Write(1, memstats())
		case 's':
			_, _ = syscall.Write(1, stacks())
		case 'h':
			_, _ = syscall.Write(1, heap())
		}
	}
}
