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

static double pending(int64_t published, int64_t latest)
{
	return latest == UNKNOWN_I64 ? 0 : fmax(clamped(latest) - clamped(published), 0);
}

/*
 * In use at the end. What was allocated since the profile was published is garbage or not; frees
 * are recorded when garbage is swept, so of it at most what is not freed yet stays.
 */
static double in_use(const struct case_site *s, int64_t published, int64_t latest, double allocated)
{
	double more = clamped(latest) - clamped(published);

	if (latest == UNKNOWN_I64)
		return clamped(published);
	return more > 0 ? clamped(published) + fmin(more, survival(s) * allocated)
			: clamped(latest);
}

double site_bytes(const struct case_site *s)
{
	return in_use(s, s->inuse_bytes, s->latest_inuse_bytes,
		      pending(s->alloc_bytes, s->latest_alloc_bytes));
}

double site_objects(const struct case_site *s)
{
	return in_use(s, s->inuse_objects, s->latest_inuse_objects,
		      pending(s->alloc_objects, s->latest_alloc_objects));
}

/* Not freed yet, be it garbage: what was resident at the end. */
static double unfreed(int64_t published, int64_t latest)
{
	return clamped(latest == UNKNOWN_I64 ? published : latest);
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
	struct place p = {
		.frame = frame_of_program(&s->stack),
		.bytes = site_bytes(s),
		.objects = site_objects(s),
		.grown = site_bytes(s),
	};
	double bytes = unfreed(s->inuse_bytes, s->latest_inuse_bytes);
	double objects = unfreed(s->inuse_objects, s->latest_inuse_objects);

	if (objects > 0 && bytes / objects >= SITE_LARGE) {
		p.large_bytes = p.large_grown = bytes;
		p.large_objects = objects;
	}
	return p;
}

static void join(struct place *into, const struct place *p)
{
	into->bytes += p->bytes;
	into->objects += p->objects;
	into->grown += p->grown;
	into->large_bytes += p->large_bytes;
	into->large_objects += p->large_objects;
	into->large_grown += p->large_grown;
}

static bool claimed(const struct evidence_base *e, size_t site)
{
	for (size_t i = 0; i < e->n_earlier; i++) {
		if (e->earlier[i].answer == ANSWER_YES && e->earlier[i].sites &&
		    e->earlier[i].sites[site])
			return true;
	}
	return false;
}

/* The places of one snapshot, in the order of their frames; @e: without what is claimed. */
static int gather(const struct evidence_base *e, const struct case_snapshot *s, struct arena *a,
		  struct places *r)
{
	size_t n = 0, at = 0;

	r->all = arena_new_array(a, struct place, s->n_sites ? s->n_sites : 1);
	if (!r->all)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_sites; i++) {
		if (s->sites[i].stack.n && !(e && claimed(e, i)))
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

/* The profile to compare with: the last one not after @since, else the first. */
static const struct case_snapshot *earlier(const struct whycase *c, int64_t since)
{
	const struct case_snapshot *found = NULL;

	for (size_t i = 0; i < c->n_snapshots; i++) {
		if (c->snapshots[i].have_sites && (!found || c->snapshots[i].t <= since))
			found = &c->snapshots[i];
	}
	return found;
}

static void compare(struct places *now, const struct places *before)
{
	now->compared = true;
	for (size_t i = 0; i < now->n; i++) {
		struct place *p = &now->all[i];
		const struct place *q =
			bsearch(p, before->all, before->n, sizeof(before->all[0]), by_frame);

		if (!q)
			continue;
		p->grown = fmax(p->bytes - q->bytes, 0);
		p->large_grown = fmax(p->large_bytes - q->large_bytes, 0);
	}
}

int places_of(const struct evidence_base *e, int64_t since, struct arena *a, struct places *ret)
{
	const struct case_snapshot *last = case_last_with_sites(e->c);
	const struct case_snapshot *first = earlier(e->c, since);
	struct places now = { 0 }, before = { 0 };

	*ret = now;
	if (!last)
		return 0;
	if (gather(e, last, a, &now) < 0 || (first != last && gather(NULL, first, a, &before) < 0))
		return -ENOMEM;
	if (first != last)
		compare(&now, &before);
	*ret = now;
	return 0;
}

unsigned places_grown(const struct places *l, const struct place **ret, unsigned max)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct place *p = &l->all[i];
		unsigned at = n < max ? n++ : max;

		for (; at > 0 && p->grown > ret[at - 1]->grown; at--) {
			if (at < max)
				ret[at] = ret[at - 1];
		}
		if (at < max)
			ret[at] = p;
	}
	return n;
}
