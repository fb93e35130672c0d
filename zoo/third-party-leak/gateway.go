// Gateway passes requests on and counts them with a library's counters.
//
// The counters are labelled with the request's identity, and the library keeps
// each combination for ever. With -healthy they are labelled with the route.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"strconv"

	"example.net/telemetry"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 900, "requests a second")
	healthy = flag.Bool("healthy", false, "count by route, not by request")
)

func pass(w http.ResponseWriter, r *http.Request) {
	label := r.Header.Get("X-Request-Id")
	if label == "" || *healthy {
		label = r.URL.Path
	}
	telemetry.Observe("requests", int(r.ContentLength), r.Method, label)
	fmt.Fprintln(w, "passed on")
}

func drive(ctx context.Context, base string) {
	service.Every(ctx, *rate, func(n int) {
		if err := service.GetAs(base+"/pass", "request-"+strconv.Itoa(n)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("/pass", pass)
	mux.HandleFunc("/counters", func(w http.ResponseWriter, r *http.Request) { telemetry.Write(w) })
	service.Run("gateway", mux, drive)
}
