/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_stacks: the stack of a heap bucket as runtime/pprof writes it.
 *
 * A bucket holds one return address for each logical frame (an inlined call has
 * its own), so each is looked up alone, not expanded; but the last, where the
 * stack was cut at the profiler's depth, stands for the calls it was inlined
 * into too. The allocator's frames on top are hidden, runtime.goexit is left
 * out. Source: Go src/runtime/pprof/{protomem,proto}.go (writeHeapProto,
 * appendLocsForStack), symtab.go (runtime_expandFinalInlineFrame).
 */
#ifndef GORUNTIME_HEAP_STACKS_H
#define GORUNTIME_HEAP_STACKS_H

#include "goruntime/heap_profile.h"

/* Always enough: maxProfStackDepth and what the last may expand to. */
#define HEAP_STACK_MAX (1024 + 128)

struct heap_frame {
	struct image_frame frame;
	uint64_t address; /* of the call (return address - 1), as pprof's locations have it */
	bool joined;	  /* one pprof location with the frame before, which is inlined into it */
};

/* Leaf first; returns how many were written, at most @max; 0 for an empty stack. */
size_t heap_stack(const struct image *img, const struct heap_bucket *b, struct heap_frame *out,
		  size_t max);

/*
 * The four values of a sample in Go's order (alloc_objects, alloc_space,
 * inuse_objects, inuse_space), scaled; @c is b->published or b->latest. Returns
 * the label "bytes" as the process's own release writes it, 0 for none.
 */
int64_t heap_sample(const struct image *img, const struct heap_bucket *b,
		    const struct heap_counts *c, int64_t rate, int64_t ret[4]);

#endif /* GORUNTIME_HEAP_STACKS_H */
