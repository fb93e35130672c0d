/* SPDX-License-Identifier: Apache-2.0 */
/* What the graph needs of the target, taken in one go; bytes that were taken, given again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "goruntime/arenas.h"
#include "heap/arena_bits.h"
#include "heap/copied.h"

#define PIECES 512u
#define HOST_PAGE 4096u /* what a piece that was not had is tried again in */
#define INLINE_MARKS_MIN 16

const uint8_t *heap_take(struct heap_copy *c, struct mem *m, uint64_t addr, uint64_t len)
{
	uint64_t need = (len + 7) & ~UINT64_C(7);
	uint8_t *to = c->slab + c->slab_used;
	struct err err;

	if (need < len || need > c->slab_size - c->slab_used) {
		c->truncated = true;
		return NULL;
	}
	c->slab_used += need;
	c->bytes += len;
	if (mem_read(m, addr, to, len, &err) == 0)
		return to;
	for (uint64_t at = 0; at < len;) {
		uint64_t n = HOST_PAGE - (addr + at) % HOST_PAGE;

		n = n < len - at ? n : len - at;
		if (mem_read(m, addr + at, to + at, n, &err) < 0) {
			memset(to + at, 0, n);
			c->missing_pages++;
		}
		at += n;
	}
	return to;
}

/* Spans are taken many at a time; of one that was not had whole, page by page. */
static int take_batch(struct heap_copy *c, struct mem *m, struct heap_span **v,
		      struct mem_piece *pieces, size_t n, struct err *err)
{
	int r = mem_readv(m, pieces, n, err);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		size_t used = c->slab_used;

		if (pieces[i].ok)
			continue;
		c->slab_used = (size_t)((uint8_t *)pieces[i].dst - c->slab);
		c->bytes -= v[i]->bytes;
		v[i]->mem = heap_take(c, m, v[i]->start, v[i]->bytes);
		c->slab_used = used;
	}
	return r;
}

static int take_spans(struct heap_copy *c, struct mem *m, struct err *err)
{
	struct mem_piece pieces[PIECES];
	struct heap_span *of[PIECES];
	size_t n = 0;
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < c->n_spans; i++) {
		struct heap_span *s = &c->spans[i];

		if (s->pointers == POINTERS_NONE)
			continue;
		if (s->bytes > c->slab_size - c->slab_used) {
			c->truncated = true;
			continue;
		}
		of[n] = s;
		pieces[n++] = (struct mem_piece){ s->start, c->slab + c->slab_used,
						  (size_t)s->bytes, false };
		s->mem = c->slab + c->slab_used;
		c->slab_used += s->bytes;
		c->bytes += s->bytes;
		if (n == PIECES || i + 1 == c->n_spans) {
			r = take_batch(c, m, of, pieces, n, err);
			n = 0;
		}
	}
	return r < 0 || !n ? r : take_batch(c, m, of, pieces, n, err);
}

/* 1.22 on: the bits of small objects lie at the end of their span (mbitmap.go: heapBitsInSpan). */
static void find_span_bits(struct heap_copy *c, bool inline_marks)
{
	for (uint32_t i = 0; i < c->n_spans; i++) {
		struct heap_span *s = &c->spans[i];
		uint64_t end = s->bytes;

		if (s->pointers != POINTERS_BITS || !s->mem)
			continue;
		if (inline_marks && s->bytes == GO_PAGE_SIZE && s->elemsize >= INLINE_MARKS_MIN)
			end -= c->lay->at[L_SIZEOF_INLINE_MARKS];
		s->bits = s->mem + end - s->bytes / 64;
		s->n_bits = s->bytes / 8;
	}
}

static int find_bits(struct heap_copy *c, const struct goruntime *rt, struct mem *m,
		     struct err *err)
{
	bool inline_marks = false;
	int r;

	if (!layout_has(c->lay, L_MSPAN_LARGE_TYPE))
		return heap_arena_bits_read(c, rt, m, err);
	r = go_arenas_have_inline_marks(rt, m, &inline_marks, err);
	if (r >= 0)
		find_span_bits(c, inline_marks);
	return r;
}

