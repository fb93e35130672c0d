/* SPDX-License-Identifier: Apache-2.0 */
#include "case/course.h"

#include <math.h>

#include "base/clock.h"

#define MANY_MIN 10	   /* with fewer a third is three points: no level of its own */
#define STEP_POINTS_MIN 10 /* fewer points show no step apart from a rise */
#define BEFORE_STEP_MIN 3
#define STEPS_MAX 4
#define STEP_BETTER 0.7	  /* two levels leave this share of what a line leaves */
#define STEP_SIZE 0.10	  /* of the level */
#define PART_MIN 0.10	  /* of the record: a shorter part behind a step is "recent" */
#define AT_REST 0.05	  /* of the level: the last third rises by less */
#define SURELY 3	  /* standard errors */
#define REST_SHARE 0.4	  /* of what a steady rise would have added */
#define SETTLED 0.10	  /* of the level */
#define UNCLEAR_RISE 0.33 /* of the level: a rise that large cannot be excluded */
#define FEW_RISE 1.4	  /* fewer than ten points rise by that, noise does not */
#define TAIL_SHARE 0.15	  /* of the rise of fewer than ten points, in the last two steps */

static double seconds(const struct point *from, const struct point *p)
{
	return ((double)p->t - (double)from->t) / (double)NS_PER_S;
}

/* The median of the values less a line of @slope, and what is left over beside it. */
static double left_over(const struct point *p, size_t n, double slope, double *ret_level)
{
	double v[TREND_POINTS_MAX], sum = 0;

	for (size_t i = 0; i < n; i++)
		v[i] = p[i].v - slope * seconds(&p[0], &p[i]);
	*ret_level = median_of(v, n);
	for (size_t i = 0; i < n; i++)
		sum += fabs(v[i] - *ret_level);
	return sum;
}

/* The split into two levels, each a median, that leaves the least beside them. */
static size_t best_split(const struct point *p, size_t n, double *ret_left, double *ret_size)
{
	size_t at = 0;

	*ret_left = (double)INFINITY;
	for (size_t k = BEFORE_STEP_MIN; k < n; k++) {
		double before, after;
		double left = left_over(p, k, 0, &before) + left_over(p + k, n - k, 0, &after);

		if (left < *ret_left) {
			*ret_left = left;
			*ret_size = fabs(after - before) / fmax(fabs(after), fabs(before));
			at = k;
		}
	}
	return at;
}

/* The first point behind a step, or 0 where a line is as good. */
static size_t step_at(const struct point *p, size_t n)
{
	double level, two, size = 0;
	struct trend t;
	size_t at;

	if (n < STEP_POINTS_MIN)
		return 0;
	at = best_split(p, n, &two, &size);
	t = trend_of(p, n);
	if (!t.known || size < STEP_SIZE)
		return 0;
	return two < STEP_BETTER * left_over(p, n, t.slope, &level) ? at : 0;
}

bool course_settled(const struct point *p, size_t n)
{
	double low, high;

	if (n < 3)
		return false;
	low = fmin(fmin(p[n - 1].v, p[n - 2].v), p[n - 3].v);
	high = fmax(fmax(p[n - 1].v, p[n - 2].v), p[n - 3].v);
	return high - low <= SETTLED * high;
}

/* The noise would hide a rise of a third of the level. */
static bool may_rise(const struct point *p, size_t n, const struct trend *t)
{
	return !t->rising && t->slope > 0 &&
	       t->slope_high * seconds(&p[0], &p[n - 1]) > UNCLEAR_RISE * fabs(t->median);
}

/* Under ten points the end is judged by the last three: they go on, or they have settled. */
static enum course_kind few_points(const struct point *p, size_t n, const struct trend *t)
{
	double rise = p[n - 1].v - p[0].v, tail = p[n - 1].v - p[n - 3].v;

	if (course_settled(p, n))
		return COURSE_FLAT;
	if (p[n - 1].v > p[n - 2].v && p[n - 2].v > p[n - 3].v && tail >= TAIL_SHARE * rise &&
	    t->rising && p[n - 1].v >= FEW_RISE * p[0].v)
		return COURSE_RISING;
	return (t->rising && !t->flat) || may_rise(p, n, t) ? COURSE_UNCLEAR : COURSE_FLAT;
}

/* One third of the points: its middle, and the error of that by what its own line leaves over. */
struct third {
	double t, v, error;
};

static struct third third_of(const struct point *p, size_t n)
{
	double v[TREND_POINTS_MAX], level;
	struct trend t = trend_of(p, n);
	struct third r;

