/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/spans.h"

#include <errno.h>
#include <string.h>

#include "goruntime/counters.h"
#include "goruntime/large_objects.h"
#include "goruntime/slice.h"
#include "goruntime/span_chunk.h"
#include "goruntime/types.h"

#define SPANS_MAX (1ull << 26) /* half a TiB of the smallest spans */
#define BAD_ALLOWED 64	       /* and a 16th part of all */

struct walk {
	const struct goruntime *rt;
	struct mem *m;
	const struct gospan_visitor *visitor;
	struct span_chunk *chunk;
	struct span_class by_class[GO_SIZE_CLASSES * 2];
	struct large_objects large;
	uint64_t manual_bytes;
	struct gospans sum;
};

static void visit(const struct walk *w, const struct span_entry *e)
{
	const struct span_header *h = &e->h;
	struct gospan s = { .start = h->start, .npages = h->npages };

	if (!w->visitor)
		return;
	s.manual = e->kind == SPAN_MANUAL;
	if (!s.manual) {
		s.size = go_class_to_size[span_size_class(h)];
		s.slots = h->nelems;
		s.objects = h->alloc_count;
		s.marked = e->marked;
		s.noscan = span_is_noscan(h);
		s.unswept = e->sweep == SPAN_UNSWEPT;
		s.marks_known = e->marks_known;
	}
	w->visitor->visit(w->visitor->arg, &s);
}

static void count_large(struct walk *w, const struct span_entry *e)
{
	const struct span_header *h = &e->h;
	struct large_kept k = {
		.object = { .addr = h->start,
			    .size = h->elemsize,
			    .noscan = span_is_noscan(h),
			    .unswept = e->sweep == SPAN_UNSWEPT,
			    .marked = e->marked != 0 },
		.type = h->large_type,
	};

	w->sum.large_count += h->alloc_count;
	w->sum.large_bytes += h->alloc_count * h->elemsize;
	if (h->alloc_count)
		large_objects_add(&w->large, &k);
}

static void count_heap_span(struct walk *w, const struct span_entry *e)
{
	const struct span_header *h = &e->h;
	struct span_class *c = &w->by_class[h->spanclass];

	c->spans++;
	c->bytes += span_bytes(h);
	c->slots += h->nelems;
	c->objects += h->alloc_count;
	c->marked += e->marked;
	c->object_bytes += h->alloc_count * h->elemsize;
	c->marked_bytes += e->marked * h->elemsize;
	if (e->sweep == SPAN_UNSWEPT) {
		c->unswept_spans++;
		if (e->marks_known)
			w->sum.unswept_dead_bytes += (h->alloc_count - e->marked) * h->elemsize;
	}
	w->sum.marks_unknown += !e->marks_known;
	if (!span_size_class(h))
		count_large(w, e);
}

static void count_chunk(struct walk *w)
{
	for (size_t i = 0; i < w->chunk->n; i++) {
		const struct span_entry *e = &w->chunk->v[i];

		if (e->kind == SPAN_BAD)
			w->sum.bad_spans++;
		else if (e->kind == SPAN_MANUAL)
			w->manual_bytes += span_bytes(&e->h);
		else if (e->kind == SPAN_HEAP)
			count_heap_span(w, e);
		if (e->kind == SPAN_MANUAL || e->kind == SPAN_HEAP)
			visit(w, e);
	}
}

static int walk_all(struct walk *w, struct err *err)
{
	struct go_slice all;
	int r = go_slice_read(w->m, layout_addr(w->rt->lay, w->rt->at.mheap, L_MHEAP_ALLSPANS), 8,
			      &all, err);

	if (r >= 0 && all.len > SPANS_MAX)
		r = err_set(err, -EBADMSG, "%s: %llu spans", w->m->name,
			    (unsigned long long)all.len);
	for (uint64_t i = 0; r >= 0 && i < all.len; i += SPAN_CHUNK) {
		size_t n = all.len - i < SPAN_CHUNK ? (size_t)(all.len - i) : SPAN_CHUNK;

		r = span_chunk_read(w->chunk, i, n, err);
		if (r < 0)
			return r;
		count_chunk(w);
		if (w->sum.bad_spans > BAD_ALLOWED + (i + n) / 16)
			return err_set(err, -EBADMSG, "%s: %llu of %llu spans make no sense",
				       w->m->name, (unsigned long long)w->sum.bad_spans,
				       (unsigned long long)(i + n));
	}
	return r;
}

