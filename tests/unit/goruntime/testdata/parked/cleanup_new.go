//go:build go1.24

package main

import (
	"runtime"
	"time"
)

// A clean-up function that does not return (from Go 1.25 in a goroutine of its own).
func startCleanup() {
	running := make(chan bool)
	func() {
		h := &held{new(int)}
		runtime.AddCleanup(h, func(int) {
			close(running)
			<-inbox
		}, 1)
	}()
	for i := 0; i < 5; i++ {
		runtime.GC()
		select {
		case <-running:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
