/* SPDX-License-Identifier: Apache-2.0 */
/* The heap's spans as a list and a table by page; objects numbered along it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "goruntime/slice.h"
#include "goruntime/span_chunk.h"
#include "heap/copied.h"

#define SPANS_MAX (UINT64_C(1) << 24)
#define OBJECTS_MAX (UINT32_C(1) << 31)
#define CHAPTER_SHIFT 26
#define CHAPTER_PAGES ((UINT32_C(1) << CHAPTER_SHIFT) / GO_PAGE_SIZE)
#define PAGES_MAX (UINT64_C(1) << 30) /* of one span: 8 TiB */

static enum heap_pointers pointers_of(const struct layout *lay, const struct span_header *h)
{
	if (span_is_noscan(h))
		return POINTERS_NONE;
	if (h->user_arena)
		return POINTERS_ANYWHERE;
	if (!layout_has(lay, L_MSPAN_LARGE_TYPE) || !layout_has(lay, L_MIN_SIZE_FOR_MALLOC_HEADER))
		return POINTERS_BITS;
	if (h->elemsize <= lay->at[L_MIN_SIZE_FOR_MALLOC_HEADER])
		return POINTERS_BITS;
	if (span_size_class(h))
		return POINTERS_HEADER;
	return h->large_type ? POINTERS_TYPE : POINTERS_ANYWHERE;
}

static int add_span(struct heap_copy *c, const struct span_header *h, struct err *err)
{
	if (h->npages > PAGES_MAX || !h->elemsize || !h->nelems || h->nelems > UINT16_MAX)
		return 0;
	if (c->n_spans == c->room_spans) {
		uint32_t room = c->room_spans ? c->room_spans * 2 : 4096;
		struct heap_span *v = reallocarray(c->spans, room, sizeof(*v));

		if (!v)
			return err_set(err, -ENOMEM, "no memory for %u spans", room);
		c->spans = v;
		c->room_spans = room;
	}
	c->spans[c->n_spans++] = (struct heap_span){
		.start = h->start,
		.bytes = span_bytes(h),
		.elemsize = h->elemsize,
		.alloc_bits = h->alloc_bits,
		.specials = h->specials,
		.type = h->large_type,
		.n = (uint32_t)h->nelems,
		.freeindex =
			h->freeindex < h->nelems ? (uint32_t)h->freeindex : (uint32_t)h->nelems,
		.pointers = (uint8_t)pointers_of(c->lay, h),
	};
	return 0;
}

