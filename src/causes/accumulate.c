/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/accumulate.h"

#include <math.h>

/*
 * Numbers and their reasons (docs/causes/goroutine-leak.md):
 * under ten more, or a quarter more, is ordinary coming and going;
 * growth has levelled off when the last quarter's rate is under a fifth of the whole's;
 * members stay when the oldest has waited for half the time they were watched and for two
 * seconds, and the mean for a fifth of it (of a steady flow it is a half; a lone old one among
 * many that wake says nothing); most of the rise between two looks is a burst;
 * the number follows the load when allocation rose by four fifths of its own rise, and does not
 * when it doubled while allocation rose by no more than a quarter.
 */
#define MORE_MIN 10
#define MORE_SHARE 0.25
#define LATE_SHARE 0.2
#define LATE_FROM 0.75
#define OLD_SHARE 0.5
#define OLD_MIN_NS 8e9 /* above the retries and time-outs of five seconds that are common */
#define MEAN_SHARE 0.2
#define STEP_SHARE 0.5 /* of the rise, beyond the share of the time it took */
#define LOOKS_MIN 3
#define FOLLOWS 0.8
#define SAME_LOAD 1.25

static double apart(int64_t from, int64_t to)
{
	return (double)to - (double)from;
}

static bool more(double first, double last)
{
	return last - first >= MORE_MIN && last >= (1 + MORE_SHARE) * first;
}

/* Growth from the value at the begin, near the end (at time share @at of the whole) and at the end.
 */
static enum growth judge_growth(double first, double late, double last, double at)
{
	double rate = last - first, late_rate = (last - late) / (1 - at);

	if (!more(first, last))
		return GROWTH_NONE;
	return late_rate >= LATE_SHARE * rate ? GROWTH_ENDLESS : GROWTH_LEVELLED;
}

/*
 * The look by which lateness is told: of those in the last quarter's time before
 * the end or earlier the latest, but not the first. -1: there is none.
 */
static int late_look(const struct lineage_look *p, unsigned n)
{
	double span = apart(p[0].t, p[n - 1].t);

	for (unsigned i = n - 1; i-- > 1;) {
		if (apart(p[i].t, p[n - 1].t) >= (1 - LATE_FROM) * span)
			return (int)i;
	}
	for (unsigned i = 1; i + 1 < n; i++) {
		if (apart(p[i].t, p[n - 1].t) >= 0.05 * span)
			return (int)i;
	}
	return -1;
}

/* Did most of them come between two looks that are near to each other? */
static bool came_at_once(const struct lineage_look *p, unsigned n)
{
	double rise = (double)p[n - 1].blocked - (double)p[0].blocked;
	double span = apart(p[0].t, p[n - 1].t);

	for (unsigned i = 1; i < n && rise > 0 && span > 0; i++) {
		double part = ((double)p[i].blocked - (double)p[i - 1].blocked) / rise;

		if (part - apart(p[i - 1].t, p[i].t) / span > STEP_SHARE)
			return true;
	}
	return false;
}

static enum growth growth_in_looks(const struct lineage_look *p, unsigned n)
{
	double span, first, last, peak = 0;
	enum growth g;
	int late;

	if (n < LOOKS_MIN)
		return GROWTH_UNKNOWN;
	first = (double)p[0].blocked;
	last = (double)p[n - 1].blocked;
	span = apart(p[0].t, p[n - 1].t);
	for (unsigned i = 0; i < n; i++)
		peak = fmax(peak, (double)p[i].blocked);
	if (!more(first, last))
		return GROWTH_NONE;
	if (last < 0.9 * peak)
		return GROWTH_LEVELLED; /* it was more: they do end */
	late = late_look(p, n);
	if (late < 0 || !(span > 0))
		return GROWTH_UNKNOWN;
	g = judge_growth(first, (double)p[late].blocked, last,
			 1 - apart(p[late].t, p[n - 1].t) / span);
	return g == GROWTH_ENDLESS && came_at_once(p, n) ? GROWTH_UNKNOWN : g;
}

static bool has_allgs(const struct case_sample *s)
{
	return known(s->allglen);
}

static bool has_alloc(const struct case_sample *s)
{
	return known(s->total_alloc);
}

/* The last sample up to @t that has the value asked for, else the first one that has. */
static const struct case_sample *sample_at(const struct whycase *c, double t,
					   bool (*has)(const struct case_sample *s))
{
	const struct case_sample *best = NULL;

	for (size_t i = 0; i < c->n_samples && (!best || (double)c->samples[i].t <= t); i++) {
		if (has(&c->samples[i]))
			best = &c->samples[i];
	}
	return best;
}

/*
 * allgs never shrinks (a goroutine's descriptor is used again), so its length is
 * the highest number there ever was. It speaks for a lineage that is most of it.
 */
static enum growth growth_in_allgs(const struct whycase *c, double members)
{
	const struct case_sample *first = sample_at(c, -INFINITY, has_allgs),
				 *last = sample_at(c, INFINITY, has_allgs);
	const struct case_sample *late;
	double span, rise;

