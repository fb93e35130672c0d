// Index answers searches from an index that it loads whole at the start.
//
// The index does not grow; each search makes some garbage. Every second the
// heap is collected and given back, because memory is tight. When the busy
// hour comes, index and garbage together need more than there is. With
// -healthy the index is small enough.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"log"
	"net/http"
	_ "net/http/pprof"
	"runtime/debug"
	"strconv"
	"time"

	"example.org/zoo/internal/service"
)

var (
	size    = flag.Int("size", 185, "MB of the index")
	rate    = flag.Float64("rate", 40, "searches a second")
	peak    = flag.Float64("peak", 400, "searches a second in the busy hour")
	after   = flag.Duration("after", 18*time.Second, "when the busy hour begins")
	ramp    = flag.Duration("ramp", 10*time.Second, "how long it takes to the peak")
	tidying = flag.Duration("tidy", time.Second, "how often the heap is given back; 0: never")
	healthy = flag.Bool("healthy", false, "an index of a quarter of the size")
)

type posting struct {
	Document string
	Position int
	Snippet  [64]byte
}

type index struct {
	byTerm map[uint32][]*posting
}

const (
	terms        = 4096
	documents    = 32 << 10
	results      = 100
	postingBytes = 116 // with its string and its place in the list
)

// load fills the index with the collector off: nothing of it is garbage.
func load(mb int) *index {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	x := &index{byTerm: make(map[uint32][]*posting, terms)}
	each := mb << 20 / postingBytes / terms
	for t := uint32(0); t < terms; t++ {
		list := make([]*posting, each)
		for i := range list {
			list[i] = &posting{Document: "doc-" + strconv.Itoa(i*31), Position: i}
			copy(list[i].Snippet[:], "… found in the third paragraph of the page …")
		}
		x.byTerm[t] = list
	}
	return x
}

type hit struct {
	Document, Snippet string
	Score             float64
}

// rank gives every document its score, as far as the list goes.
func rank(list []*posting) []float64 {
	scores := make([]float64, documents)
	for d := range scores {
		scores[d] = 1 / float64(documents+d) // newer documents first
	}
	for i, p := range list {
		scores[p.Position%documents] += 1 / float64(1+i)
	}
	return scores
}

func (x *index) search(w http.ResponseWriter, r *http.Request) {
	h := fnv.New32a()
	h.Write([]byte(r.FormValue("q")))
	list := x.byTerm[h.Sum32()%terms]
	scores := rank(list)
	var hits []hit
	for _, p := range list {
		if len(hits) == results {
			break
		}
		hits = append(hits, hit{p.Document, string(p.Snippet[:]), scores[p.Position%documents]})
	}
	body, err := json.Marshal(hits)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(body)
}

func tidy(ctx context.Context) {
	if *tidying > 0 {
		service.Every(ctx, 1/tidying.Seconds(), func(int) { debug.FreeOSMemory() })
	}
}

// speed is the number of searches a second at a time after the start.
func speed(since time.Duration) float64 {
	part := float64(since-*after) / float64(*ramp)
	if part < 0 {
		part = 0
	} else if part > 1 {
		part = 1
	}
	return *rate + part*(*peak-*rate)
}

func drive(ctx context.Context, base string) {
	go tidy(ctx)
	start := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		time.Sleep(time.Duration(float64(time.Second) / speed(time.Since(start))))
		go func(n int) {
			if err := service.Get(fmt.Sprintf("%s/search?q=word%d", base, n)); err != nil && ctx.Err() == nil {
				log.Print(err)
			}
		}(n)
	}
}

func main() {
	flag.Parse()
	mb := *size
	if *healthy {
		mb /= 4
	}
	x := load(mb)
	http.HandleFunc("/search", x.search)
	service.Run("index", http.DefaultServeMux, drive)
}
