/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span_chunk: some thousand spans at a time, headers and marks.
 *
 * The walk over allspans needs no more memory than one chunk, however many
 * spans there are. A chunk in whose reading the sweep generation changed is
 * read again.
 */
#ifndef GORUNTIME_SPAN_CHUNK_H
#define GORUNTIME_SPAN_CHUNK_H

#include "goruntime/gather.h"
#include "goruntime/runtime.h"
#include "goruntime/span_header.h"

#define SPAN_CHUNK 8192u

enum span_kind { SPAN_BAD, SPAN_DEAD, SPAN_MANUAL, SPAN_HEAP };

struct span_entry {
	struct span_header h;
	enum span_kind kind;
	enum span_sweep sweep;
	bool marks_known;
	uint32_t marked; /* objects that the last mark found live (spans.h) */
};

struct span_chunk {
	const struct goruntime *rt;
	struct mem *m;
	struct gather *gather;	/* owned */
	bool inline_marks;	/* the Green Tea collector is on */
	bool skip_inline_marks; /* the caller's: false at first */
	size_t n;
	struct span_entry v[SPAN_CHUNK];
	struct gather_want wants[SPAN_CHUNK * 2];
	uint64_t pointers[SPAN_CHUNK];
};

int span_chunk_new(const struct goruntime *rt, struct mem *m, struct span_chunk **ret,
		   struct err *err) _must_use_;
void span_chunk_freep(struct span_chunk **c);

/* The spans allspans[from .. from + n), n at most SPAN_CHUNK, into c->v. */
int span_chunk_read(struct span_chunk *c, uint64_t from, size_t n, struct err *err) _must_use_;

#endif /* GORUNTIME_SPAN_CHUNK_H */