static int list(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
{
	_cleanup_(span_chunk_freep) struct span_chunk *chunk = NULL;
	struct go_slice all;
	int r = go_slice_read(m, layout_addr(c->lay, rt->at.mheap, L_MHEAP_ALLSPANS), 8, &all, err);

	if (r >= 0 && all.len > SPANS_MAX)
		r = err_set(err, -EFBIG, "%s: %llu spans", m->name, (unsigned long long)all.len);
	if (r >= 0)
		r = span_chunk_new(rt, m, &chunk, err);
	if (r >= 0)
		chunk->skip_inline_marks = true;
	for (uint64_t i = 0; r >= 0 && i < all.len; i += SPAN_CHUNK) {
		r = span_chunk_read(chunk, i,
				    all.len - i < SPAN_CHUNK ? (size_t)(all.len - i) : SPAN_CHUNK,
				    err);
		for (size_t k = 0; r >= 0 && k < chunk->n; k++) {
			if (chunk->v[k].kind == SPAN_HEAP)
				r = add_span(c, &chunk->v[k].h, err);
		}
	}
	return r;
}

static int by_start(const void *a, const void *b)
{
	const struct heap_span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* In order and apart (a span that was read while it changed may lie over another). */
static int number(struct heap_copy *c, struct err *err)
{
	uint64_t objects = 0, end = 0;
	uint32_t kept = 0;

	if (c->n_spans)
		qsort(c->spans, c->n_spans, sizeof(*c->spans), by_start);
	for (uint32_t i = 0; i < c->n_spans; i++) {
		struct heap_span *s = &c->spans[i];

		if (s->start < end || s->n > s->bytes / s->elemsize)
			continue;
		if (objects + s->n >= OBJECTS_MAX)
			return err_set(err, -EFBIG, "more than %u objects", OBJECTS_MAX);
		end = s->start + s->bytes;
		s->first = (uint32_t)objects;
		objects += s->n;
		c->spans[kept++] = *s;
	}
	c->n_spans = kept;
	c->n_objects = (uint32_t)objects;
	return 0;
}

static struct heap_chapter *chapter_slot(const struct heap_copy *c, uint64_t key)
{
	uint32_t i = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (c->n_chapters - 1);

	while (c->chapters[i].pages && c->chapters[i].key != key)
		i = (i + 1) & (c->n_chapters - 1);
	return &c->chapters[i];
}

static int make_chapters(struct heap_copy *c, struct err *err)
{
	uint64_t last = UINT64_MAX, n = 0;

	for (uint32_t i = 0; i < c->n_spans; i++) {
		const struct heap_span *s = &c->spans[i];
		uint64_t from = s->start >> CHAPTER_SHIFT;
		uint64_t to = (s->start + s->bytes - 1) >> CHAPTER_SHIFT;

		n += to - from + (from != last);
		last = to;
	}
	if (n > UINT32_C(1) << 20)
		return err_set(err, -EFBIG, "a heap of %llu arenas", (unsigned long long)n);
	c->n_chapters = 16;
	while (c->n_chapters < 2 * n)
		c->n_chapters *= 2;
	c->chapters = calloc(c->n_chapters, sizeof(*c->chapters));
	return c->chapters ? 0 : err_set(err, -ENOMEM, "no memory for a table of arenas");
}

static int enter_pages(struct heap_copy *c, struct err *err)
{
	for (uint32_t i = 0; i < c->n_spans; i++) {
		const struct heap_span *s = &c->spans[i];

		for (uint64_t at = s->start; at < s->start + s->bytes; at += GO_PAGE_SIZE) {
			struct heap_chapter *ch = chapter_slot(c, at >> CHAPTER_SHIFT);

			if (!ch->pages) {
				ch->key = at >> CHAPTER_SHIFT;
				ch->pages = calloc(CHAPTER_PAGES, sizeof(*ch->pages));
			}
			if (!ch->pages)
				return err_set(err, -ENOMEM, "no memory for a table of pages");
			ch->pages[at / GO_PAGE_SIZE % CHAPTER_PAGES] = i + 1;
		}
	}
	return 0;
}

const struct heap_span *heap_span_at(const struct heap_copy *c, uint64_t addr)
{
	const struct heap_chapter *ch = chapter_slot(c, addr >> CHAPTER_SHIFT);
	uint32_t i = ch->pages ? ch->pages[addr / GO_PAGE_SIZE % CHAPTER_PAGES] : 0;

	return i ? &c->spans[i - 1] : NULL;
}

static int make_index(struct heap_copy *c, struct err *err)
{
	uint32_t i = 0;

	c->span_of = calloc(c->n_objects / 64 + 1, sizeof(*c->span_of));
	if (!c->span_of)
		return err_set(err, -ENOMEM, "no memory for %u objects", c->n_objects);
	for (uint32_t o = 0; o < c->n_objects; o += 64) {
		while (i + 1 < c->n_spans && c->spans[i + 1].first <= o)
			i++;
		c->span_of[o / 64] = i;
	}
	return 0;
}

/* mbitmap.go: isFree(): what lies before freeindex is not free, then the bits say. */
static void take_alloc_bits(void *arg, uint32_t tag, const uint8_t *p)
{
	struct heap_copy *c = arg;
	const struct heap_span *s = &c->spans[tag];

	for (uint32_t i = 0; i < s->n; i++) {
		if (i < s->freeindex || (p && p[i / 8] >> (i % 8) & 1))
			heap_set_bit(c->allocated, s->first + i);
	}
}

static int read_alloc_bits(struct heap_copy *c, struct mem *m, struct err *err)
{
	_cleanup_gather_ struct gather *g = NULL;
	_cleanup_(free_ptr) struct gather_want *v = calloc((size_t)c->n_spans + 1, sizeof(*v));
	int r;

	c->allocated = calloc(c->n_objects / 64 + 1, sizeof(*c->allocated));
	if (!v || !c->allocated)
		return err_set(err, -ENOMEM, "no memory for %u objects", c->n_objects);
	for (uint32_t i = 0; i < c->n_spans; i++)
		v[i] = (struct gather_want){ c->spans[i].alloc_bits, (c->spans[i].n + 7) / 8, i };
	r = gather_new(&g, err);
	return r < 0 ? r : gather_read(g, m, v, c->n_spans, take_alloc_bits, c, err);
}

int heap_spans_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
{
	int r = list(c, rt, m, err);

	if (r >= 0)
		r = number(c, err);
	if (r >= 0)
		r = make_chapters(c, err);
	if (r >= 0)
		r = enter_pages(c, err);
	if (r >= 0)
		r = make_index(c, err);
	return r < 0 ? r : read_alloc_bits(c, m, err);
}