	if (!first || apart(first->t, last->t) <= 0)
		return GROWTH_UNKNOWN;
	span = apart(first->t, last->t);
	rise = (double)last->allglen - (double)first->allglen;
	late = sample_at(c, (double)first->t + LATE_FROM * span, has_allgs);
	if (late == first || late == last)
		return GROWTH_UNKNOWN;
	if (!more((double)first->allglen, (double)last->allglen))
		return GROWTH_NONE;
	if (members < 0.5 * (double)last->allglen || members < 0.5 * rise)
		return GROWTH_UNKNOWN;
	return judge_growth((double)first->allglen, (double)late->allglen, (double)last->allglen,
			    apart(first->t, late->t) / span);
}

/* Seen at the begin and the end only: waits of all ages between none and the whole are a steady
 * flow in without one out. */
static enum growth growth_by_ages(const struct whycase *c, const struct lineages *l,
				  const struct lineage *x)
{
	const struct lineage_look *p = x->looks, *q = lineage_last(l, x);
	double span = apart(p->t, q->t);

	if (l->n_looks != 2 || c->end.alive || !more((double)p->blocked, (double)q->blocked) ||
	    !x->largest)
		return GROWTH_UNKNOWN;
	if ((double)q->wait_max >= OLD_SHARE * span &&
	    (double)x->largest->wait_min_ns < (1 - LATE_FROM) * span)
		return GROWTH_ENDLESS;
	return GROWTH_UNKNOWN;
}

/* The time over which members could have aged: from the look before the first that has any. */
static enum stay stay_of(const struct lineage_look *p, unsigned n, double record)
{
	int64_t begin = p[0].t;
	double span;

	for (unsigned i = 1; i < n && p[i].blocked == 0; i++)
		begin = p[i].t;
	span = n < 2 || begin == p[n - 1].t ? record : apart(begin, p[n - 1].t);
	if (p[n - 1].wait_max < 0)
		return STAY_UNKNOWN;
	if ((double)p[n - 1].wait_max < OLD_SHARE * span || p[n - 1].wait_mean < MEAN_SHARE * span)
		return STAY_SHORT;
	return (double)p[n - 1].wait_max >= OLD_MIN_NS ? STAY_FOR_EVER : STAY_UNKNOWN;
}

/* Bytes allocated a nanosecond between two times; NAN. */
static double rate(const struct whycase *c, double from, double to)
{
	const struct case_sample *x = sample_at(c, from, has_alloc);
	const struct case_sample *y = sample_at(c, to, has_alloc);

	if (!x || x->t >= y->t)
		return NAN;
	return ((double)y->total_alloc - (double)x->total_alloc) / apart(x->t, y->t);
}

/* Members x time between two times, the number taken as straight between two looks. */
static double area(const struct lineage_look *p, unsigned n, double from, double to)
{
	double sum = 0;

	for (unsigned i = 1; i < n; i++) {
		double t0 = (double)p[i - 1].t, t1 = (double)p[i].t;
		double a = fmax(t0, from), b = fmin(t1, to), v0 = (double)p[i - 1].blocked;
		double slope = t1 > t0 ? ((double)p[i].blocked - v0) / (t1 - t0) : 0;

		if (b > a)
			sum += (b - a) * (v0 + slope * ((a + b) / 2 - t0));
	}
	return sum;
}

/* How the number and the allocation rate of the second half compare with the first's. */
static enum load load_of(const struct whycase *c, const struct lineage_look *p, unsigned n)
{
	double begin = (double)p[0].t, end = (double)p[n - 1].t, half = begin + (end - begin) / 2;
	double members = area(p, n, half, end) / area(p, n, begin, half);
	double load = rate(c, half, end) / rate(c, begin, half);

	if (n < LOOKS_MIN || !isfinite(load) || isnan(members))
		return LOAD_UNKNOWN;
	if (load >= FOLLOWS * members)
		return LOAD_FOLLOWED;
	/* A start-up of some seconds makes what it needs without allocating more and more. */
	return members >= 2 && load <= SAME_LOAD && end - begin >= OLD_MIN_NS ? LOAD_NOT_FOLLOWED
									      : LOAD_UNKNOWN;
}

static double record_ns(const struct whycase *c)
{
	return c->n_samples ? apart(c->samples[0].t, c->samples[c->n_samples - 1].t) : 0;
}

struct accumulation accumulation_of(const struct whycase *c, const struct lineages *l,
				    const struct lineage *x)
{
	const struct lineage_look *p = x->looks, *last = lineage_last(l, x);
	struct accumulation r = {
		.seen = SEEN_IN_SNAPSHOTS,
		.first = l->n_looks > 1 ? p->blocked : 0,
		.last = last->blocked,
		.looks = l->n_looks,
		.wait_max_ns = last->wait_max,
	};

	r.growth = growth_in_looks(p, l->n_looks);
	if (r.growth == GROWTH_UNKNOWN) {
		r.seen = SEEN_IN_ALLGS;
		r.growth = growth_in_allgs(c, (double)last->blocked);
	}
	if (r.growth == GROWTH_UNKNOWN) {
		r.seen = SEEN_TWICE;
		r.growth = growth_by_ages(c, l, x);
	}
	r.stay = stay_of(p, l->n_looks, record_ns(c));
	r.load = load_of(c, p, l->n_looks);
	r.span_ns = whole_i64(l->n_looks > 1 ? apart(p->t, last->t) : record_ns(c));
	return r;
}
