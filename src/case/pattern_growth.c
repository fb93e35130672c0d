/* SPDX-License-Identifier: Apache-2.0 */
#include "case/pattern_growth.h"

#include <math.h>

/* What each number stands for: docs/patterns.md. */
#define RISE_LARGE 0.25
#define SURE_SLOPE 0.33
#define SURE_SLOPE_SMALL 0.6
#define SPREAD 0.15
#define LATE_GROWTH 1.3
#define CLIMBS 0.40
#define LOAD_RISE 0.2
#define LOAD_EXCESS 1.5

static double span_of(const struct facts *f)
{
	return (double)f->end - (double)f->begin;
}

/* The lowest charge about @share of the way through the record. */
double growth_charge_at(const struct facts *f, double share)
{
	double v = (double)NAN;

	for (size_t i = 0; i < f->charge.n; i++) {
		double at = (double)f->charge.p[i].t - (double)f->begin;

		if (isnan(v) || at <= share * span_of(f))
			v = f->charge.p[i].v;
	}
	return v;
}

/*
 * Which part of the charge's climb since the first tenth of the record fell into its second half:
 * of a steady one five ninths; NAN where too little was sampled to say.
 */
double growth_late_part(const struct facts *f)
{
	double last =
		f->sudden ? growth_charge_at(f, 1) : fmax(f->end_demand, growth_charge_at(f, 1));
	double all = last - growth_charge_at(f, 0.1);

	return f->charge.n >= FLOORS_MANY && all > 0 ? (last - growth_charge_at(f, 0.5)) / all
						     : (double)NAN;
}

/*
 * A last tooth of garbage, a start-up or a late burst have few floors as a leak has that doubles
 * the heap. Of a leak the charge climbs through the record.
 */
static bool charge_climbs(const struct facts *f)
{
	double part = growth_late_part(f);

	return isnan(part) || (part >= CLIMBS && part <= CLIMBS_LATE);
}

/* The floors tell of the record, not only of its first moments. */
bool growth_is_spread(const struct facts *f)
{
	const struct series *y = &f->floors.floor;

	return y->n > f->floor_course.from && f->late_floors >= LATE_FLOORS &&
	       (double)y->p[y->n - 1].t - (double)y->p[f->floor_course.from].t >=
		       SPREAD * span_of(f);
}

bool growth_rises(const struct facts *f)
{
	return f->floor_course.kind == COURSE_RISING && growth_is_spread(f) &&
	       (f->late_floors >= FLOORS_MIN ||
		(f->late_growth >= LATE_GROWTH && charge_climbs(f)));
}

/* What the rise of the floor let the charge rise by: the collector lets garbage grow with it. */
static double growth_of_peak(const struct facts *f)
{
	double live = f->last_marked - f->healthy_marked, other = 0;

	if (f->floors.with_non_heap)
		other = f->last_non_heap - f->healthy_non_heap;
	return isfinite(f->growth) ? live * (1 + f->growth) + other : live + other;
}

/* GOMEMLIMIT, not GOGC, holds the heap: then live memory itself must have met the limit. */
static bool memory_limit_holds(const struct facts *f)
{
	return f->last_marked * (1 + f->growth) > f->memory_limit;
}

double growth_share_of(double part, double from, double to)
{
	return to > from ? part / (to - from) : 0;
}

/* Which part of the way from the healthy state to the end the rising floor accounts for. */
double growth_share(const struct facts *f)
{
	double live =
		growth_share_of(f->last_floor - f->healthy_floor, f->healthy_floor, f->end_demand);
	double from =
		facts_peak(f, f->healthy_marked, f->floors.with_non_heap ? f->healthy_non_heap : 0);

	if (!isfinite(f->growth) || memory_limit_holds(f))
		return live;
	return fmax(live, growth_share_of(growth_of_peak(f), from, f->end_demand));
}

/*
 * The slope's interval is narrow: a level that strays by chance, up to the moment it meets the
 * limit, hardly shows that. A rise that is large in itself need be less growth_is_sure.
 */
bool growth_is_sure(const struct facts *f, const struct course *y, double rise)
{
	double want = rise >= RISE_LARGE * f->scale ? SURE_SLOPE : SURE_SLOPE_SMALL;

	return y->doubles || y->trend.slope_low >= want * y->trend.slope;
}

bool growth_explains(const struct facts *f)
{
	double rise = growth_of_peak(f);

	return growth_rises(f) && rise >= RISE_OF_SCALE * f->scale && growth_share(f) >= EXPLAINS &&
	       growth_is_sure(f, &f->floor_course, rise);
}

static double third(const struct series *s, size_t from, size_t which)
{
	size_t n = 0, part = (s->n - from) / 3;
	double v[SERIES_MAX];

	for (size_t i = from + which * part; i < from + (which + 1) * part; i++) {
		if (isfinite(s->p[i].v))
			v[n++] = s->p[i].v;
	}
	return median_of(v, n);
}

/*
 * Live memory that grows as the load grows is no leak: both rise, and the heap by no more than half
 * again the load's share. Few floors (a heap that doubles) are not asked, nor is a rise that is
 * not the heap's.
 */
bool growth_follows_load(const struct facts *f)
{
	size_t from = f->floor_course.from, n = 0;
	double load, heap;
	struct series s;
	struct trend t;

	if (f->floors.floor.n - from < FLOORS_MANY ||
	    f->last_marked - f->healthy_marked < (f->last_floor - f->healthy_floor) / 2)
		return false;
	for (size_t i = from; i < f->floors.load.n; i++) {
		if (isfinite(f->floors.load.p[i].v))
			s.p[n++] = f->floors.load.p[i];
	}
	if (n < FLOORS_MANY)
		return false;
	t = trend_of(s.p, n);
	if (!t.rising || t.flat)
		return false;
	load = third(&f->floors.load, from, 2) / third(&f->floors.load, from, 0) - 1;
	heap = third(&f->floors.marked, from, 2) / third(&f->floors.marked, from, 0) - 1;
	return load >= LOAD_RISE && heap <= LOAD_EXCESS * load;
}
