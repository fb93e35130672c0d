// Ledger takes statements of accounts in: one JSON object a line.
//
// A statement is read whole before it is taken apart, which is well as long as
// they are small; then the year's comes. With -healthy it is taken apart line
// by line while it arrives.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof"
	"sync/atomic"
	"time"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 60, "small statements a second")
	small   = flag.Int("small", 100<<10, "bytes of a small statement")
	large   = flag.Int("large", 300<<20, "bytes of the year's statement")
	after   = flag.Duration("after", 12*time.Second, "when the year's statement comes")
	healthy = flag.Bool("healthy", false, "take statements apart while they arrive")
)

type booking struct {
	Account string `json:"account"`
	Cents   int64  `json:"cents"`
	Text    string `json:"text"`
}

type ledger struct {
	cents, bookings int64
}

func (l *ledger) book(b *booking) {
	atomic.AddInt64(&l.cents, b.Cents)
	atomic.AddInt64(&l.bookings, 1)
}

// bookAll takes a statement apart that is at hand.
func (l *ledger) bookAll(statement []byte) error {
	for len(statement) > 0 {
		line := statement
		if end := bytes.IndexByte(statement, '\n'); end >= 0 {
			line, statement = statement[:end], statement[end+1:]
		} else {
			statement = nil
		}
		var b booking
		if err := json.Unmarshal(line, &b); err != nil {
			return err
		}
		l.book(&b)
	}
	return nil
}

// bookFrom takes a statement apart as it arrives.
func (l *ledger) bookFrom(r io.Reader) error {
	d := json.NewDecoder(r)
	for {
		var b booking
		if err := d.Decode(&b); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		l.book(&b)
	}
}

func (l *ledger) statement(w http.ResponseWriter, r *http.Request) {
	var err error
	if *healthy {
		err = l.bookFrom(r.Body)
	} else {
		var whole []byte
		if whole, err = io.ReadAll(r.Body); err == nil {
			err = l.bookAll(whole)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%d bookings by now\n", atomic.LoadInt64(&l.bookings))
}

// lines is a statement of n bytes or a little more, made while it is read.
type lines struct {
	left int
	rest []byte
}

func (s *lines) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.left <= 0 {
			return 0, io.EOF
		}
		s.rest = []byte(`{"account":"4711-0815","cents":1999,"text":"monthly instalment, thank you"}` + "\n")
		s.left -= len(s.rest)
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func drive(ctx context.Context, base string) {
	send := func(n int) {
		if err := service.Post(base+"/statement", &lines{left: n}); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	}
	go func() {
		time.Sleep(*after)
		log.Printf("the year's statement, %d MB", *large>>20)
		send(*large)
	}()
	service.Every(ctx, *rate, func(int) { send(*small) })
}

func main() {
	flag.Parse()
	http.HandleFunc("/statement", new(ledger).statement)
	service.Run("ledger", http.DefaultServeMux, drive)
}
