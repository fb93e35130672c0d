//go:build told_shared

package main

import "C"

//export told_serve
func told_serve() { serve() }
