/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/retained.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "causes/frames.h"
#include "causes/sites.h"

#define POINTS_MAX 512 /* of a trend; case/pattern.h */
#define POINTS_MIN 5
#define OBJECTS_EACH 0.5 /* fewer: not one for each, but shared or scaled from a few samples */
#define ESTIMATE_MIN 100 /* of fewer goroutines the slope is chance */
#define SHARED_SHARE                                                                               \
	0.5		   /* of what the sites say: less is retained alone, so others keep it too \
			    */
#define ESTIMATE_FITS 0.35 /* off the whole rise by no more than this */

/* All goroutines that began with the same function: its sites are theirs in common. */
static double relatives(const struct lineages *l, const struct lineage *x)
{
	double n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (x->start && l->all[i].start && strcmp(x->start, l->all[i].start) == 0)
			n += (double)lineage_last(l, &l->all[i])->count;
	}
	return fmax(n, 1);
}

static bool has_program_frame(const struct case_stack *s)
{
	return s->n && !frame_is_std(frame_of_program(s));
}

/* The frame deepest from the root in which @s and the goroutine's calls are still the same. */
static const struct case_frame *in_common(const struct case_stack *s, const struct case_stack *g)
{
	const struct case_frame *last = NULL;

	for (uint32_t i = 1; i <= s->n && i <= g->n; i++) {
		const struct case_frame *f = s->frames[s->n - i], *h = g->frames[g->n - i];

		if (!f->function || !h->function || strcmp(f->function, h->function) != 0)
			break;
		last = f;
	}
	return last;
}

/* Made by such a goroutine itself, in a call that has not returned to the library. */
static bool own_site(const struct case_site *s, const struct lineage *x)
{
	const struct case_frame *common;

	if (!stack_has(&s->stack, x->start))
		return false;
	if (!has_program_frame(&s->stack))
		return true;
	common = x->largest ? in_common(&s->stack, &x->largest->stack) : NULL;
	/* A stack cut short on either side begins elsewhere: the start function stands for it. */
	return common ? !frame_is_std(common)
		      : !frame_is_std(&(struct case_frame){ .function = x->start });
}

static bool creator_site(const struct case_site *s, const struct lineage *x)
{
	return !frame_is_std(x->created_by) && stack_has(&s->stack, x->created_by->function);
}

/* How many of the bytes of @s are the lineage's; 0 if it is no site of theirs. */
static double part_of(const struct case_site *s, const struct lineage *x, double members,
		      double grown, double all)
{
	bool own = own_site(s, x);
	double sharers = own ? fmax(all, members) : members;

	if (!own && !creator_site(s, x))
		return 0;
	if (sharers < 1 || site_objects(s) < OBJECTS_EACH * sharers)
		return 0;
	return site_bytes(s) * fmin(grown / sharers, 1);
}

/* The descriptors of all goroutines (struct g) are made here, on the system stack. */
static bool descriptors(const struct case_site *s)
{
	return !has_program_frame(&s->stack) && stack_has(&s->stack, "runtime.malg");
}

static void by_sites(const struct whycase *c, const struct case_snapshot *p,
		     const struct lineages *l, const struct lineage *x, double grown, bool *claimed,
		     struct retained *r)
{
	double members = (double)lineage_last(l, x)->count, all = relatives(l, x);
	double every = fmax((double)case_last_with_goroutines(c)->goroutines, fmax(grown, 1));
	double sum = 0, largest = 0;

	for (size_t i = 0; i < p->n_sites; i++) {
		bool shared = descriptors(&p->sites[i]);
		double part = shared ? site_bytes(&p->sites[i]) * grown / every
				     : part_of(&p->sites[i], x, members, grown, all);

		if (claimed && part > 0 && !shared)
			claimed[i] = true;
		sum += part;
		if (part > largest) {
			largest = part;
			r->site = &p->sites[i];
		}
	}
	r->heap = whole_u64(sum);
	r->by = RETAINED_BY_SITES;
}

/* allgs at time @t or before, from sample *@at on; UNKNOWN_U64. */
static uint64_t allgs_at(const struct whycase *c, int64_t t, size_t *at)
{
	uint64_t n = UNKNOWN_U64;

	while (*at + 1 < c->n_samples && c->samples[*at + 1].t <= t)
		++*at;
	for (size_t i = *at + 1; i > 0 && !known(n); i--)
		n = c->samples[i - 1].allglen;
	return n;
}

/* Points (goroutines, live heap), the former as if seconds: the slope is bytes a goroutine. */
static struct trend heap_over_goroutines(const struct whycase *c)
{
	struct point p[POINTS_MAX];
	size_t n = 0, at = 0, step = c->n_cycles / POINTS_MAX + 1;

	for (size_t i = 0; c->n_samples && i < c->n_cycles && n < POINTS_MAX; i += step) {
		uint64_t count = allgs_at(c, c->cycles[i].t, &at);

		if (!known(count) || count > INT64_MAX / NS_PER_S ||
		    !known(c->cycles[i].heap_marked))
			continue;
		p[n++] = (struct point){ .t = (int64_t)count * NS_PER_S,
					 .v = (double)c->cycles[i].heap_marked };
	}
	if (n >= POINTS_MIN)
		return trend_of(p, n);
	/* Few cycles (a heap that doubles): the live heap with its garbage, at each sample. */
	step = c->n_samples / POINTS_MAX + 1;
	for (size_t i = n = 0; i < c->n_samples && n < POINTS_MAX; i += step) {
		const struct case_sample *s = &c->samples[i];

		if (known(s->allglen) && s->allglen <= INT64_MAX / NS_PER_S && known(s->heap_live))
			p[n++] = (struct point){ .t = (int64_t)s->allglen * NS_PER_S,
						 .v = (double)s->heap_live };
	}
	return trend_of(p, n);
}

static void by_estimate(const struct whycase *c, double grown, struct retained *r)
{
	struct trend t = heap_over_goroutines(c);

	if (grown < ESTIMATE_MIN || !t.known || !t.rising)
		return;
	/* The slope times the goroutines must give the heap's rise, or they do not go together. */
	if (fabs(t.rise - (t.last - t.first)) > ESTIMATE_FITS * fabs(t.last - t.first))
		return;
	r->by = RETAINED_BY_ESTIMATE;
	r->each = t.slope;
	r->heap = whole_u64(t.slope * grown);
}

struct retained retained_of(const struct whycase *c, const struct lineages *l,
			    const struct lineage *x, uint64_t grown, bool *claimed)
{
	const struct case_snapshot *p = case_last_with_sites(c);
	const struct lineage_look *last = lineage_last(l, x);
	struct retained r = { 0 };

	if (last->blocked)
		r.stacks = whole_u64((double)last->stack_bytes * (double)grown /
				     (double)last->blocked);
	if (p)
		by_sites(c, p, l, x, (double)grown, claimed, &r);
	else
		by_estimate(c, (double)grown, &r);
	return r;
}

void retained_in_graph(const struct proof *p, double grown, struct retained *r)
{
	double heap = p->graph ? p->retained * fmin(grown / fmax(p->goroutines, 1), 1) : 0;

	if (!p->graph || (r->by == RETAINED_BY_SITES && heap < SHARED_SHARE * (double)r->heap))
		return;
	r->by = RETAINED_BY_GRAPH;
	r->heap = whole_u64(heap);
}
