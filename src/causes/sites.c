/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/sites.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "causes/frames.h"

static double clamped(int64_t v)
{
	return v > 0 ? (double)v : 0;
}

/* Of what a site allocated the share that was still in use when the profile was published. */
static double survival(const struct case_site *s)
{
	double alloc = clamped(s->alloc_bytes);

	return alloc > 0 ? fmin(clamped(s->inuse_bytes) / alloc, 1) : 1;
}

static double with_pending(const struct case_site *s, int64_t published, int64_t latest)
{
	if (latest == UNKNOWN_I64)
		return clamped(published);
	return clamped(published) + survival(s) * (clamped(latest) - clamped(published));
}

double site_bytes(const struct case_site *s)
{
	return fmax(with_pending(s, s->inuse_bytes, s->latest_inuse_bytes), 0);
}

double site_objects(const struct case_site *s)
{
	return fmax(with_pending(s, s->inuse_objects, s->latest_inuse_objects), 0);
}

static double pending(int64_t published, int64_t latest)
{
	return latest == UNKNOWN_I64 ? 0 : fmax(clamped(latest) - clamped(published), 0);
}

double site_pending_bytes(const struct case_site *s)
{
	return pending(s->alloc_bytes, s->latest_alloc_bytes);
}

double site_pending_objects(const struct case_site *s)
{
	return pending(s->alloc_objects, s->latest_alloc_objects);
}

static int compare_names(const char *x, const char *y)
{
	return x == y ? 0 : strcmp(x ? x : "", y ? y : "");
}

static int by_frame(const void *x, const void *y)
{
	const struct case_frame *f = ((const struct place *)x)->frame;
	const struct case_frame *g = ((const struct place *)y)->frame;
	int d = compare_names(f->function, g->function);

	if (d == 0)
		d = compare_names(f->file, g->file);
	return d ? d : (f->line > g->line) - (f->line < g->line);
}

static struct place place_of(const struct case_site *s)
{
	return (struct place){
		.frame = frame_of_program(&s->stack),
		.bytes = site_bytes(s),
		.objects = site_objects(s),
		.grown = site_bytes(s),
		.pending = site_pending_bytes(s),
		.pending_objects = site_pending_objects(s),
		.largest = s,
		.largest_pending = s,
	};
}

static void join(struct place *into, const struct place *p)
{
	if (p->bytes > site_bytes(into->largest))
		into->largest = p->largest;
	if (p->pending > site_pending_bytes(into->largest_pending))
		into->largest_pending = p->largest_pending;
	into->bytes += p->bytes;
	into->objects += p->objects;
	into->grown += p->grown;
	into->pending += p->pending;
	into->pending_objects += p->pending_objects;
}

/* The places of one snapshot, in the order of their frames. */
static int gather(const struct case_snapshot *s, struct arena *a, struct places *r)
{
	size_t n = 0, at = 0;

	r->all = arena_new_array(a, struct place, s->n_sites ? s->n_sites : 1);
	if (!r->all)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_sites; i++) {
		if (s->sites[i].stack.n)
			r->all[n++] = place_of(&s->sites[i]);
	}
	qsort(r->all, n, sizeof(r->all[0]), by_frame);
	for (size_t i = 0; i < n; i++) {
		if (at && by_frame(&r->all[at - 1], &r->all[i]) == 0)
			join(&r->all[at - 1], &r->all[i]);
		else
			r->all[at++] = r->all[i];
	}
	r->n = at;
	return 0;
}

static const struct case_snapshot *first_with_sites(const struct whycase *c)
{
	for (size_t i = 0; i < c->n_snapshots; i++) {
		if (c->snapshots[i].have_sites)
			return &c->snapshots[i];
	}
	return NULL;
}

int places_of(const struct whycase *c, struct arena *a, struct places *ret)
{
	const struct case_snapshot *last = case_last_with_sites(c), *first = first_with_sites(c);
	struct places now = { 0 }, before = { 0 };

	*ret = now;
	if (!last)
		return 0;
	if (gather(last, a, &now) < 0 || (first != last && gather(first, a, &before) < 0))
		return -ENOMEM;
	now.compared = first != last;
	for (size_t i = 0; i < now.n && now.compared; i++) {
		const struct place *p =
			bsearch(&now.all[i], before.all, before.n, sizeof(before.all[0]), by_frame);

		if (p)
			now.all[i].grown = fmax(now.all[i].bytes - p->bytes, 0);
	}
	*ret = now;
	return 0;
}
