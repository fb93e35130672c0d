// Catalogue renders pages of a shop from products that it keeps in memory.
//
// The products stay as they are; pages are garbage once they are sent. After a
// while the service switches to its profile for the day, which lets the heap
// grow far above what is in use before it is collected. With -healthy it stays
// with the default.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"example.org/zoo/internal/service"
)

var (
	size    = flag.Int("size", 60, "MB of products")
	rate    = flag.Float64("rate", 40, "pages a second")
	rows    = flag.Int("rows", 400, "products on a page")
	percent = flag.Int("percent", 400, "GOGC of the day's profile; 0: leave it")
	after   = flag.Duration("after", 12*time.Second, "when the day begins; 0: at the start")
	limit   = flag.Int64("limit", 0, "GOMEMLIMIT of the day's profile in MB; 0: none")
	healthy = flag.Bool("healthy", false, "no profile for the day")
)

type product struct {
	Name, Description string
	Cents             int
}

type shop struct {
	products []*product
}

const productBytes = 1 << 10

func open(mb int) *shop {
	s := &shop{}
	for i := 0; i < mb<<20/productBytes; i++ {
		s.products = append(s.products, &product{
			Name:        fmt.Sprintf("product %d", i),
			Description: strings.Repeat("robust ", (productBytes-100)/7),
			Cents:       i % 10000,
		})
	}
	return s
}

func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	var from int
	fmt.Sscan(r.FormValue("from"), &from)
	from %= len(s.products) - *rows
	var page bytes.Buffer
	page.WriteString("<table>")
	for _, p := range s.products[from : from+*rows] {
		page.WriteString("<tr><td>")
		page.WriteString(p.Name)
		page.WriteString("<td>")
		page.WriteString(p.Description)
		page.WriteString("<td>")
		page.WriteString(strconv.Itoa(p.Cents))
	}
	page.WriteString("</table>")
	w.Write(page.Bytes())
}

func beginDay() {
	time.Sleep(*after)
	if *healthy {
		return
	}
	if *percent != 0 {
		debug.SetGCPercent(*percent)
	}
	if *limit != 0 {
		debug.SetMemoryLimit(*limit << 20)
	}
	log.Printf("the day's profile: GOGC %d", *percent)
}

func drive(ctx context.Context, base string) {
	go beginDay()
	service.Every(ctx, *rate, func(n int) {
		if err := service.Get(fmt.Sprintf("%s/list?from=%d", base, n*37)); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
	})
}

func main() {
	flag.Parse()
	s := open(*size)
	http.HandleFunc("/list", s.list)
	service.Run("catalogue", http.DefaultServeMux, drive)
}