	for (size_t i = 0; i < n; i++)
		v[i] = seconds(&p[0], &p[i]);
	r.t = (double)p[0].t / (double)NS_PER_S + median_of(v, n);
	r.v = t.median;
	if (!t.known) { /* of three or four points */
		t.slope = 0;
		t.effective_n = (double)n;
	}
	left_over(p, n, t.slope, &level);
	for (size_t i = 0; i < n; i++)
		v[i] = fabs(p[i].v - level - t.slope * seconds(&p[0], &p[i]));
	/*
	 * 1.48 MAD is a standard deviation; a median errs 1.25 times as much as a mean. Neighbours
	 * go together, also where too few points show how much.
	 */
	r.error = 1.25 * 1.48 * median_of(v, n) / sqrt(fmin(t.effective_n, (double)n / 2));
	return r;
}

/* From third to third the slope surely falls, to less than @slowed of what it was. */
static bool bends(const struct point *p, size_t n, double slowed)
{
	size_t k = n / 3;
	struct third a = third_of(p, k), b = third_of(p + k, n - 2 * k), c = third_of(p + n - k, k);
	double before = (b.v - a.v) / (b.t - a.t), after = (c.v - b.v) / (c.t - b.t);
	double error =
		hypot(hypot(a.error, b.error) / (b.t - a.t), hypot(b.error, c.error) / (c.t - b.t));

	return b.t > a.t && c.t > b.t && after < slowed * before && before - after > SURELY * error;
}

/*
 * In the last @share of the time it hardly moved: what a steady rise would have added is more than
 * twice the range of the points there (three or more).
 */
static bool rests_for(const struct point *p, size_t n, int64_t end, double share)
{
	double span = (double)end - (double)p[0].t, low = p[n - 1].v, high = low, covered = 0;
	size_t i = n - 1;

	while (i > 0 && (covered < share * span || n - i < 3)) {
		i--;
		low = fmin(low, p[i].v);
		high = fmax(high, p[i].v);
		covered = (double)p[n - 1].t - (double)p[i].t;
	}
	return high - low < REST_SHARE * (high - p[0].v) * covered / span;
}

static bool at_rest(const struct point *p, size_t n, int64_t end)
{
	return n >= TREND_POINTS_MIN && (rests_for(p, n, end, 0.125) ||
					 rests_for(p, n, end, 0.25) || rests_for(p, n, end, 0.5));
}

static enum course_kind many_points(const struct point *p, size_t n, double slowed)
{
	struct trend end = trend_of(p + n - n / 3, n / 3);

	if (!bends(p, n, slowed))
		return COURSE_RISING;
	return fabs(end.rise) < AT_REST * fabs(end.median) ? COURSE_FLAT : COURSE_SLOWING;
}

/*
 * From third to third it grows by a fifth or more, and in all it doubles: so far no noise about a
 * level strays, however much its points follow each other.
 */
static bool doubles(const struct point *p, size_t n)
{
	size_t k = n / 3;
	double a, b, c;

	if (k == 0)
		return false;
	left_over(p, k, 0, &a);
	left_over(p + k, n - 2 * k, 0, &b);
	left_over(p + n - k, k, 0, &c);
	return a > 0 && b >= 1.2 * a && c >= 1.2 * b && c >= 2 * a;
}

static enum course_kind kind_of(const struct point *p, size_t n, const struct trend *t,
				double slowed)
{
	if (!t->known)
		return COURSE_FEW;
	if (n < MANY_MIN)
		return few_points(p, n, t);
	if (doubles(p, n))
		return many_points(p, n, slowed);
	if (may_rise(p, n, t))
		return COURSE_UNCLEAR;
	return t->rising && !t->flat ? many_points(p, n, slowed) : COURSE_FLAT;
}

struct course course_of(const struct point *p, size_t n, int64_t begin, int64_t end, double slowed)
{
	struct course c = { .kind = COURSE_FEW };
	size_t step = 0;

	if (n > TREND_POINTS_MAX)
		n = TREND_POINTS_MAX;
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		step = step_at(p + c.from, n - c.from);
		if (step == 0 || n - c.from - step < TREND_POINTS_MIN)
			break;
		c.from += step;
		step = 0;
	}
	c.trend = trend_of(p + c.from, n - c.from);
	c.doubles = doubles(p + c.from, n - c.from);
	if (step && c.trend.known && p[n - 1].v > c.trend.median)
		c.kind = COURSE_RECENT;
	else if (c.trend.known)
		c.kind = kind_of(p + c.from, n - c.from, &c.trend, slowed);
	if (c.kind == COURSE_RISING && at_rest(p + c.from, n - c.from, end))
		c.kind = COURSE_FLAT;
	if (c.from && c.kind == COURSE_RISING &&
	    (double)end - (double)p[c.from].t < PART_MIN * ((double)end - (double)begin))
		c.kind = COURSE_RECENT;
	return c;
}
