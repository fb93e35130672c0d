// sampled allocates by many ways, writes its own heap profile, and stays as it is.
//
//	sampled FILE gc	     collections before, none after: published is what the last one found
//	sampled FILE nogc    no collection at all: everything is published
//	sampled FILE sites N N call sites, for the time that a reader takes
//	sampled FILE off     MemProfileRate 0
//	sampled -decode      a profile on stdin as lines on stdout: the four values, the
//			     label "bytes" and the frames of each sample that is not all zero
//	sampled -scale	     counts and bytes and what scaleHeapSample makes of them, 20000 lines
//
// Samples of the reporting itself (main.report in their stack) are left out by
// the reader.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

func init() {
	runtime.MemProfileRate = 512
	if len(os.Args) > 2 && os.Args[2] == "off" {
		runtime.MemProfileRate = 0
	}
}

type node struct {
	next *node
	data [48]byte
}

var (
	kept   [][]byte
	list   *node
	table  = map[string][]byte{}
	things []any
)

func main() {
	if os.Args[1] == "-decode" {
		decode()
		return
	}
	if os.Args[1] == "-scale" {
		scaled()
		return
	}
	debug.SetGCPercent(-1)
	switch os.Args[2] {
	case "sites":
		n, _ := strconv.Atoi(os.Args[3])
		runtime.MemProfileRate = 1
		for i := 0; i < n; i++ {
			site(uint(i), 20)
		}
	default:
		allocate()
		drop()
		if os.Args[2] == "gc" {
			runtime.GC()
			runtime.GC()
			allocate() // not published yet
		}
	}
	report(os.Args[1])
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

func allocate() {
	for i := 0; i < 2000; i++ {
		inlinedTwice(100 + i%7*64)
		push()
		table[strconv.Itoa(i%300)] = concat(i)
		things = append(things, boxed[int]{i}.box())
		drops = append(drops, new([300]byte))
	}
	for i := 0; i < 30; i++ {
		big(20000 + i*1000)
		deep(10, 2048)
		deep(29, 2048) // the profiler's depth of old releases ends among these
		deep(30, 2048)
		deep(31, 2048)
		deep(60, 2048)
		deep(126, 2048) // that of newer ones
		deep(127, 2048)
		deep(128, 2048)
		deep(300, 2048)
		things = append(things, makers[i%2].make(3000))
	}
	done := make(chan bool)
	go func() { kept = append(kept, make([]byte, 1<<20)); close(done) }()
	<-done
}

var drops []*[300]byte

func drop() {
	drops = drops[:len(drops)/3]
	things = things[:len(things)/2]
}

func inlinedTwice(n int) { inlinedOnce(n) }

func inlinedOnce(n int) { kept = append(kept, make([]byte, n)) }

//go:noinline
func push() { list = &node{next: list} }

//go:noinline
func concat(i int) []byte { return []byte(strings.Repeat("x", i%500) + strconv.Itoa(i)) }

//go:noinline
func big(n int) { kept = append(kept, make([]byte, n)) }

// Two logical frames for each physical one, so that a stack can be cut between them.
//
//go:noinline
func deep(n, size int) int {
	if n <= 0 {
		kept = append(kept, make([]byte, size))
		return 0
	}
	return deepInlined(n, size)
}

func deepInlined(n, size int) int { return deep(n-1, size) + 1 }

type boxed[T any] struct{ v T }

//go:noinline
func (b boxed[T]) box() any { return &b }

type maker interface{ make(int) any }
type small struct{}
type outer struct{ small }

//go:noinline
func (small) make(n int) any { return make([]byte, n) }

var makers = []maker{small{}, outer{}}

// A call site for each number: the stack differs.
//
//go:noinline
func site(i uint, bits int) {
	if bits == 0 {
		kept = append(kept[:0], make([]byte, 16))
		return
	}
	if i&1 == 0 {
		site(i>>1, bits-1)
		return
	}
	site(i>>1, bits-1)
}

func report(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	if os.Args[2] != "sites" {
		if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
			panic(err)
		}
	}
	f.Close()
}

