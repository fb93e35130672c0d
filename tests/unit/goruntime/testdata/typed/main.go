// typed writes where the descriptors of some types are and what reflect calls
// them, one "type ADDRESS NAME" a line, keeps a large array of pointers, and
// stays as it is.
package main

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
	"unsafe"
)

type session struct {
	user string
	next *session
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

var large = new([200000]*session)

func main() {
	var out strings.Builder
	for _, v := range []any{
		1, "", true, session{}, &session{}, []session{}, [3]*session{}, map[string]*session{},
		[]byte{}, make(chan *session), func(int, ...string) error { return nil },
		pair[string, *session]{}, []pair[int, []byte]{}, http.Server{}, &http.Request{}, time.Time{},
		struct {
			A int `json:"a,omitempty"`
			B []string
		}{}, new(any), new(error), uintptr(0), unsafe.Pointer(nil), large, *large,
		struct{ first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth map[string][]*session }{},
	} {
		descriptor := *(*uintptr)(unsafe.Pointer(&v))
		fmt.Fprintf(&out, "type\t%x\t%s\n", descriptor, reflect.TypeOf(v))
	}
	// Made at run time: not among the program's own, and nothing that may be named.
	made := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: reflect.TypeOf(large)}})).Elem().Interface()
	fmt.Fprintf(&out, "made\t%x\n", *(*uintptr)(unsafe.Pointer(&made)))
	if err := os.WriteFile(os.Args[1], []byte(out.String()), 0o600); err != nil {
		panic(err)
	}
	large[0] = &session{}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
