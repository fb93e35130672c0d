/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/static_data.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define REACH 4096 /* from the pointer's end to a field of what it points to */
#define POINTERS_MAX ((size_t)1 << 20)
#define PIECE ((size_t)4096)
#define SEGMENT_MAX ((uint64_t)256 << 20)

static bool has_pointers(const struct image *img, uint64_t addr)
{
	enum image_segment s = image_segment_of(img, addr);

	return s == SEG_DATA || s == SEG_BSS;
}

static int by_to(const void *a, const void *b)
{
	const struct static_pointer *x = a, *y = b;

	return x->to != y->to ? (x->to > y->to) - (x->to < y->to)
			      : (x->from > y->from) - (x->from < y->from);
}

static void take_piece(const struct goruntime *rt, const struct heap_graph *g, uint64_t at,
		       size_t n, struct buf *out)
{
	uint64_t words[PIECE / sizeof(uint64_t)];

	if (!heap_peek(g->copy, at, words, n))
		return;
	for (size_t i = 0; i < n / sizeof(words[0]); i++) {
		struct static_pointer p = { words[i], at + i * sizeof(words[0]) };

		if (has_pointers(rt->img, p.to))
			buf_add(out, &p, sizeof(p));
	}
}

static void take_segment(const struct goruntime *rt, const struct heap_graph *g,
			 const struct span64 *seg, struct buf *out)
{
	uint64_t at = (seg->from + 7) & ~UINT64_C(7);

	if (seg->to < at || seg->to - at > SEGMENT_MAX)
		return;
	while (seg->to - at >= sizeof(uint64_t)) {
		uint64_t left = (seg->to - at) & ~UINT64_C(7), to_page = PIECE - at % PIECE;
		size_t n = (size_t)(left < to_page ? left : to_page);

		take_piece(rt, g, at, n, out);
		at += n;
	}
}

int static_data_find(const struct goruntime *rt, const struct heap_graph *g,
		     struct static_data *ret, struct err *err)
{
	const struct image_module *m = image_module(rt->img);
	struct buf found;

	*ret = (struct static_data){ 0 };
	buf_init(&found, POINTERS_MAX * sizeof(struct static_pointer));
	take_segment(rt, g, &m->data, &found);
	take_segment(rt, g, &m->bss, &found);
	if (found.failed == -ENOMEM) {
		buf_release(&found);
		return err_set(err, -ENOMEM, "no memory for the pointers between variables");
	}
	ret->v = (struct static_pointer *)(void *)TAKE(found.p);
	ret->n = found.n / sizeof(*ret->v);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_to);
	return 0;
}

void static_data_release(struct static_data *d)
{
	free(d->v);
	*d = (struct static_data){ 0 };
}

bool static_data_behind(const struct static_data *d, uint64_t addr, uint64_t above,
			struct static_pointer *ret)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->v[mid].to <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || d->v[lo - 1].to < above || addr - d->v[lo - 1].to >= REACH)
		return false;
	*ret = d->v[lo - 1];
	return true;
}
