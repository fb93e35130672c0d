// unprofiled cannot ask for its heap profile, so the linker leaves profiling out.
package main

import "time"

var kept [][]byte

func main() {
	for i := 0; i < 100; i++ {
		kept = append(kept, make([]byte, 1<<20))
	}
	print1("ready\n")
	time.Sleep(time.Hour)
}
