// Hog takes memory until it is killed, or does one thing that a recorder has to
// cope with. It says "up" and its PID first.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

var (
	rate   = flag.Float64("rate", 40, "MB a second")
	after  = flag.Duration("after", 300*time.Millisecond, "when it begins")
	most   = flag.Int("most", 1<<20, "MB")
	become = flag.String("become", "", "after a second, exec this program with the rest of the arguments, from a thread that is not the first")
	life   = flag.Duration("for", 30*time.Second, "end after this time")
)

var kept [][]byte

func grow() {
	const step = 256 << 10
	time.Sleep(*after)
	for taken := 0; taken < *most<<20; taken += step {
		b := make([]byte, step)
		for i := range b {
			b[i] = 1
		}
		kept = append(kept, b)
		time.Sleep(time.Duration(float64(time.Second) * step / (*rate * (1 << 20))))
	}
}

func main() {
	runtime.LockOSThread() // the first thread is ours: what follows runs on others
	flag.Parse()
	fmt.Println("up", os.Getpid())
	go func() {
		if *become == "" {
			grow()
			return
		}
		time.Sleep(time.Second)
		fmt.Println(syscall.Exec(*become, append([]string{*become}, flag.Args()...), os.Environ()))
	}()
	time.Sleep(*life)
}
