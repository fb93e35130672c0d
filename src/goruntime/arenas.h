/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arenas: the 64 MiB parts of the address space that the Go heap has taken.
 *
 * Each has a heapArena, which knows the span of each of its pages. Source: Go
 * src/runtime/mheap.go: mheap.arenas, heapArena, arenaIndex; 1.18 to 1.27.
 */
#ifndef GORUNTIME_ARENAS_H
#define GORUNTIME_ARENAS_H

#include "goruntime/runtime.h"

/*
 * The heap's arenas in address order; returns how many there are, of which at
 * most @max are written. The arenas of GOEXPERIMENT=arenas are among them.
 */
int goarenas_read(const struct goruntime *rt, struct mem *m, struct span64 *out, size_t max,
		  struct err *err) _must_use_;

/* The heapArena of the arena that @addr lies in. -EFAULT: in none. */
int go_heap_arena_of(const struct goruntime *rt, struct mem *m, uint64_t addr, uint64_t *ret,
		     struct err *err) _must_use_;

/* The mspan that the arena's index has for the page at @addr; 0: none. -EFAULT: no arena. */
int go_arena_span_of(const struct goruntime *rt, struct mem *m, uint64_t addr, uint64_t *ret,
		     struct err *err) _must_use_;

/*
 * Whether spans of small objects keep their mark bits in themselves (Green Tea
 * collector: 1.26 on, in 1.25 with GOEXPERIMENT=greenteagc): some page of some
 * arena says so. False where the release has no such thing.
 */
int go_arenas_have_inline_marks(const struct goruntime *rt, struct mem *m, bool *ret,
				struct err *err) _must_use_;

#endif /* GORUNTIME_ARENAS_H */