static void sum_classes(struct walk *w)
{
	for (unsigned i = 0; i < GO_SIZE_CLASSES * 2; i++) {
		struct span_class *c = &w->by_class[i];

		if (!c->spans)
			continue;
		c->size = go_class_to_size[i / 2];
		c->noscan = i & 1;
		w->sum.classes[w->sum.n_classes++] = *c;
		w->sum.spans += c->spans;
		w->sum.inuse_bytes += c->bytes;
		w->sum.objects += c->objects;
		w->sum.object_bytes += c->object_bytes;
		w->sum.marked_bytes += c->marked_bytes;
	}
}

/* What the runtime itself says at the end of the walk. */
static int compare(struct walk *w, struct err *err)
{
	struct go_counters c;
	uint64_t not_stacks;
	int r = go_counters_read(w->rt, w->m, &c, err);

	if (r < 0)
		return r;
	not_stacks = c.in_work_bufs + c.in_ptr_scalar_bits;
	w->sum.stack_bytes = w->manual_bytes > not_stacks ? w->manual_bytes - not_stacks : 0;
	w->sum.torn_bytes = (int64_t)(w->sum.inuse_bytes - c.heap_in_use);
	return 0;
}

/* A program has few types of large objects: each is read once. */
static int name_type(struct walk *w, size_t i, struct arena *a, struct err *err)
{
	const struct large_kept *v = w->large.v;
	int r;

	if (!v[i].type)
		return 0;
	for (size_t j = 0; j < i; j++) {
		if (v[j].type == v[i].type) {
			w->sum.large[i].type = w->sum.large[j].type;
			return 0;
		}
	}
	r = gotype_name(w->rt, w->m, v[i].type, a, &w->sum.large[i].type, err);
	return r == -ENOENT || r == -EFAULT ? 0 : r;
}

static int list_large(struct walk *w, struct arena *a, struct err *err)
{
	struct large_objects *l = &w->large;
	int r = 0;

	large_objects_sort(l);
	if (!l->n)
		return 0;
	w->sum.large = arena_new_array(a, struct large_object, l->n);
	if (!w->sum.large)
		return err_set(err, -ENOMEM, "no memory for %zu large objects", l->n);
	for (size_t i = 0; i < l->n; i++)
		w->sum.large[i] = l->v[i].object;
	w->sum.n_large = l->n;
	for (size_t i = 0; r >= 0 && i < l->n; i++)
		r = name_type(w, i, a, err);
	return r;
}

static int read_spans(struct walk *w, bool quickly, size_t max_large, struct arena *a,
		      struct err *err)
{
	_cleanup_(span_chunk_freep) struct span_chunk *chunk = NULL;
	int r = large_objects_init(&w->large, max_large, a, err);

	if (r >= 0)
		r = span_chunk_new(w->rt, w->m, &chunk, err);
	if (r < 0)
		return r;
	chunk->skip_inline_marks = quickly;
	w->chunk = chunk;
	r = walk_all(w, err);
	sum_classes(w);
	if (r >= 0)
		r = compare(w, err);
	return r < 0 ? r : list_large(w, a, err);
}

int gospans_read(const struct goruntime *rt, struct mem *m, size_t max_large,
		 const struct gospan_visitor *visitor, struct arena *a, struct gospans *ret,
		 struct err *err)
{
	struct walk w = { .rt = rt, .m = m, .visitor = visitor };
	int r = read_spans(&w, false, max_large, a, err);

	if (r >= 0)
		*ret = w.sum;
	return r;
}

int gospans_read_quickly(const struct goruntime *rt, struct mem *m, size_t max_large,
			 const struct gospan_visitor *visitor, struct arena *a, struct gospans *ret,
			 struct err *err)
{
	struct walk w = { .rt = rt, .m = m, .visitor = visitor };
	int r = read_spans(&w, true, max_large, a, err);

	if (r >= 0)
		*ret = w.sum;
	return r;
}
