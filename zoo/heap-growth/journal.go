// Journal keeps what users did, for the page that shows it to them.
//
// Entries of all users are kept for ever. With -healthy each user has the last
// few. Nothing here imports runtime/pprof, so that the linker leaves the heap
// profiler out, as in many small services.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 500, "entries a second")
	size    = flag.Int("size", 16<<10, "bytes of an entry")
	users   = flag.Int("users", 200, "users that are active")
	keep    = flag.Int("keep", 5, "entries of each user that are kept, with -healthy")
	healthy = flag.Bool("healthy", false, "keep the last entries only")
)

type entry struct {
	at     time.Time
	detail []byte
}

type journal struct {
	mu     sync.Mutex
	byUser map[string][]*entry
}

func (j *journal) add(user string, detail []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := append(j.byUser[user], &entry{at: time.Now(), detail: detail})
	if *healthy && len(kept) > *keep {
		kept = append([]*entry(nil), kept[len(kept)-*keep:]...)
	}
	j.byUser[user] = kept
}

func (j *journal) post(w http.ResponseWriter, r *http.Request) {
	detail, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	j.add(r.FormValue("user"), append([]byte(nil), detail...))
	fmt.Fprintln(w, "noted")
}

func (j *journal) show(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.byUser[r.FormValue("user")] {
		fmt.Fprintf(w, "%s %d bytes\n", e.at.Format(time.RFC3339), len(e.detail))
	}
}

func drive(ctx context.Context, base string) {
	detail := bytes.Repeat([]byte("changed the delivery address; "), *size/30+1)[:*size]
	service.Every(ctx, *rate, func(n int) {
		user := strconv.Itoa(n % *users)
		if err := service.Post(base+"/note?user="+user, bytes.NewReader(detail)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	j := &journal{byUser: make(map[string][]*entry)}
	mux := http.NewServeMux()
	mux.HandleFunc("/note", j.post)
	mux.HandleFunc("/journal", j.show)
	service.Run("journal", mux, drive)
}
