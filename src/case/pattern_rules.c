/* SPDX-License-Identifier: Apache-2.0 */
#include "case/pattern_rules.h"

#include <math.h>

/* What each number stands for: docs/patterns.md. */
#define FLOORS_MIN 5
#define FLOORS_MANY 10
#define FLOORS_SURE 20
#define SETTLED_MIN 3
#define EXPLAINS 0.5
#define EXPLAINS_WELL 0.8
#define RISE_OF_SCALE 0.10
#define RISE_OF_LEVEL 0.25
#define RISE_LARGE 0.25
#define SURE_SLOPE 0.33
#define SURE_SLOPE_SMALL 0.6
#define SPREAD 0.15
#define LATE_FLOORS 2
#define LATE_GROWTH 1.3
#define CLIMBS 0.40
#define CLIMBS_LATE 0.90
#define LOAD_RISE 0.2
#define LOAD_EXCESS 1.5
#define NEAR_LIMIT 0.95
#define HIGH_FLOOR 0.75
#define TIGHT 1.25

double facts_tight_need(const struct facts *f)
{
	return f->last_non_heap + TIGHT * f->last_marked;
}

static double span_of(const struct facts *f)
{
	return (double)f->end - (double)f->begin;
}

/* The lowest charge about @share of the way through the record. */
static double charge_at_share(const struct facts *f, double share)
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
static double late_part(const struct facts *f)
{
	double last =
		f->sudden ? charge_at_share(f, 1) : fmax(f->end_demand, charge_at_share(f, 1));
	double all = last - charge_at_share(f, 0.1);

	return f->charge.n >= FLOORS_MANY && all > 0 ? (last - charge_at_share(f, 0.5)) / all
						     : (double)NAN;
}

/*
 * A last tooth of garbage, a start-up or a late burst have few floors as a leak has that doubles
 * the heap. Of a leak the charge climbs through the record.
 */
static bool charge_climbs(const struct facts *f)
{
	double part = late_part(f);

	return isnan(part) || (part >= CLIMBS && part <= CLIMBS_LATE);
}

/* The floors tell of the record, not only of its first moments. */
static bool floors_spread(const struct facts *f)
{
	const struct series *y = &f->floors.floor;

	return y->n > f->floor_course.from && f->late_floors >= LATE_FLOORS &&
	       (double)y->p[y->n - 1].t - (double)y->p[f->floor_course.from].t >=
		       SPREAD * span_of(f);
}

static bool floors_rise(const struct facts *f)
{
	return f->floor_course.kind == COURSE_RISING && floors_spread(f) &&
	       (f->late_floors >= FLOORS_MIN ||
		(f->late_growth >= LATE_GROWTH && charge_climbs(f)));
}

/* What the rise of the floor let the charge rise by: the collector lets garbage grow with it. */
static double rise_of_peak(const struct facts *f)
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

static double share_of(double part, double from, double to)
{
	return to > from ? part / (to - from) : 0;
}

/* Which part of the way from the healthy state to the end the rising floor accounts for. */
static double explained(const struct facts *f)
{
	double live = share_of(f->last_floor - f->healthy_floor, f->healthy_floor, f->end_demand);
	double from =
		facts_peak(f, f->healthy_marked, f->floors.with_non_heap ? f->healthy_non_heap : 0);

	if (!isfinite(f->growth) || memory_limit_holds(f))
		return live;
	return fmax(live, share_of(rise_of_peak(f), from, f->end_demand));
}

/*
 * The slope's interval is narrow: a level that strays by chance, up to the moment it meets the
 * limit, hardly shows that. A rise that is large in itself need be less sure.
 */
static bool sure(const struct facts *f, const struct course *y, double rise)
{
	double want = rise >= RISE_LARGE * f->scale ? SURE_SLOPE : SURE_SLOPE_SMALL;

	return y->doubles || y->trend.slope_low >= want * y->trend.slope;
}

