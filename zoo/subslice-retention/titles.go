// Titles keeps the title of each document that passes through, for a search box.
//
// A title is a part of the document's text, and so keeps all of it alive. With
// -healthy the title is copied.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof"
	"strconv"
	"sync"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 400, "documents a second")
	size    = flag.Int("size", 22<<10, "bytes of a document")
	healthy = flag.Bool("healthy", false, "copy the title out of the document")
)

type catalogue struct {
	mu     sync.Mutex
	titles map[int][]byte
}

var documents = &catalogue{titles: make(map[int][]byte)}

// titleOf cuts the first line out of a document.
func titleOf(text []byte) []byte {
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		return text[:end]
	}
	return text
}

func (c *catalogue) add(id int, text []byte) {
	title := titleOf(text)
	if *healthy {
		title = append([]byte(nil), title...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.titles[id] = title
}

func upload(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.FormValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, text); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	documents.add(id, text)
	fmt.Fprintln(w, "filed")
}

func search(w http.ResponseWriter, r *http.Request) {
	documents.mu.Lock()
	defer documents.mu.Unlock()
	for id, title := range documents.titles {
		if bytes.Contains(title, []byte(r.FormValue("q"))) {
			fmt.Fprintf(w, "%d %s\n", id, title)
		}
	}
}

func drive(ctx context.Context, base string) {
	body := bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\n"), *size/44+1)[:*size]
	service.Every(ctx, *rate, func(n int) {
		text := append([]byte(fmt.Sprintf("document number %d\n", n)), body...)
		if err := service.Post(base+"/upload?id="+strconv.Itoa(n), bytes.NewReader(text)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("/upload", upload)
	mux.HandleFunc("/search", search)
	service.Run("titles", mux, drive)
}
