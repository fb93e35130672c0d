/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span_header: one runtime.mspan decoded, and whether it makes sense.
 *
 * mspan structs are never returned to the system (fixalloc), so a stale pointer
 * still leads to an mspan; but it may be another span by now, or half of two.
 * Source: Go src/runtime/mheap.go, 1.18 to 1.27.
 */
#ifndef GORUNTIME_SPAN_HEADER_H
#define GORUNTIME_SPAN_HEADER_H

#include "goruntime/runtime.h"
#include "goruntime/size_classes.h"

/* What of the struct is read: from its first byte. */
uint32_t span_header_len(const struct layout *lay);

struct span_header {
	uint64_t start, npages, elemsize, limit, nelems, freeindex;
	uint64_t alloc_bits, gcmark_bits; /* addresses */
	uint64_t specials;		  /* address of the first */
	uint64_t large_type;		  /* 0 before 1.22 and where there is none */
	uint32_t sweepgen;
	uint16_t alloc_count, alloc_count_before_cache;
	uint8_t state, spanclass;
	bool user_arena;
};

void span_header_decode(const struct layout *lay, const uint8_t *p, struct span_header *ret);

static inline unsigned span_size_class(const struct span_header *s)
{
	return s->spanclass >> 1;
}

static inline bool span_is_noscan(const struct span_header *s)
{
	return s->spanclass & 1;
}

static inline uint64_t span_bytes(const struct span_header *s)
{
	return s->npages * GO_PAGE_SIZE;
}

/* A span in use or manual whose numbers agree with each other; any dead span does. */
bool span_header_is_sane(const struct layout *lay, const struct span_header *s);

/* How the span stands to the sweeper at mheap_.sweepgen @h (mheap.go: mspan.sweepgen). */
enum span_sweep {
	SPAN_UNSWEPT,  /* h-2, or h+1 (cached before the sweep began): marks not yet applied */
	SPAN_SWEEPING, /* h-1 */
	SPAN_SWEPT,    /* h, or h+3 (cached) */
	SPAN_TORN,     /* none of these: read while it changed, or a wrong layout */
};

enum span_sweep span_sweep_of(const struct span_header *s, uint32_t h);

#endif /* GORUNTIME_SPAN_HEADER_H */