// What everybody else shows of a generic function's name; only profiles from Go
// 1.21 on hold the shapes.
var typeArgs = regexp.MustCompile(`\[.*\]`)

// runtime/pprof's scaleHeapSample, which is not exported.
func scale(count, size, rate int64) (int64, int64) {
	avg := float64(size) / float64(count)
	scale := 1 / (1 - math.Exp(-avg/float64(rate)))
	return int64(float64(count) * scale), int64(float64(size) * scale)
}

// Large numbers, where the last bit of the exponential shows.
func scaled() {
	var out bytes.Buffer
	x := uint64(88172645463325252)
	for i := 0; i < 20000; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		count := int64(x>>44)<<20 + 1
		size := count * int64(x&0xffff+1)
		rate := int64(1) << (x >> 20 % 24)
		if rate < 2 {
			rate = 524288
		}
		c, b := scale(count, size, rate)
		fmt.Fprintln(&out, count, size, rate, c, b)
	}
	os.Stdout.Write(out.Bytes())
}

func decode() {
	z, err := gzip.NewReader(os.Stdin)
	if err != nil {
		panic(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	var strs []string
	fields(raw, func(f int, v uint64, b []byte) {
		if f == 6 {
			strs = append(strs, string(b))
		}
	})
	name, file, place := map[uint64]string{}, map[uint64]string{}, map[uint64][]string{}
	fields(raw, func(f int, v uint64, b []byte) {
		var id uint64
		if f == 5 {
			fields(b, func(f int, v uint64, b []byte) {
				switch f {
				case 1:
					id = v
				case 2:
					name[id] = typeArgs.ReplaceAllString(strs[v], "[...]")
				case 4:
					file[id] = strs[v]
				}
			})
		}
	})
	fields(raw, func(f int, v uint64, b []byte) {
		var id uint64
		if f == 4 {
			fields(b, func(f int, v uint64, b []byte) {
				var fn, line uint64
				switch f {
				case 1:
					id = v
				case 4:
					fields(b, func(f int, v uint64, b []byte) {
						if f == 1 {
							fn = v
						} else if f == 2 {
							line = v
						}
					})
					place[id] = append(place[id], fmt.Sprintf("%s %s:%d", name[fn], file[fn], line))
				}
			})
		}
	})
	var out bytes.Buffer
	fields(raw, func(f int, v uint64, b []byte) {
		if f != 2 {
			return
		}
		var frames, values []string
		var label uint64
		zero := true
		fields(b, func(f int, v uint64, b []byte) {
			switch f {
			case 1:
				each(b, v, func(v uint64) { frames = append(frames, strings.Join(place[v], ";")) })
			case 2:
				each(b, v, func(v uint64) {
					values = append(values, strconv.FormatInt(int64(v), 10))
					zero = zero && v == 0
				})
			case 3:
				fields(b, func(f int, v uint64, b []byte) {
					if f == 3 {
						label = v
					}
				})
			}
		})
		if !zero {
			fmt.Fprintf(&out, "sample\t%s\t%d\t%s\n", strings.Join(values, " "), label, strings.Join(frames, "|"))
		}
	})
	os.Stdout.Write(out.Bytes())
}

// A packed field, or one that stands alone.
func each(b []byte, v uint64, f func(uint64)) {
	if b == nil {
		f(v)
		return
	}
	for len(b) > 0 {
		v, b = varint(b)
		f(v)
	}
}

func fields(b []byte, f func(field int, v uint64, b []byte)) {
	for len(b) > 0 {
		var tag, v uint64
		tag, b = varint(b)
		v, b = varint(b)
		if tag&7 == 2 {
			f(int(tag>>3), 0, b[:v:v])
			b = b[v:]
		} else {
			f(int(tag>>3), v, nil)
		}
	}
}

func varint(b []byte) (v uint64, rest []byte) {
	for i, c := range b {
		v |= uint64(c&127) << (7 * i)
		if c < 128 {
			return v, b[i+1:]
		}
	}
	panic("cut varint")
}
