//go:build cgo

// Thumbs makes small pictures with a C routine.
//
// The C side hands out a buffer for each picture; one way out of the handler,
// that of the cached answer, forgets to give it back. With -healthy it does not.
package main

/*
#include <stdlib.h>

struct picture {
	int width, height;
	unsigned char *pixels;
};

// A picture that the caller frees.
static struct picture *picture_scale(int width, int height, int seed)
{
	struct picture *p = malloc(sizeof(*p));
	size_t n = (size_t)width * (size_t)height * 4;

	if (!p)
		return NULL;
	p->width = width;
	p->height = height;
	p->pixels = malloc(n);
	if (!p->pixels) {
		free(p);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		p->pixels[i] = (unsigned char)(seed + i);
	return p;
}

static int picture_checksum(const struct picture *p)
{
	int sum = 0;

	for (int i = 0; i < p->width * p->height * 4; i += 64)
		sum = sum * 31 + p->pixels[i];
	return sum;
}

static void picture_free(struct picture *p)
{
	free(p->pixels);
	free(p);
}
*/
import "C"

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 160, "pictures a second")
	width   = flag.Int("width", 160, "pixels across")
	height  = flag.Int("height", 120, "pixels down")
	healthy = flag.Bool("healthy", false, "give every buffer back")
)

type scaler struct {
	seen map[C.int]bool
	lock chan struct{}
}

// known says whether a picture with that sum was sent before, and notes it.
func (s *scaler) known(sum C.int) bool {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	before := s.seen[sum]
	s.seen[sum] = true
	return before
}

func (s *scaler) thumb(w http.ResponseWriter, r *http.Request) {
	var id int
	fmt.Sscan(r.FormValue("id"), &id)
	p := C.picture_scale(C.int(*width), C.int(*height), C.int(id%16))
	if p == nil {
		http.Error(w, "no memory for the picture", http.StatusInternalServerError)
		return
	}
	if *healthy {
		defer C.picture_free(p)
	}
	sum := C.picture_checksum(p)
	if s.known(sum) {
		fmt.Fprintf(w, "%d not changed\n", int(sum))
		return
	}
	fmt.Fprintf(w, "%d x %d, %d\n", int(p.width), int(p.height), int(sum))
	if !*healthy {
		C.picture_free(p)
	}
}

func drive(ctx context.Context, base string) {
	service.Every(ctx, *rate, func(n int) {
		if err := service.Get(fmt.Sprintf("%s/thumb?id=%d", base, n)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	s := &scaler{seen: make(map[C.int]bool), lock: make(chan struct{}, 1)}
	http.HandleFunc("/thumb", s.thumb)
	service.Run("thumbs", http.DefaultServeMux, drive)
}