/* Room for all spans with pointers, segments and stacks, or what the budget allows of it. */
static int make_slab(struct heap_copy *c, const struct goruntime *rt, struct err *err)
{
	const struct image_module *mod = image_module(rt->img);
	uint64_t want = (mod->data.to - mod->data.from) + (mod->bss.to - mod->bss.from) +
			((uint64_t)64 << 20);
	void *p;

	for (uint32_t i = 0; i < c->n_spans; i++) {
		if (c->spans[i].pointers != POINTERS_NONE)
			want += c->spans[i].bytes;
	}
	want = want < c->max_bytes ? want : c->max_bytes;
	p = mmap(NULL, want + 1, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return err_set(err, -ENOMEM, "no room for %llu bytes of heap",
			       (unsigned long long)want);
	madvise(p, want, MADV_HUGEPAGE);
	c->slab = p;
	c->slab_size = (size_t)want;
	return 0;
}

static int copy_all(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
{
	int r = heap_spans_read(c, rt, m, err);

	if (r >= 0)
		r = make_slab(c, rt, err);
	if (r >= 0) /* first: they are small, and without them nothing is reached */
		r = heap_roots_read(c, rt, m, err);
	if (r >= 0)
		r = take_spans(c, m, err);
	if (r >= 0)
		r = find_bits(c, rt, m, err);
	if (r >= 0)
		r = heap_masks_read(c, m, err);
	return r;
}

int heap_copy(const struct goruntime *rt, struct mem *m, const struct heap_copy_options *opt,
	      struct heap_copy **ret, struct heap_copied *what, struct err *err)
{
	struct heap_copy *c = calloc(1, sizeof(*c));
	int64_t begin = clock_mono();
	struct err why;
	int r;

	if (!c)
		return err_set(err, -ENOMEM, "no memory for a copy of the heap");
	c->lay = rt->lay;
	c->mode = opt->mode;
	c->max_bytes = opt->max_bytes;
	c->marked_bytes = UINT64_MAX;
	if (mem_u64(m, layout_addr(rt->lay, rt->at.gc_controller, L_GCC_HEAP_MARKED),
		    &c->marked_bytes, &why) < 0)
		c->marked_bytes = UINT64_MAX;
	r = copy_all(c, rt, m, err);
	if (r < 0) {
		heap_copy_free(c);
		return r;
	}
	*what = (struct heap_copied){ .bytes = c->bytes,
				      .spans = c->n_spans,
				      .pages_missing = c->missing_pages,
				      .truncated = c->truncated,
				      .wall_ns = clock_mono() - begin };
	*ret = c;
	return 0;
}

void heap_copy_free(struct heap_copy *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; c->chapters && i < c->n_chapters; i++)
		free(c->chapters[i].pages);
	if (c->slab)
		munmap(c->slab, c->slab_size + 1);
	heap_masks_release(c);
	free(c->chapters);
	free(c->spans);
	free(c->allocated);
	free(c->span_of);
	free(c->arena_bits);
	free(c->ranges);
	free(c->data_mask);
	free(c->bss_mask);
	free(c->goroutines);
	free(c->specials);
	free(c);
}

static const struct heap_range *range_at(const struct heap_copy *c, uint64_t addr)
{
	uint32_t lo = 0, hi = c->n_ranges;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->ranges[mid].to <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->n_ranges && c->ranges[lo].from <= addr ? &c->ranges[lo] : NULL;
}

bool heap_peek(const struct heap_copy *c, uint64_t addr, void *dst, size_t len)
{
	const struct heap_span *s = c->n_chapters ? heap_span_at(c, addr) : NULL;
	const struct heap_range *r = s ? NULL : range_at(c, addr);
	uint64_t from = s   ? s->start
			: r ? r->from
			    : 0,
		 size = s   ? s->bytes
			: r ? r->to - r->from
			    : 0;
	const uint8_t *mem = s ? s->mem : r ? r->mem : NULL;

	if (!mem || len > size || addr - from > size - len)
		return false;
	memcpy(dst, mem + (addr - from), len);
	return true;
}
