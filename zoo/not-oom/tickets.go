// Tickets books seats. A probe beside it, a process of its own, asks for its
// health and kills it when it does not answer.
//
// After a while a booking keeps the lock that the health check needs too, so
// that the probe strikes: exit status 137 with memory in good order. With
// -healthy the lock is given back.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 100, "bookings a second")
	after   = flag.Duration("after", 12*time.Second, "when a booking goes wrong")
	period  = flag.Duration("period", time.Second, "between two looks of the probe")
	strikes = flag.Int("strikes", 3, "failures in a row before the probe kills")
	probe   = flag.String("probe", "", "be the probe of this address")
	pid     = flag.Int("pid", 0, "whom the probe kills")
	healthy = flag.Bool("healthy", false, "no booking goes wrong")
)

type hall struct {
	mu    sync.Mutex
	seats [5000]string
	start time.Time
}

func (h *hall) book(w http.ResponseWriter, r *http.Request) {
	var seat int
	fmt.Sscan(r.FormValue("seat"), &seat)
	name := r.FormValue("name")
	h.mu.Lock()
	h.seats[seat%len(h.seats)] = name
	if !*healthy && time.Since(h.start) > *after {
		return // the lock is kept: nobody else gets on
	}
	h.mu.Unlock()
	fmt.Fprintf(w, "seat %d for %s\n", seat%len(h.seats), name)
}

func (h *hall) health(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(w, "%d seats\n", len(h.seats))
}

// runProbe ends with the server, or ends it.
func runProbe() {
	client := &http.Client{Timeout: *period}
	for failed := 0; os.Getppid() == *pid; time.Sleep(*period) {
		resp, err := client.Get(*probe)
		if err == nil {
			resp.Body.Close()
			failed = 0
			continue
		}
		if failed++; failed == *strikes {
			fmt.Fprintf(os.Stderr, "probe: no answer %d times, PID %d is killed\n", failed, *pid)
			syscall.Kill(*pid, syscall.SIGKILL)
			return
		}
	}
}

func startProbe(base string) {
	cmd := exec.Command("/proc/self/exe", "-probe="+base+"/health", fmt.Sprint("-pid=", os.Getpid()),
		fmt.Sprint("-period=", *period), fmt.Sprint("-strikes=", *strikes))
	cmd.Args[0] = "health-probe"
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	go cmd.Wait()
}

func drive(ctx context.Context, base string) {
	startProbe(base)
	busy := make(chan struct{}, 50)
	service.Every(ctx, *rate, func(n int) {
		select {
		case busy <- struct{}{}:
		default:
			return // the hall does not answer: no more callers
		}
		go func() {
			defer func() { <-busy }()
			service.Get(fmt.Sprintf("%s/book?seat=%d&name=guest%d", base, n, n))
		}()
	})
}

func main() {
	flag.Parse()
	if *probe != "" {
		runProbe()
		return
	}
	h := &hall{start: time.Now()}
	http.HandleFunc("/book", h.book)
	http.HandleFunc("/health", h.health)
	service.Run("tickets", http.DefaultServeMux, drive)
}
