/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/span_chunk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cur.h"
#include "goruntime/arenas.h"
#include "goruntime/slice.h"

#define TRIES 3

/* spanInlineMarkBits lies at the end of the span's one page. */
#define INLINE_MARKS_MIN 16 /* bytes of a slot: gcUsesSpanInlineMarkBits */

int span_chunk_new(const struct goruntime *rt, struct mem *m, struct span_chunk **ret,
		   struct err *err)
{
	_cleanup_(span_chunk_freep) struct span_chunk *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(err, -ENOMEM, "no memory to read spans into");
	c->rt = rt;
	c->m = m;
	r = gather_new(&c->gather, err);
	if (r >= 0)
		r = go_arenas_have_inline_marks(rt, m, &c->inline_marks, err);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void span_chunk_freep(struct span_chunk **c)
{
	if (*c)
		gather_free((*c)->gather);
	free(*c);
}

static enum span_kind kind_of(const struct layout *lay, const struct span_header *h)
{
	if (!span_header_is_sane(lay, h))
		return SPAN_BAD;
	if (h->state == lay->at[L_MSPAN_DEAD])
		return SPAN_DEAD;
	return h->state == lay->at[L_MSPAN_MANUAL] ? SPAN_MANUAL : SPAN_HEAP;
}

static void take_header(void *arg, uint32_t tag, const uint8_t *p)
{
	struct span_chunk *c = arg;
	struct span_entry *e = &c->v[tag];

	*e = (struct span_entry){ .kind = SPAN_BAD };
	if (!p)
		return;
	span_header_decode(c->rt->lay, p, &e->h);
	e->kind = kind_of(c->rt->lay, &e->h);
}

static int read_headers(struct span_chunk *c, struct err *err)
{
	uint32_t len = span_header_len(c->rt->lay);

	for (size_t i = 0; i < c->n; i++)
		c->wants[i] = (struct gather_want){ c->pointers[i], len, (uint32_t)i };
	return gather_read(c->gather, c->m, c->wants, c->n, take_header, c, err);
}

static uint32_t ones(const uint8_t *p, uint32_t n_bits)
{
	uint32_t sum = 0, at = 0;

	for (; at + 64 <= n_bits; at += 64)
		sum += (uint32_t)__builtin_popcountll(le64(p + at / 8));
	for (; at < n_bits; at += 8) {
		uint32_t left = n_bits - at;
		unsigned byte = p[at / 8];

		sum += (uint32_t)__builtin_popcount(left < 8 ? byte & ((1u << left) - 1) : byte);
	}
	return sum;
}

/* Of two places for the marks of a span that is being swept one is empty. */
static void take_marks(void *arg, uint32_t tag, const uint8_t *p)
{
	struct span_chunk *c = arg;
	struct span_entry *e = &c->v[tag];
	uint32_t marked;

	if (!p)
		return;
	marked = ones(p, (uint32_t)e->h.nelems);
	if (marked > e->h.alloc_count) /* the span changed between the two reads */
		marked = e->h.alloc_count;
	if (!e->marks_known || marked > e->marked)
		e->marked = marked;
	e->marks_known = true;
}

static bool has_inline_marks(const struct span_chunk *c, const struct span_header *h)
{
	return c->inline_marks && h->npages == 1 && h->elemsize >= INLINE_MARKS_MIN &&
	       h->elemsize <= c->rt->lay->at[L_MIN_SIZE_FOR_MALLOC_HEADER];
}

static uint64_t inline_marks_at(const struct layout *lay, const struct span_header *h)
{
	return h->start + span_bytes(h) - lay->at[L_SIZEOF_INLINE_MARKS] +
	       lay->at[L_INLINE_MARKS_MARKS];
}

/* Where the marks of the last collection are now; up to two places. */
static size_t add_wants(const struct span_chunk *c, const struct span_entry *e, uint32_t tag,
			struct gather_want out[2])
{
	uint32_t len = (uint32_t)((e->h.nelems + 7) / 8);
	bool in_span = e->sweep != SPAN_SWEPT && has_inline_marks(c, &e->h);
	size_t n = 0;

	if (in_span && c->skip_inline_marks)
		return 0;

	if (e->sweep != SPAN_SWEPT)
		out[n++] = (struct gather_want){ in_span ? inline_marks_at(c->rt->lay, &e->h)
							 : e->h.gcmark_bits,
						 len, tag };
	if (e->sweep != SPAN_UNSWEPT)
		out[n++] = (struct gather_want){ e->h.alloc_bits, len, tag };
	return n;
}

static int read_marks(struct span_chunk *c, uint32_t sweepgen, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct span_entry *e = &c->v[i];

		if (e->kind != SPAN_HEAP)
			continue;
		e->sweep = span_sweep_of(&e->h, sweepgen);
		if (e->sweep != SPAN_TORN && e->h.nelems <= GATHER_RECORD_MAX * 8)
			n += add_wants(c, e, (uint32_t)i, c->wants + n);
	}
	return gather_read(c->gather, c->m, c->wants, n, take_marks, c, err);
}

/* Returns how many headers and bitmaps could not be read. */
static int read_spans(struct span_chunk *c, uint32_t sweepgen, struct err *err)
{
	int missing = read_headers(c, err), r;

	if (missing < 0)
		return missing;
	r = read_marks(c, sweepgen, err);
	return r < 0 ? r : missing + r;
}

/* allspans may move when it grows, and the old array is then unmapped. */
static int read_pointers(struct span_chunk *c, uint64_t from, struct err *err)
{
	uint64_t at = layout_addr(c->rt->lay, c->rt->at.mheap, L_MHEAP_ALLSPANS);
	struct go_slice all;
	int r = -EFAULT;

	for (int try = 0; try < TRIES && r == -EFAULT; try++) {
		r = try ? mem_refresh(c->m, err) : 0;
		if (r >= 0)
			r = go_slice_read(c->m, at, 8, &all, err);
		if (r >= 0 && (all.len < from || all.len - from < c->n))
			return err_set(err, -EBADMSG, "%s: allspans became shorter", c->m->name);
		if (r >= 0)
			r = mem_read(c->m, all.array + 8 * from, c->pointers, 8 * c->n, err);
	}
	return r;
}

int span_chunk_read(struct span_chunk *c, uint64_t from, size_t n, struct err *err)
{
	uint64_t at = layout_addr(c->rt->lay, c->rt->at.mheap, L_MHEAP_SWEEPGEN);
	uint32_t before = 0, after = 0;
	int r;

	c->n = n;
	r = read_pointers(c, from, err);
	for (int try = 0; r >= 0 && try < TRIES && (!try || before != after); try++) {
		r = mem_u32(c->m, at, &before, err);
		if (r >= 0)
			r = read_spans(c, before, err);
		if (r > 0 && !try) { /* mapped since the mappings were read */
			r = mem_refresh(c->m, err);
			if (r >= 0)
				r = read_spans(c, before, err);
		}
		if (r >= 0)
			r = mem_u32(c->m, at, &after, err);
	}
	return r < 0 ? r : 0;
}
