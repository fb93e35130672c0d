// Package service is what the servers of the zoo share: a listener on the
// loopback, a client that drives it, and an orderly end.
package service

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Lifetime bounds every server, so that none is left behind by a test.
var Lifetime = flag.Duration("for", 2*time.Minute, "end in good order after this time")

// Run serves handler on a free port of the loopback, starts drive with the
// base URL, and returns at the end of the lifetime or at SIGTERM.
func Run(name string, handler http.Handler, drive func(ctx context.Context, base string)) {
	log.SetFlags(log.Ltime)
	log.SetPrefix(name + ": ")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *Lifetime)
	defer cancel()
	server := &http.Server{Handler: handler}
	go server.Serve(l)
	base := "http://" + l.Addr().String()
	log.Printf("serving on %s, PID %d", base, os.Getpid())
	go drive(ctx, base)
	<-ctx.Done()
	log.Print("end of service")
}

// Every calls do about rate times a second, one after the other, until ctx is done.
func Every(ctx context.Context, rate float64, do func(n int)) {
	start := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		}
		do(n)
	}
}

var client = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	Timeout:   time.Minute,
}

// Get fetches url and drops the body.
func Get(url string) error {
	resp, err := client.Get(url)
	return drain(resp, err)
}

// GetAs is Get with the request's identity in its header.
func GetAs(url, id string) error {
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Request-Id", id)
	resp, err := client.Do(r)
	return drain(resp, err)
}

// Post sends body to url and drops the answer.
func Post(url string, body io.Reader) error {
	resp, err := client.Post(url, "application/octet-stream", body)
	return drain(resp, err)
}

func drain(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}
