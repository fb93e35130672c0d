// Orders keeps the open orders of the day; its size does not change.
//
// Beside it, in the same container, a nightly batch runs that is a program of
// its own and takes more and more memory, outside of any Go heap. The server is
// the one that gives way (oom_score_adj, as Kubernetes sets it). With -healthy
// the batch is modest.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.org/zoo/internal/service"
)

var (
	size    = flag.Int("size", 50, "MB of orders")
	rate    = flag.Float64("rate", 100, "requests a second")
	grow    = flag.Int("grow", 10, "MB that the batch takes a second")
	most    = flag.Int("most", 512, "MB at which the batch stops to grow")
	after   = flag.Duration("after", 8*time.Second, "when the batch begins")
	adj     = flag.Int("adj", 500, "oom_score_adj of the server")
	batch   = flag.Bool("batch", false, "be the batch")
	healthy = flag.Bool("healthy", false, "a batch of 20 MB")
)

type order struct {
	number int
	lines  string
}

type book struct {
	mu     sync.RWMutex
	orders []*order
}

const orderBytes = 2 << 10

func newOrder(number int) *order {
	return &order{number: number, lines: strings.Repeat("1 x 4711; ", orderBytes/10)}
}

func openBook(mb int) *book {
	b := &book{}
	for i := 0; i < mb<<20/orderBytes; i++ {
		b.orders = append(b.orders, newOrder(i))
	}
	return b
}

// replace puts a new order in the place of the one that was delivered.
func (b *book) replace(w http.ResponseWriter, r *http.Request) {
	var n int
	fmt.Sscan(r.FormValue("n"), &n)
	o := newOrder(n)
	b.mu.Lock()
	b.orders[n%len(b.orders)] = o
	b.mu.Unlock()
	fmt.Fprintf(w, "order %d, %d bytes\n", o.number, len(o.lines))
}

// runBatch takes memory straight from the kernel, step by step, until it has
// enough or its parent is gone.
func runBatch() {
	go func() {
		io.Copy(io.Discard, os.Stdin) // ends with the parent
		os.Exit(0)
	}()
	step := *grow << 20 / 10
	for taken := 0; taken < *most<<20; taken += step {
		m, err := syscall.Mmap(-1, 0, step, syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			fmt.Fprintln(os.Stderr, "batch:", err)
			break
		}
		for i := 0; i < len(m); i += 4096 {
			m[i] = 1
		}
		time.Sleep(100 * time.Millisecond)
	}
	select {}
}

func startBatch() error {
	cmd := exec.Command("/proc/self/exe", "-batch", fmt.Sprint("-grow=", *grow), fmt.Sprint("-most=", *most))
	cmd.Args[0] = "nightly-batch"
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // stays open as long as we live
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	log.Printf("nightly batch, PID %d", cmd.Process.Pid)
	go func() { log.Print("nightly batch: ", cmd.Wait()) }()
	return nil
}

func giveWay() {
	text := []byte(fmt.Sprint(*adj))
	if err := os.WriteFile("/proc/self/oom_score_adj", text, 0o644); err != nil {
		log.Print(err)
	}
}

func drive(ctx context.Context, base string) {
	go func() {
		time.Sleep(*after)
		if err := startBatch(); err != nil {
			log.Print(err)
		}
		giveWay() // after the start: the batch keeps its own
	}()
	service.Every(ctx, *rate, func(n int) {
		if err := service.Get(fmt.Sprintf("%s/replace?n=%d", base, n)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	if *batch {
		runBatch()
		return
	}
	if *healthy {
		*most = 20
	}
	b := openBook(*size)
	http.HandleFunc("/replace", b.replace)
	service.Run("orders", http.DefaultServeMux, drive)
}
