/* SPDX-License-Identifier: Apache-2.0 */
#include "case/pattern_rules.h"

#include <math.h>

#include "case/pattern_growth.h"

/* What each number stands for: docs/patterns.md. */
#define FLOORS_SURE 20
#define EXPLAINS_WELL 0.8
#define RISE_OF_LEVEL 0.25
#define SMALL_BYTES 0x1p22
#define SMALL_OF_LIMIT 0.05
#define NEAR_LIMIT 0.95
#define HIGH_FLOOR 0.75
#define TIGHT 1.25
#define TIGHT_FITS 0.90

double facts_tight_need(const struct facts *f)
{
	return f->last_non_heap + TIGHT * f->last_marked;
}

static bool no_samples(const struct facts *f)
{
	return !f->has_samples && f->n_floors == 0;
}

static bool leak_or_load(const struct facts *f)
{
	return growth_explains(f) && growth_follows_load(f);
}

static bool leak_surely(const struct facts *f)
{
	return f->floors.floor.n >= FLOORS_SURE && growth_explains(f) &&
	       growth_share(f) >= EXPLAINS_WELL;
}

static bool leak_floors(const struct facts *f)
{
	return f->floors.floor.n >= FLOORS_MANY && growth_explains(f);
}

/* A series of windows that rises, and by enough of the way to the end. */
static bool windows_explain(const struct facts *f, const struct course *y)
{
	double from = growth_charge_at(f, f->from_start ? 0.1 : 0);

	return y->kind == COURSE_RISING && y->trend.rise >= RISE_OF_SCALE * f->scale &&
	       growth_share_of(y->trend.rise, from, f->end_demand) >= EXPLAINS;
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
	       (f->floor_course.kind == COURSE_RISING && growth_late_part(f) > CLIMBS_LATE &&
		!growth_rises(f));
}

static bool unclear(const struct facts *f)
{
	return f->floor_course.kind == COURSE_UNCLEAR ||
	       (f->floor_course.kind == COURSE_RISING && growth_is_spread(f) && !growth_rises(f));
}

/* Calm, or it rises by too little to have brought the end about. */
static bool calm(const struct facts *f)
{
	return f->floor_course.kind == COURSE_FLAT || growth_rises(f);
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

/* GOMEMLIMIT at nine tenths of the limit would leave the collector the quarter that it needs. */
static bool tight_fits(const struct facts *f)
{
	return facts_tight_need(f) <= TIGHT_FITS * f->limit;
}

/* Outside its own limit (the host was full) there is nothing to compare with but itself. */
static bool full(const struct facts *f)
{
	return !case_group_killed(f->c) || !tight_fits(f) ||
	       (goal_peak(f) < NEAR_LIMIT * f->limit && f->last_floor >= HIGH_FLOOR * f->limit);
}

static bool lax(const struct facts *f)
{
	return case_group_killed(f->c) && tight_fits(f) && goal_peak(f) >= NEAR_LIMIT * f->limit;
}

/* Sudden, but garbage only. */
static bool first_tooth(const struct facts *f)
{
	return f->tooth && lax(f) && (f->floor_course.kind == COURSE_FLAT || settled(f));
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

/* Below this the living are left in peace: the smallest heap that Go collects. */
static double small(const struct facts *f)
{
	return isfinite(f->limit) ? fmin(SMALL_BYTES, SMALL_OF_LIMIT * f->limit) : SMALL_BYTES;
}

/* The living: nothing has ended that a rise could explain, so it must be large in itself. */
static bool grows_live(const struct facts *f, double rise, double level)
{
	return rise >= RISE_OF_SCALE * f->scale ||
	       (rise >= RISE_OF_LEVEL * level && rise > small(f));
}

static bool live_floors_grow(const struct facts *f)
{
	double rise = f->last_floor - f->healthy_floor;

	return growth_rises(f) && grows_live(f, rise, f->healthy_floor) &&
	       growth_is_sure(f, &f->floor_course, rise);
}

static bool live_load(const struct facts *f)
{
	return live_floors_grow(f) && growth_follows_load(f);
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
	return growth_rises(f) || f->non_heap_course.kind == COURSE_RISING;
}

static double range_of(const struct series *s)
{
	double low = s->n ? s->p[0].v : 0, high = low;

	for (size_t i = 1; i < s->n; i++) {
		low = fmin(low, s->p[i].v);
		high = fmax(high, s->p[i].v);
	}
	return high - low;
}

/* Not flat, but it moved by next to nothing. */
static bool live_small(const struct facts *f)
{
	return f->floor_course.kind != COURSE_FLAT && f->floors.floor.n >= FLOORS_MIN &&
	       range_of(&f->floors.floor) <= small(f) && range_of(&f->non_heap) <= small(f);
}

static bool live_lax(const struct facts *f)
{
	return (f->floor_course.kind == COURSE_FLAT || settled(f)) && goal_peak(f) > f->limit &&
	       tight_fits(f);
}

static bool live_calm(const struct facts *f)
{
	return f->floor_course.kind == COURSE_FLAT;
}

/* What was allocated since the last mark may be garbage or not: a heap that fills is not quiet. */
static bool heap_fills(const struct facts *f)
{
	const struct case_sample *s = f->c->samples;
	size_t from = 0, to = f->c->n_samples;
	double begin, rise;

	while (from < to && !known(s[from].heap_live))
		from++;
	while (to > from && !known(s[to - 1].heap_live))
		to--;
	if (from == to)
		return false;
	begin = (double)s[from].heap_live;
	rise = (double)s[to - 1].heap_live - begin;
	return rise > small(f) && rise > RISE_OF_LEVEL * begin;
}

/*
 * Hardly a cycle in the record: what is not heap stands still, the heap does not fill,
 * the goal fits, no floor doubled.
 */
static bool live_quiet(const struct facts *f)
{
	const struct series *y = &f->floors.floor;
	bool doubled = y->n > 1 && y->p[y->n - 1].v > (1 + RISE_OF_LEVEL) * y->p[0].v;

	return f->non_heap_course.kind == COURSE_FLAT && y->n < FLOORS_MIN && !doubled &&
	       !heap_fills(f) && isfinite(f->last_marked) && !(facts_predicted_peak(f) > f->limit);
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
	{ "leak-doubling",  PATTERN_LEAK,     0.85, NULL,                   BY_FLOOR,    growth_explains },
	{ "leak-non-heap",  PATTERN_LEAK,     0.90, NULL,                   BY_NON_HEAP, leak_non_heap },
	{ "leak-charge",    PATTERN_LEAK,     0.70, NULL,                   BY_CHARGE,   leak_charge },
	{ "sawtooth-first", PATTERN_SAWTOOTH, 0.85, NULL,                   BY_FLOOR,    first_tooth },
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
	{ "live-small",     PATTERN_PLATEAU,  0.60, NULL,                   BY_FLOOR,    live_small },
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
