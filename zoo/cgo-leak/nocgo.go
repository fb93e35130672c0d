//go:build !cgo

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "thumbs: built without cgo, there is nothing to serve")
	os.Exit(2)
}
