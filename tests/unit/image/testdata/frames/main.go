// Prints what the runtime itself says of its code, for a reader outside to agree with:
//
//	pc ENTRY PC LINE FUNCTION FILE    the innermost frame at many places of the text
//	stack                             a stack follows, innermost first
//	call PC LINE FUNCTION FILE        a logical frame of it: what runtime.Callers has
//	ready
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"

	"example.org/frames/deep.er"
)

var out = bufio.NewWriter(os.Stdout)

// Every place that is not a multiple of the others' offsets: beginnings, middles, ends.
const stride = 37

func textOf() (lo, hi uintptr) {
	pc, _, _, _ := runtime.Caller(0)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(maps), "\n") {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x", &from, &to); n == 2 && from <= pc && pc < to {
			return from, to
		}
	}
	panic("no mapping of the text")
}

func places() {
	lo, hi := textOf()
	for pc := lo; pc < hi; pc += stride {
		// CallersFrames takes return addresses: one further, but of the same function.
		at, behind := runtime.FuncForPC(pc), runtime.FuncForPC(pc+1)
		if at == nil || behind == nil || at.Entry() != behind.Entry() {
			continue
		}
		f, _ := runtime.CallersFrames([]uintptr{pc + 1}).Next()
		fmt.Fprintf(out, "pc %#x %#x %d %s\t%s\n", f.Entry, pc, f.Line, f.Function, f.File)
	}
}

func stack() int {
	pcs := make([]uintptr, 200)
	pcs = pcs[:runtime.Callers(1, pcs)]
	fmt.Fprintln(out, "stack")
	for _, pc := range pcs {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		fmt.Fprintf(out, "call %#x %d %s\t%s\n", pc, f.Line, f.Function, f.File)
	}
	return len(pcs)
}

type value struct{ n int }

func (v value) method() int { return inlined(v.n) }

type holder struct{ *value }

type methoder interface{ method() int }

func inlined(n int) int { return inlinedTwice(n) + 1 }

func inlinedTwice(n int) int { return stack() + n }

func generic[T any](v T) T {
	stack()
	return v
}

func deferring() {
	defer func() {
		stack()
	}()
	for i := 0; i < 2; i++ {
		defer func(n int) { stack() }(i) // not open-coded: through deferreturn
	}
}

func panicking(m methoder) (err error) {
	defer func() {
		stack()
		err = errors.New(fmt.Sprint(recover()))
	}()
	m.method()
	return nil
}

func main() {
	places()
	(&value{3}).method()
	var m methoder = holder{&value{4}} // a wrapper in which the method is inlined
	m.method()
	f := value{5}.method // a method value's wrapper
	f()
	generic(1)
	generic([]string{"x"})
	deferring()
	panicking((*value)(nil)) // the wrapper panics: it is shown
	panicking(holder{})
	sort.Slice([]int{2, 1}, func(i, j int) bool { return stack() > 0 })
	func() { deeper.Call(func() { stack() }) }()
	done := make(chan int)
	go func() { done <- inlined(1) }()
	<-done
	fmt.Fprintln(out, "ready")
	out.Flush()
	time.Sleep(time.Minute)
}
