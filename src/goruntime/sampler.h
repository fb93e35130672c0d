/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler: the few numbers of the recorder's series, in one read.
 *
 * The ranges are prepared once; a sample is one process_vm_readv of them and a
 * few dozen additions. Source: Go src/runtime/{mstats,mgcpacer}.go.
 */
#ifndef GORUNTIME_SAMPLER_H
#define GORUNTIME_SAMPLER_H

#include "goruntime/runtime.h"

/* Bytes and counts as in struct gostats. */
struct gosample {
	uint64_t heap_live, heap_marked, heap_goal, heap_inuse, heap_free, heap_released;
	uint64_t stack_inuse, mapped_ready,
		sys_other;		  /* metadata: mspan, mcache, buckets, gc, other */
	uint64_t total_alloc, total_free; /* bytes, without what the mcaches hold */
	uint64_t allglen;
	uint32_t num_gc, gcphase;
	int32_t gogc;
	int64_t memory_limit;
	int64_t last_gc_mono; /* ns; 0 before the first */
};

#define GOSAMPLE_PIECES 8

struct go_counters_raw;

/* @pieces point into @raw; not copied while in use. */
struct gosampler {
	const struct goruntime *rt;
	struct go_counters_raw *raw; /* owned */
	struct mem_piece pieces[GOSAMPLE_PIECES];
	size_t n_pieces;
};

int gosampler_init(struct gosampler *s, const struct goruntime *rt, struct err *err) _must_use_;
void gosampler_release(struct gosampler *s);
/* Fill s->pieces by any read, then decode. */
void gosampler_decode(const struct gosampler *s, struct gosample *ret);

#endif /* GORUNTIME_SAMPLER_H */