static bool floors_explain(const struct facts *f)
{
	double rise = rise_of_peak(f);

	return floors_rise(f) && rise >= RISE_OF_SCALE * f->scale && explained(f) >= EXPLAINS &&
	       sure(f, &f->floor_course, rise);
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
static bool follows_load(const struct facts *f)
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

static bool no_samples(const struct facts *f)
{
	return !f->has_samples && f->n_floors == 0;
}

static bool leak_or_load(const struct facts *f)
{
	return floors_explain(f) && follows_load(f);
}

static bool leak_surely(const struct facts *f)
{
	return f->floors.floor.n >= FLOORS_SURE && floors_explain(f) &&
	       explained(f) >= EXPLAINS_WELL;
}

static bool leak_floors(const struct facts *f)
{
	return f->floors.floor.n >= FLOORS_MANY && floors_explain(f);
}

/* A series of windows that rises, and by enough of the way to the end. */
static bool windows_explain(const struct facts *f, const struct course *y)
{
	double from = charge_at_share(f, f->from_start ? 0.1 : 0);

	return y->kind == COURSE_RISING && y->trend.rise >= RISE_OF_SCALE * f->scale &&
	       share_of(y->trend.rise, from, f->end_demand) >= EXPLAINS;
}

static bool leak_non_heap(const struct facts *f)
{
	return windows_explain(f, &f->non_heap_course);
}

static bool leak_charge(const struct facts *f)
{
	return !f->has_heap && f->n_floors == 0 && windows_explain(f, &f->charge_course);
}

static bool sudden_after_calm(const struct facts *f)
{
	return f->sudden && f->floor_course.kind == COURSE_FLAT;
}

static bool sudden(const struct facts *f)
{
	return f->sudden;
}

static bool slowing(const struct facts *f)
{
	return f->floor_course.kind == COURSE_SLOWING || f->non_heap_course.kind == COURSE_SLOWING;
}

static bool recent(const struct facts *f)
{
	return f->floor_course.kind == COURSE_RECENT ||
	       (f->floor_course.kind == COURSE_RISING && late_part(f) > CLIMBS_LATE &&
		!floors_rise(f));
}

static bool unclear(const struct facts *f)
{
	return f->floor_course.kind == COURSE_UNCLEAR ||
	       (f->floor_course.kind == COURSE_RISING && floors_spread(f) && !floors_rise(f));
}

/* Calm, or it rises by too little to have brought the end about. */
static bool calm(const struct facts *f)
{
	return f->floor_course.kind == COURSE_FLAT || floors_rise(f);
}

/* Three or four floors are enough to see that it stands still, if they hardly differ. */
static bool settled(const struct facts *f)
{
	return course_settled(f->floors.floor.p, f->floors.floor.n);
}

/* What the collector was on its way to when it ended. */
static double goal_peak(const struct facts *f)
{
	double peak = fmax(facts_predicted_peak(f), f->last_goal + f->last_non_heap);

	return isnan(peak) ? f->last_floor : peak;
}

/* Outside its own limit (the host was full) there is nothing to compare with but itself. */
static bool full(const struct facts *f)
{
	return !case_group_killed(f->c) || facts_tight_need(f) >= f->limit ||
	       (goal_peak(f) < NEAR_LIMIT * f->limit && f->last_floor >= HIGH_FLOOR * f->limit);
}

static bool lax(const struct facts *f)
{
	return case_group_killed(f->c) && facts_tight_need(f) < f->limit &&
	       goal_peak(f) >= NEAR_LIMIT * f->limit;
}

static bool plateau(const struct facts *f)
{
	return calm(f) && full(f);
}

static bool plateau_few(const struct facts *f)
{
	return settled(f) && full(f);
}

static bool sawtooth(const struct facts *f)
{
	return calm(f) && lax(f);
}

static bool sawtooth_few(const struct facts *f)
{
	return settled(f) && lax(f);
}

static bool few_cycles(const struct facts *f)
{
	return (f->has_heap || f->n_floors) &&
	       (f->n_floors < FLOORS_MIN || f->late_floors < LATE_FLOORS);
}

static bool no_runtime(const struct facts *f)
{
	return !f->has_heap && f->n_floors == 0;
}

static bool always(const struct facts *f)
{
	(void)f;
	return true;
}

/* The living: nothing has ended that a rise could explain, so it must be large in itself. */
static bool grows_live(const struct facts *f, double rise, double level)
{
	return rise >= RISE_OF_SCALE * f->scale || rise >= RISE_OF_LEVEL * level;
}

static bool live_floors_grow(const struct facts *f)
{
	double rise = f->last_floor - f->healthy_floor;

	return floors_rise(f) && grows_live(f, rise, f->healthy_floor) &&
	       sure(f, &f->floor_course, rise);
}

static bool live_load(const struct facts *f)
{
	return live_floors_grow(f) && follows_load(f);
}

static bool live_many(const struct facts *f)
{
	return f->floors.floor.n >= FLOORS_MANY && live_floors_grow(f);
}

static bool live_non_heap(const struct facts *f)
{
	const struct course *y = &f->non_heap_course;

	return y->kind == COURSE_RISING &&
	       grows_live(f, y->trend.rise, f->charge_course.trend.median);
}

static bool live_charge(const struct facts *f)
{
	const struct course *y = &f->charge_course;

	return no_runtime(f) && y->kind == COURSE_RISING &&
	       grows_live(f, y->trend.rise, y->trend.first);
}

static bool live_rises_a_little(const struct facts *f)
{
	return floors_rise(f) || f->non_heap_course.kind == COURSE_RISING;
}

static bool live_lax(const struct facts *f)
{
	return (f->floor_course.kind == COURSE_FLAT || settled(f)) && goal_peak(f) > f->limit &&
	       facts_tight_need(f) < f->limit;
}

static bool live_calm(const struct facts *f)
{
	return f->floor_course.kind == COURSE_FLAT;
}

/* Hardly a cycle in the record: what is not heap stands still, the goal fits, no floor doubled. */
static bool live_quiet(const struct facts *f)
{
	const struct series *y = &f->floors.floor;
	bool doubled = y->n > 1 && y->p[y->n - 1].v > (1 + RISE_OF_LEVEL) * y->p[0].v;

	return f->non_heap_course.kind == COURSE_FLAT && y->n < FLOORS_MIN && !doubled &&
	       isfinite(f->last_marked) && !(facts_predicted_peak(f) > f->limit);
}

static bool live_charge_calm(const struct facts *f)
{
	return no_runtime(f) && f->charge_course.kind == COURSE_FLAT;
}

/* clang-format off */
/* In this order; the first that holds decides. Confidence: docs/patterns.md. */
static const struct rule of_the_dead[] = {
	{ "no-samples",     PATTERN_UNKNOWN,  0,    "pattern.no-samples",   BY_FLOOR,    no_samples },
	{ "follows-load",   PATTERN_UNKNOWN,  0,    "pattern.follows-load", BY_FLOOR,    leak_or_load },
	{ "leak-sure",      PATTERN_LEAK,     0.97, NULL,                   BY_FLOOR,    leak_surely },
	{ "leak-floors",    PATTERN_LEAK,     0.90, NULL,                   BY_FLOOR,    leak_floors },
	{ "leak-doubling",  PATTERN_LEAK,     0.85, NULL,                   BY_FLOOR,    floors_explain },
	{ "leak-non-heap",  PATTERN_LEAK,     0.90, NULL,                   BY_NON_HEAP, leak_non_heap },
	{ "leak-charge",    PATTERN_LEAK,     0.70, NULL,                   BY_CHARGE,   leak_charge },
	{ "peak",           PATTERN_PEAK,     0.95, NULL,                   BY_FLOOR,    sudden_after_calm },
	{ "peak-few",       PATTERN_PEAK,     0.80, NULL,                   BY_FLOOR,    sudden },
	{ "slowing",        PATTERN_UNKNOWN,  0,    "pattern.slowing",      BY_FLOOR,    slowing },
	{ "recent",         PATTERN_UNKNOWN,  0,    "pattern.recent",       BY_FLOOR,    recent },
	{ "unclear",        PATTERN_UNKNOWN,  0,    "pattern.unclear",      BY_FLOOR,    unclear },
	{ "plateau",        PATTERN_PLATEAU,  0.95, NULL,                   BY_FLOOR,    plateau },
	{ "plateau-few",    PATTERN_PLATEAU,  0.75, NULL,                   BY_FLOOR,    plateau_few },
	{ "sawtooth",       PATTERN_SAWTOOTH, 0.95, NULL,                   BY_FLOOR,    sawtooth },
	{ "sawtooth-few",   PATTERN_SAWTOOTH, 0.75, NULL,                   BY_FLOOR,    sawtooth_few },
	{ "few-cycles",     PATTERN_UNKNOWN,  0,    "pattern.few-cycles",   BY_FLOOR,    few_cycles },
	{ "no-runtime",     PATTERN_UNKNOWN,  0,    "pattern.no-runtime",   BY_CHARGE,   no_runtime },
	{ "unexplained",    PATTERN_UNKNOWN,  0,    "pattern.unexplained",  BY_FLOOR,    always },
};

static const struct rule of_the_living[] = {
	{ "no-samples",     PATTERN_UNKNOWN,  0,    "pattern.no-samples",   BY_FLOOR,    no_samples },
	{ "follows-load",   PATTERN_UNKNOWN,  0,    "pattern.follows-load", BY_FLOOR,    live_load },
	{ "live-floors",    PATTERN_LEAK,     0.85, NULL,                   BY_FLOOR,    live_many },
	{ "live-doubling",  PATTERN_LEAK,     0.75, NULL,                   BY_FLOOR,    live_floors_grow },
	{ "live-non-heap",  PATTERN_LEAK,     0.80, NULL,                   BY_NON_HEAP, live_non_heap },
	{ "live-charge",    PATTERN_LEAK,     0.60, NULL,                   BY_CHARGE,   live_charge },
	{ "slow-rise",      PATTERN_UNKNOWN,  0,    "pattern.slow-rise",    BY_FLOOR,    live_rises_a_little },
	{ "slowing",        PATTERN_UNKNOWN,  0,    "pattern.slowing",      BY_FLOOR,    slowing },
	{ "recent",         PATTERN_UNKNOWN,  0,    "pattern.recent",       BY_FLOOR,    recent },
	{ "unclear",        PATTERN_UNKNOWN,  0,    "pattern.unclear",      BY_FLOOR,    unclear },
	{ "live-sawtooth",  PATTERN_SAWTOOTH, 0.85, NULL,                   BY_FLOOR,    live_lax },
	{ "live-plateau",   PATTERN_PLATEAU,  0.90, NULL,                   BY_FLOOR,    live_calm },
	{ "live-quiet",     PATTERN_PLATEAU,  0.60, NULL,                   BY_NON_HEAP, live_quiet },
	{ "live-charge-calm", PATTERN_PLATEAU, 0.60, NULL,                  BY_CHARGE,   live_charge_calm },
	{ "few-cycles",     PATTERN_UNKNOWN,  0,    "pattern.few-cycles",   BY_FLOOR,    few_cycles },
	{ "no-runtime",     PATTERN_UNKNOWN,  0,    "pattern.no-runtime",   BY_CHARGE,   no_runtime },
	{ "unexplained",    PATTERN_UNKNOWN,  0,    "pattern.unclear",      BY_FLOOR,    always },
};
/* clang-format on */

const struct rule *rule_that_holds(const struct facts *f)
{
	const struct rule *r = f->died_of_it ? of_the_dead : of_the_living;

	while (!r->holds(f))
		r++;
	return r;
}
