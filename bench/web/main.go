// web: a small JSON service under load from itself, for the slow-down by the recorder.
//
// Runs -seconds of closed-loop requests over loopback with -clients connections and prints requests, requests a second
// and its own CPU seconds.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type item struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Tags  []string `json:"tags"`
	Price float64  `json:"price"`
}

func list(w http.ResponseWriter, r *http.Request) {
	items := make([]item, 0, 50)
	for i := 0; i < 50; i++ {
		items = append(items, item{i, fmt.Sprintf("item-%d", i), []string{"a", "b", "c"}, float64(i) * 1.5})
	}
	json.NewEncoder(w).Encode(items)
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func main() {
	seconds := flag.Float64("seconds", 5, "how long")
	clients := flag.Int("clients", 8, "connections")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/items", list)
	go http.Serve(listener, nil)
	url := "http://" + listener.Addr().String() + "/items"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *clients}}
	var done int64
	var group sync.WaitGroup
	begin, cpu := time.Now(), cpuSeconds()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	for i := 0; i < *clients; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(end) {
				response, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				atomic.AddInt64(&done, 1)
			}
		}()
	}
	group.Wait()
	took := time.Since(begin).Seconds()
	fmt.Printf("requests %d per_second %.1f cpu_seconds %.3f\n", done, float64(done)/took, cpuSeconds()-cpu)
}
