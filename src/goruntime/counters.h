/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: the runtime's own running sums, as they lie in its memory.
 *
 * What stats.h, the checks and the span walk are made from: gcController and
 * memstats, read in one call. Counters are changed one by one by running
 * threads, so two of them may differ by what happened during the read.
 *
 * memstats.heapStats keeps three generations of a heapStatsDelta that only make
 * sense summed (Go src/runtime/mstats.go: consistentHeapStats.unsafeRead).
 */
#ifndef GORUNTIME_COUNTERS_H
#define GORUNTIME_COUNTERS_H

#include "goruntime/runtime.h"
#include "goruntime/size_classes.h"

struct go_counters {
	/* gcController; flushed counts: what the mcaches hold is not in totalAlloc */
	int32_t gogc;
	int64_t memory_limit;
	uint64_t heap_minimum, gc_percent_heap_goal, sweep_dist_min_trigger, triggered;
	uint64_t heap_live, heap_marked;
	uint64_t heap_in_use, heap_released, heap_free;
	uint64_t total_alloc, total_free, mapped_ready;

	uint64_t heap_sys; /* memstats, to 1.18: the three above; later 0 */

	/* memstats.heapStats, the three generations summed */
	uint64_t committed, released, in_heap, in_stacks, in_work_bufs, in_ptr_scalar_bits;
	uint64_t tiny_allocs;
	uint64_t large_alloc, large_allocs, large_free, large_frees; /* bytes, objects */
	uint64_t small_allocs[GO_SIZE_CLASSES], small_frees[GO_SIZE_CLASSES];

	/* the rest of memstats */
	uint64_t stacks_sys, mspan_sys, mcache_sys, buckhash_sys, gc_misc_sys, other_sys;
	uint64_t last_gc_unix, pause_total_ns, last_gc_nanotime;
	uint32_t num_gc, num_forced_gc;
	double gc_cpu_fraction;
	uint8_t enable_gc; /* as found, not 0: on */

	/* mheap */
	uint64_t pages_in_use, spans_inuse_bytes, mcache_inuse_bytes;
	uint32_t sweepgen;

	uint32_t gcphase;
	uint64_t allglen;
};

/*
 * Go 1.18 keeps the heap's counters in memstats, has no memory limit and does not
 * keep totalAlloc, totalFree and mappedReady; they are derived when decoded
 * (memory_limit INT64_MAX, triggered UINT64_MAX), so relations between them say nothing.
 */
static inline bool go_counters_of_18(const struct layout *lay)
{
	return !layout_has(lay, L_GCC_MAPPED_READY);
}

#define COUNTERS_PIECES 9
#define COUNTERS_SAMPLE_PIECES 5

/* Where they are, for one readv; the pieces point into @bytes, so it is not copied. */
struct go_counters_raw {
	uint8_t bytes[6144];
	struct mem_piece pieces[COUNTERS_PIECES];
	size_t n_pieces;
};

/*
 * Prepares the pieces: all of them, or for a sample the first, which leave out
 * enable_gc and what mheap says (0 when decoded). -ENOTSUP if a layout asks for
 * more than any known one.
 */
int go_counters_prepare(const struct goruntime *rt, bool sample, struct go_counters_raw *raw,
			struct err *err) _must_use_;
/* From raw->bytes, however they were filled; what @raw has no piece of is 0. */
void go_counters_decode(const struct goruntime *rt, const struct go_counters_raw *raw,
			struct go_counters *ret);

/* Both, with the read between. -EFAULT where a part cannot be read; else as mem_readv(). */
int go_counters_read(const struct goruntime *rt, struct mem *m, struct go_counters *ret,
		     struct err *err) _must_use_;

/* Sums over the size classes, in bytes and objects; tiny allocations count as objects. */
struct go_heap_totals {
	uint64_t alloc_bytes, free_bytes, allocs, frees;
};
struct go_heap_totals go_counters_totals(const struct go_counters *c);

/* What the runtime keeps beside heap and stacks: spans, caches, buckets, the collector's, other. */
uint64_t go_counters_metadata(const struct go_counters *c);

/* runtime.MemStats.Sys: all that the runtime has of the system, released parts included. */
uint64_t go_counters_mapped(const struct go_counters *c);

#endif /* GORUNTIME_COUNTERS_H */
