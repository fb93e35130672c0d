// Quotes asks several suppliers for a price and answers with the first offer.
//
// The suppliers that come later find nobody at the other end of the channel
// and wait there for ever, each with the offer it made. With -healthy the
// channel has room for all of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"net/http"
	_ "net/http/pprof"
	"time"

	"example.org/zoo/internal/service"
)

var (
	rate      = flag.Float64("rate", 300, "requests a second")
	suppliers = flag.Int("suppliers", 3, "suppliers asked for each quote")
	document  = flag.Int("document", 16<<10, "bytes of the document that comes with an offer")
	healthy   = flag.Bool("healthy", false, "give the later offers a place to go")
)

type offer struct {
	supplier int
	cents    int64
	terms    []byte // the document that the supplier sent along
}

type desk struct {
	latency time.Duration
}

// ask obtains one supplier's offer and hands it over.
func (d *desk) ask(supplier int, symbol string, offers chan<- offer) {
	time.Sleep(d.latency/2 + time.Duration(rand.Int63n(int64(d.latency))))
	terms := make([]byte, *document)
	for i := range terms {
		terms[i] = symbol[i%len(symbol)]
	}
	offers <- offer{supplier: supplier, cents: 100 + rand.Int63n(900), terms: terms}
}

// best returns the offer that arrives first.
func (d *desk) best(ctx context.Context, symbol string) (offer, error) {
	room := 0
	if *healthy {
		room = *suppliers
	}
	offers := make(chan offer, room)
	for i := 0; i < *suppliers; i++ {
		go d.ask(i, symbol, offers)
	}
	select {
	case o := <-offers:
		return o, nil
	case <-ctx.Done():
		return offer{}, ctx.Err()
	}
}

func (d *desk) quote(w http.ResponseWriter, r *http.Request) {
	symbol := r.FormValue("symbol")
	if symbol == "" {
		http.Error(w, "which symbol?", http.StatusBadRequest)
		return
	}
	o, err := d.best(r.Context(), symbol)
	if err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
		return
	}
	fmt.Fprintf(w, "%s %d.%02d from supplier %d\n", symbol, o.cents/100, o.cents%100, o.supplier)
}

func drive(ctx context.Context, base string) {
	symbols := []string{"ACME", "GLOBEX", "INITECH", "HOOLI"}
	busy := make(chan struct{}, 64)
	service.Every(ctx, *rate, func(n int) {
		busy <- struct{}{}
		go func() {
			defer func() { <-busy }()
			if err := service.Get(base + "/quote?symbol=" + symbols[n%len(symbols)]); err != nil && ctx.Err() == nil {
				log.Print(err)
			}
		}()
	})
}

func main() {
	flag.Parse()
	d := &desk{latency: 20 * time.Millisecond}
	http.HandleFunc("/quote", d.quote)
	service.Run("quotes", http.DefaultServeMux, drive)
}
