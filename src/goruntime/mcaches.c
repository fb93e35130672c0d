/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/mcaches.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cur.h"
#include "goruntime/gather.h"
#include "goruntime/slice.h"
#include "goruntime/span_header.h"

#define PROCS_MAX 65536u
#define SPAN_CLASSES (GO_SIZE_CLASSES * 2)
#define PROCS_AT_ONCE 32

struct walk {
	const struct layout *lay;
	struct gather *gather;
	struct mem *m;
	struct err *err;
	uint64_t mcaches[PROCS_AT_ONCE];
	struct gather_want caches[PROCS_AT_ONCE];
	struct gather_want spans[PROCS_AT_ONCE * SPAN_CLASSES];
	size_t n_spans;
	uint32_t first; /* offset in a span of the first byte that is read */
	struct go_unflushed sum;
};

static void take_mcache_pointer(void *arg, uint32_t tag, const uint8_t *p)
{
	struct walk *w = arg;

	w->mcaches[tag] = p ? le64(p) : 0;
}

/* tinyAllocs lies before alloc in every release; both are read as one. */
static void take_mcache(void *arg, uint32_t tag, const uint8_t *p)
{
	struct walk *w = arg;
	const uint32_t *at = w->lay->at;
	uint32_t alloc = at[L_MCACHE_ALLOC] - at[L_MCACHE_TINY_ALLOCS];
	uint64_t last = 0;

	(void)tag;
	if (!p)
		return;
	w->sum.tiny += le64(p);
	for (unsigned i = 0; i < SPAN_CLASSES; i++) {
		uint64_t span = le64(p + alloc + 8 * i);

		if (span != last) /* most are the one empty span: count 0 */
			w->spans[w->n_spans++] =
				(struct gather_want){ .addr = span + w->first,
						      .len = at[L_MSPAN_ELEMSIZE] + 8 - w->first };
		last = span;
	}
}

/*
 * What a cached span has that the global counts do not. To 1.18 refill counts the
 * whole span as allocated, so it is what is still free, taken off.
 */
static int64_t unflushed_of(const struct walk *w, const uint8_t *p)
{
	const uint32_t *at = w->lay->at;
	int64_t count = le16(p + at[L_MSPAN_ALLOC_COUNT] - w->first);

	if (layout_has(w->lay, L_MSPAN_ALLOC_COUNT_BEFORE_CACHE)) {
		count -= le16(p + at[L_MSPAN_ALLOC_COUNT_BEFORE_CACHE] - w->first);
		return count > 0 ? count : 0;
	}
	count -= le16(p + at[L_MSPAN_NELEMS] - w->first);
	return count < 0 ? count : 0;
}

static void take_span(void *arg, uint32_t tag, const uint8_t *p)
{
	struct walk *w = arg;
	const uint32_t *at = w->lay->at;
	uint64_t size, objects;

	(void)tag;
	if (!p)
		return;
	objects = (uint64_t)unflushed_of(w, p);
	size = le64(p + at[L_MSPAN_ELEMSIZE] - w->first);
	if (size > go_class_to_size[GO_SIZE_CLASSES - 1])
		return;
	w->sum.objects += objects;
	w->sum.bytes += objects * size;
}

/*
 * The caches of @n Ps, whose addresses stand at @procs. Returns how much of them
 * could not be read.
 */
static int read_procs(struct walk *w, const uint8_t *procs, size_t n)
{
	const uint32_t *at = w->lay->at;
	uint32_t len = at[L_MCACHE_ALLOC] + SPAN_CLASSES * 8 - at[L_MCACHE_TINY_ALLOCS];
	size_t k = 0;
	int r, missing;

	for (size_t i = 0; i < n; i++)
		w->caches[i] = (struct gather_want){ le64(procs + 8 * i) + at[L_P_MCACHE], 8,
						     (uint32_t)i };
	r = gather_read(w->gather, w->m, w->caches, n, take_mcache_pointer, w, w->err);
	if (r < 0)
		return r;
	missing = r;
	for (size_t i = 0; i < n; i++)
		if (w->mcaches[i])
			w->caches[k++] =
				(struct gather_want){ w->mcaches[i] + at[L_MCACHE_TINY_ALLOCS], len,
						      0 };
	w->n_spans = 0;
	r = gather_read(w->gather, w->m, w->caches, k, take_mcache, w, w->err);
	if (r < 0)
		return r;
	missing += r;
	r = gather_read(w->gather, w->m, w->spans, w->n_spans, take_span, w, w->err);
	return r < 0 ? r : missing + r;
}

/* All Ps; what was not to be had is in the result. */
static int read_all(struct walk *w, const struct go_slice *allp)
{
	uint8_t procs[PROCS_AT_ONCE * 8];
	int r = 0, missing = 0;

	w->sum = (struct go_unflushed){ .n_procs = allp->len };
	for (uint64_t i = 0; r >= 0 && i < allp->len; i += PROCS_AT_ONCE) {
		size_t n = allp->len - i < PROCS_AT_ONCE ? (size_t)(allp->len - i) : PROCS_AT_ONCE;

		r = mem_read(w->m, allp->array + 8 * i, procs, 8 * n, w->err);
		if (r >= 0)
			r = read_procs(w, procs, n);
		missing += r > 0 ? r : 0;
	}
	return r < 0 ? r : missing;
}

int go_mcaches_read(const struct goruntime *rt, struct mem *m, struct go_unflushed *ret,
		    struct err *err)
{
	_cleanup_gather_ struct gather *gather = NULL;
	_cleanup_(free_ptr) struct walk *w = calloc(1, sizeof(*w));
	struct go_slice allp;
	int r = go_slice_read(m, rt->at.allp, 8, &allp, err);

	if (r >= 0 && allp.len > PROCS_MAX)
		r = err_set(err, -EBADMSG, "%s: %llu Ps", m->name, (unsigned long long)allp.len);
	if (r >= 0 && !w)
		r = err_set(err, -ENOMEM, "no memory to read the mcaches");
	if (r >= 0)
		r = gather_new(&gather, err);
	if (r < 0)
		return r;
	*w = (struct walk){ .lay = rt->lay, .gather = gather, .m = m, .err = err };
	w->first = layout_has(rt->lay, L_MSPAN_ALLOC_COUNT_BEFORE_CACHE)
			   ? rt->lay->at[L_MSPAN_ALLOC_COUNT]
			   : rt->lay->at[L_MSPAN_NELEMS];
	r = read_all(w, &allp);
	if (r > 0) { /* mapped since the mappings were read */
		r = mem_refresh(m, err);
		if (r >= 0)
			r = read_all(w, &allp);
	}
	if (r > 0)
		r = err_set(err, -EFAULT, "%s: %d parts of the mcaches cannot be read", m->name, r);
	if (r >= 0)
		*ret = w->sum;
	return r;
}
