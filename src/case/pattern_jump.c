/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "case/pattern_facts.h"

/* docs/patterns.md, "Sudden" and the rule sawtooth-first. */
#define SUDDEN_NS (5 * NS_PER_S)
#define SUDDEN_NS_MAX (60 * NS_PER_S)
#define SUDDEN_OF_RECORD 60 /* or a 60th of the record, if that is longer */
#define TOOTH_SECONDS 0.5
#define TOOTH_RATE 1.5
#define TOOTH_FLOOR 1.25

/* How long before the end the last sample was taken that is not later than @t; ns. */
static double seen_before(const struct facts *f, int64_t t)
{
	size_t i = f->c->n_samples;

	while (i > 0 && f->c->samples[i - 1].t > t)
		i--;
	return i ? (double)f->end - (double)f->c->samples[i - 1].t : (double)INFINITY;
}

/* The last seconds: 5, in a long record more. */
static double last_seconds(double span)
{
	double most = fmax(span / SUDDEN_OF_RECORD, (double)SUDDEN_NS);

	return fmin(fmin(most, (double)SUDDEN_NS_MAX), span);
}

/* From the lowest demand of the last seconds to the end. */
static void measure_jump(struct facts *f, double window)
{
	struct series s;

	f->jump = (double)NAN;
	f->jump_ns = UNKNOWN_I64;
	lowest_in_windows(f->c, &f->demand, demand_at, f->end - (int64_t)window, f->end,
			  FACTS_WINDOWS, &s);
	for (size_t i = 0; i < s.n; i++) {
		if (f->end_demand - s.p[i].v >= f->jump || isnan(f->jump)) {
			f->jump = fmax(f->end_demand - s.p[i].v, 0);
			f->jump_ns = f->end - s.p[i].t;
		}
	}
}

/*
 * By which part of itself the end lies above all that was before the last @window ns, but for the
 * highest twentieth of that time. NAN where it was sampled too seldom: a climb that began between
 * two samples need not have been that short.
 */
static double jump_above(const struct facts *f, double window)
{
	int64_t quiet = f->end - (int64_t)window;
	double v[FACTS_WINDOWS];
	struct series s;

	highest_in_windows(f->c, &f->demand, demand_at, f->begin, quiet, FACTS_WINDOWS, &s);
	if (s.n < TREND_POINTS_MIN || seen_before(f, quiet) > 1.25 * window)
		return (double)NAN;
	for (size_t i = 0; i < s.n; i++)
		v[i] = s.p[i].v;
	return 1 - kth_of(v, s.n, (s.n - 1) * 95 / 100) / f->end_demand;
}

/*
 * Sudden: the last seconds took demand far above all before. The larger a part of the record they
 * are, the more of the end they must have brought: of steady growth they bring their own part of
 * it, of growth that doubled four times 0.75, 0.60, 0.29. *@ret_quiet: when they began.
 */
void facts_find_jump(struct facts *f, int64_t *ret_quiet)
{
	static const struct {
		double of_record, of_end;
	} tests[] = { { 0.5, 0.80 }, { 0.333, 0.65 }, { 0.125, 0.25 } };
	double span = (double)f->end - (double)f->begin, window = last_seconds(span);

	measure_jump(f, window);
	*ret_quiet = f->end;
	for (size_t i = 0; f->died_of_it && !f->sudden && i < sizeof(tests) / sizeof(tests[0]);
	     i++) {
		double last = fmin(window, tests[i].of_record * span);

		f->sudden = jump_above(f, last) >= tests[i].of_end;
		*ret_quiet = f->end - (int64_t)last;
	}
}

/* Of the nearest sample that is not later than @t, else of the first that has the value; NAN. */
static double value_at(const struct facts *f, sample_value *value, int64_t t)
{
	double v = (double)NAN, w;

	for (size_t i = 0; i < f->c->n_samples; i++) {
		w = value(&f->demand, &f->c->samples[i]);
		if (isfinite(w) && (isnan(v) || f->c->samples[i].t <= t))
			v = w;
	}
	return v;
}

/* The highest rate of allocation over half a second or more between two times; NAN unknown. */
static double fastest_alloc(const struct facts *f, int64_t from, int64_t to)
{
	const struct case_sample *before = NULL;
	double most = (double)NAN, seconds;

	for (size_t i = 0; i < f->c->n_samples; i++) {
		const struct case_sample *s = &f->c->samples[i];

		if (s->t < from || s->t > to || !known(s->total_alloc))
			continue;
		seconds = before ? ((double)s->t - (double)before->t) / NS_PER_S : 0;
		if (before && seconds < TOOTH_SECONDS)
			continue;
		if (before && s->total_alloc >= before->total_alloc)
			most = fmax(most, (double)(s->total_alloc - before->total_alloc) / seconds);
		before = s;
	}
	return most;
}

/* No cycle of the climb found more alive than those before it. */
static bool floors_stay(const struct facts *f, int64_t quiet)
{
	struct floors late;

	floors_between(f->c, &f->demand, quiet + 1, f->end, &late);
	for (size_t i = 0; i < late.marked.n; i++) {
		if (!(late.marked.p[i].v <= TOOTH_FLOOR * f->last_marked))
			return false;
	}
	return true;
}

/*
 * The climb is a tooth: it is the heap's, of memory allocated hardly faster than before, and the
 * mark never found it alive. Only how far the collector let it go is new (GOGC was raised, or it is
 * the first tooth of a larger working set).
 */
bool facts_is_tooth(const struct facts *f, int64_t quiet)
{
	double usual = fastest_alloc(f, facts_after_startup(f), quiet);
	double other = value_at(f, non_heap_at, f->end) - value_at(f, non_heap_at, quiet);

	return fastest_alloc(f, quiet, f->end) <= TOOTH_RATE * usual && other <= f->jump / 4 &&
	       floors_stay(f, quiet);
}
