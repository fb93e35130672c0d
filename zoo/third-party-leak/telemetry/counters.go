// Package telemetry stands for a library of others: counters by label.
package telemetry

import (
	"fmt"
	"io"
	"sort"
	"sync"
)

// A series is one counter with its labels; buckets are of its histogram.
type series struct {
	labels  string
	count   uint64
	buckets [1024]uint64
}

var registry = struct {
	mu       sync.Mutex
	byLabels map[string]*series
}{byLabels: make(map[string]*series)}

// Observe counts one event. Each combination of labels is kept for ever.
func Observe(name string, value int, labels ...string) {
	key := fmt.Sprint(name, labels)
	registry.mu.Lock()
	defer registry.mu.Unlock()
	s := registry.byLabels[key]
	if s == nil {
		s = newSeries(key)
		registry.byLabels[key] = s
	}
	s.count++
	s.buckets[value&1023]++
}

//go:noinline
func newSeries(labels string) *series {
	return &series{labels: labels}
}

// Write lists the counters.
func Write(w io.Writer) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	keys := make([]string, 0, len(registry.byLabels))
	for key := range registry.byLabels {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		fmt.Fprintln(w, key, registry.byLabels[key].count)
	}
}
