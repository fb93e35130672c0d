// parked starts goroutines in every state that lasts, writes down what its own
// runtime says of them, and stays as it is.
//
//	parked FILE [N]
//
// FILE gets lines, tab-separated: "total" and runtime.NumGoroutine(); "trace",
// how many, state, frames (at most 40) and creator as debug=2 prints them; "profile", how
// many and the frames (at most 32) as runtime.GoroutineProfile gives them. With
// N, that many goroutines are started in four groups, nothing else, and FILE
// gets the total only. The main goroutine itself is left out of "trace" and
// "profile". Then "ready" is printed.
package main

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	inbox  = make(chan int)
	outbox = make(chan int)
	quit   = make(chan struct{})
	table  sync.Mutex
	index  sync.RWMutex
	batch  sync.WaitGroup
	nobody chan int
	sink   int
)

func main() {
	if len(os.Args) > 2 {
		n, _ := strconv.Atoi(os.Args[2])
		many(n)
		write(os.Args[1], fmt.Sprintf("total\t%d\n", runtime.NumGoroutine()))
	} else {
		all()
		time.Sleep(200 * time.Millisecond)
		runtime.GC()
		runtime.GC()
		report(os.Args[1])
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

func write(path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
}

func start(n int, f func()) {
	var started sync.WaitGroup
	for i := 0; i < n; i++ {
		started.Add(1)
		go func() {
			started.Done()
			f()
		}()
	}
	started.Wait()
}

func many(n int) {
	table.Lock()
	batch.Add(1)
	start(n/10*4, consume)
	start(n/10*3, serveConn)
	start(n/10*2, updateTable)
	start(n-n/10*9, batch.Wait)
	time.Sleep(time.Second)
	runtime.GC()
}

func all() {
	table.Lock()
	index.Lock()
	batch.Add(1)
	start(7, consume)
	start(5, serveConn)
	start(4, updateTable)
	start(3, batch.Wait)
	start(1, func() { inbox2() })
	start(2, func() { index.RLock() })
	start(1, func() { index.Lock() })
	start(2, func() { <-nobody })
	start(1, func() { nobody <- 1 })
	start(1, func() { select {} })
	start(2, func() { time.Sleep(time.Hour) })
	start(1, condWait)
	start(2, func() { sink = descend(40) })
	start(1, func() { sink = descend(500) })
	start(1, func() { sink = bigFrame(3) })
	start(1, func() { sink = bigBelow() })
	start(2, func() { twiceInlined(1) })
	start(2, func() { first(generic[string]{"x"}) })
	start(1, func() { wrapped(outer{inner{1}}) })
	start(1, deferred)
	start(1, lockedThread)
	start(1, acceptConn)
	start(2, readPipe)
	start(1, recovered)
	startFinalizer()
	startCleanup()
	startC()
	for i := 0; i < 3; i++ {
		go consumeOne() // no closure: the start function itself
	}
	t := time.AfterFunc(time.Millisecond, func() { <-inbox })
	_ = t
}

//go:noinline
func consume() { sink = consumeOne() }

//go:noinline
func consumeOne() int { return <-inbox }

func inbox2() { outbox <- 1 } // inlined

//go:noinline
func serveConn() { waitFrame() }

//go:noinline
func waitFrame() {
	var frame [256]byte
	select {
	case n := <-outbox:
		sink = int(frame[n&255])
	case <-quit:
	}
}

//go:noinline
func updateTable() {
	table.Lock()
	defer table.Unlock()
}

func condWait() {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	mu.Lock()
	c.Wait()
}

//go:noinline
func descend(n int) int {
	if n <= 0 {
		return <-inbox
	}
	return descend(n-1) + 1
}

//go:noinline
func bigFrame(n int) int {
	var room [24 << 10]byte
	room[n] = byte(n)
	if n == 0 {
		return <-inbox
	}
	return bigFrame(n-1) + int(room[n])
}

//go:noinline
func bigBelow() int {
	var room [60 << 10]byte
	room[sink&7] = 1
	v := consumeOne()
	return v + int(room[sink&15])
}

func twiceInlined(n int) int { return onceInlined(n) + 1 }

func onceInlined(n int) int {
	for {
		n += consumeOne()
	}
}

type generic[T any] struct{ v T }

//go:noinline
func (g generic[T]) wait() T {
	<-inbox
	return g.v
}

//go:noinline
func first[T any](g generic[T]) T { return g.wait() }

type waiter interface{ wait(int) int }

type inner struct{ n int }

//go:noinline
func (i inner) wait(n int) int { return i.n + n + <-inbox }

type outer struct{ inner }

// The call goes through a wrapper that the compiler made for outer.
//
//go:noinline
func wrapped(w waiter) { sink = w.wait(1) }

func deferred() {
	defer func() { <-inbox }()
	sink++
}

func recovered() {
	defer func() {
		if recover() != nil {
			<-inbox
		}
	}()
	var p *inner
	sink = p.n // in here: sigpanic, gopanic, then the deferred call
}

func lockedThread() {
	runtime.LockOSThread()
	<-inbox
}

func acceptConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	l.Accept()
}

// A read that the runtime knows nothing of: the thread blocks in it.
func readPipe() {
	var fd [2]int
	if err := syscall.Pipe(fd[:]); err != nil {
		panic(err)
	}
	var b [1]byte
	syscall.Read(fd[0], b[:])
}

type held struct{ p *int }

func startFinalizer() {
	running := make(chan bool)
	func() {
		h := &held{new(int)}
		runtime.SetFinalizer(h, func(*held) {
			close(running)
			<-inbox
		})
	}()
	for i := 0; i < 5; i++ {
		runtime.GC()
		select {
		case <-running:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	panic("the finalizer did not run")
}

func report(path string) {
	out := []string{fmt.Sprintf("total\t%d", runtime.NumGoroutine())}
	out = append(out, traces()...)
	out = append(out, profile()...)
	write(path, strings.Join(out, "\n")+"\n")
}

var (
	header = regexp.MustCompile(`^goroutine \d+ \[([^\]]*)\]:$`)
	by     = regexp.MustCompile(`^created by (.*?)( in goroutine \d+)?$`)
	age    = regexp.MustCompile(`(, \d+ minutes)?(, locked to thread)?$`)
	place  = regexp.MustCompile(`^\t(.*:\d+)( \+0x[0-9a-f]+)?$`)
)

// Tracebacks leave out the middle of long stacks, each release in its way.
const shown = 40

func traces() []string {
	buf := make([]byte, 16<<20)
	count := map[string]int{}
	for _, block := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
		state := age.ReplaceAllString(header.FindStringSubmatch(lines[0])[1], "")
		frames, creator, self := []string{}, "", false
		for i := 1; i+1 < len(lines); i += 2 {
			if strings.HasSuffix(lines[i], "frames elided...") {
				i--
				continue
			}
			at := place.FindStringSubmatch(lines[i+1])[1]
			if m := by.FindStringSubmatch(lines[i]); m != nil {
				creator = m[1] + " " + at
				continue
			}
			name := lines[i]
			if strings.HasSuffix(name, ")") {
				name = name[:strings.LastIndex(name, "(")]
			}
			self = self || name == "main.main"
			frames = append(frames, name+" "+at)
		}
		if len(frames) > shown {
			frames = frames[:shown]
		}
		if !self {
			count[state+"\t"+strings.Join(frames, ";")+"\t"+creator]++
		}
	}
	return lines("trace", count)
}

func profile() []string {
	recs := make([]runtime.StackRecord, 10000)
	n, ok := runtime.GoroutineProfile(recs)
	if !ok {
		panic("too many goroutines")
	}
	count := map[string]int{}
	for _, r := range recs[:n] {
		var frames []string
		self := false
		all := runtime.CallersFrames(r.Stack())
		for {
			f, more := all.Next()
			self = self || f.Function == "main.main"
			if f.Function != "runtime.goexit" && f.Function != "" {
				frames = append(frames, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
			}
			if !more {
				break
			}
		}
		if !self {
			count[strings.Join(frames, ";")]++
		}
	}
	return lines("profile", count)
}

func lines(kind string, count map[string]int) (out []string) {
	for k, n := range count {
		out = append(out, fmt.Sprintf("%s\t%d\t%s", kind, n, k))
	}
	sort.Strings(out)
	return
}
