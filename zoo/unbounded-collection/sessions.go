// Sessions keeps who is logged in, for the shop behind it.
//
// Each login makes a session; nobody takes it out again when its user stays
// away. With -healthy a session that was not used for a while is dropped at the
// next login.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"strconv"
	"sync"
	"time"

	"example.org/zoo/internal/service"
)

var (
	rate    = flag.Float64("rate", 600, "logins a second")
	size    = flag.Int("size", 14<<10, "bytes of a session's basket")
	keep    = flag.Int("keep", 500, "sessions that are kept, with -healthy")
	healthy = flag.Bool("healthy", false, "drop the oldest sessions")
)

type session struct {
	user   string
	since  time.Time
	basket []byte
}

type store struct {
	mu     sync.Mutex
	byID   map[string]*session
	recent []string
}

var sessions = &store{byID: make(map[string]*session)}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (s *store) login(user string) string {
	id := newID()
	basket := make([]byte, *size)
	copy(basket, user)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = &session{user: user, since: time.Now(), basket: basket}
	if *healthy {
		s.recent = append(s.recent, id)
		for len(s.recent) > *keep {
			delete(s.byID, s.recent[0])
			s.recent = s.recent[1:]
		}
	}
	return id
}

func login(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, sessions.login(r.FormValue("user")))
}

func basket(w http.ResponseWriter, r *http.Request) {
	sessions.mu.Lock()
	defer sessions.mu.Unlock()
	if s := sessions.byID[r.FormValue("id")]; s != nil {
		fmt.Fprintf(w, "%s since %s: %d bytes\n", s.user, s.since.Format(time.RFC3339), len(s.basket))
	}
}

func drive(ctx context.Context, base string) {
	service.Every(ctx, *rate, func(n int) {
		if err := service.Get(base + "/login?user=u" + strconv.Itoa(n%1000)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("/login", login)
	mux.HandleFunc("/basket", basket)
	service.Run("sessions", mux, drive)
}
