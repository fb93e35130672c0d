/* SPDX-License-Identifier: Apache-2.0 */
#include "case/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define Z95 1.959964	/* two-sided 95 % of the normal distribution */
#define FLAT_SHARE 0.05 /* of the level: docs/patterns.md */
/* Below this a lag-1 correlation has an error of its own (1/sqrt(n) > 0.3) and is not used. */
#define LAG_POINTS_MIN 10
#define LAG_MAX 0.98

static void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/* Three-way partition around @pivot: [0, *lt) less, [*lt, *gt) equal, [*gt, n) greater. */
static void partition(double *v, size_t n, double pivot, size_t *lt, size_t *gt)
{
	size_t lo = 0, i = 0, hi = n;

	while (i < hi) {
		if (v[i] < pivot)
			swap(&v[lo++], &v[i++]);
		else if (v[i] > pivot)
			swap(&v[i], &v[--hi]);
		else
			i++;
	}
	*lt = lo;
	*gt = hi;
}

double kth_of(double *v, size_t n, size_t k)
{
	uint64_t seed = 0x9e3779b97f4a7c15; /* fixed: the same case gives the same answer */
	size_t lt, gt;

	while (n > 1) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		partition(v, n, v[(seed >> 33) % n], &lt, &gt);
		if (k < lt) {
			n = lt;
		} else if (k >= gt) {
			v += gt;
			n -= gt;
			k -= gt;
		} else {
			return v[lt];
		}
	}
	return v[0];
}

double median_of(double *v, size_t n)
{
	double high;

	if (n == 0)
		return (double)NAN;
	high = kth_of(v, n, n / 2);
	return n % 2 ? high : (high + kth_of(v, n, n / 2 - 1)) / 2;
}

/* At most TREND_POINTS_MAX of the finite points, evenly, the first and the last among them. */
static size_t thin(const struct point *p, size_t n, struct point *out, bool *thinned)
{
	size_t want = n < TREND_POINTS_MAX ? n : TREND_POINTS_MAX, kept = 0;

	*thinned = want < n;
	for (size_t i = 0; i < want; i++) {
		const struct point *q = &p[want < n ? i * (n - 1) / (want - 1) : i];

		if (isfinite(q->v))
			out[kept++] = *q;
	}
	return kept;
}

static double seconds_between(const struct point *a, const struct point *b)
{
	/* as doubles: the difference of two hostile times may not fit */
	return ((double)b->t - (double)a->t) / (double)NS_PER_S;
}

/* All slopes between points of different times. */
static size_t slopes_of(const struct point *p, size_t n, double *out)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			double dt = seconds_between(&p[i], &p[j]);

			if (dt != 0)
				out[m++] = (p[j].v - p[i].v) / dt;
		}
	}
	return m;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sum of t(t-1)(2t+5) over groups of t equal values; @v is sorted by this. */
static double ties(double *v, size_t n, size_t *ret_distinct)
{
	double sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	*ret_distinct = 0;
	for (size_t i = 0, j; i < n; i = j) {
		double t;

		for (j = i + 1; j < n && v[j] <= v[i]; j++)
			;
		t = (double)(j - i);
		sum += t * (t - 1) * (2 * t + 5);
		++*ret_distinct;
	}
	return sum;
}

struct ranked {
	double v;
	size_t at;
};

static int by_rank(const void *a, const void *b)
{
	return by_value(&((const struct ranked *)a)->v, &((const struct ranked *)b)->v);
}

/* Mid-ranks of what the line leaves over, mean taken off. */
static void residual_ranks(const struct point *p, size_t n, double slope, double *rank)
{
	struct ranked r[TREND_POINTS_MAX];

	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){ p[i].v - slope * seconds_between(&p[0], &p[i]), i };
	qsort(r, n, sizeof(r[0]), by_rank);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && r[j].v <= r[i].v; j++)
			;
		for (size_t k = i; k < j; k++)
			rank[r[k].at] = (double)(i + j - 1) / 2 - (double)(n - 1) / 2;
	}
}

/* Lag-1 correlation of the residuals' ranks, its bias of about -(1 + 4r)/n put right. */
static double lag1(const struct point *p, size_t n, double slope)
{
	double rank[TREND_POINTS_MAX], with = 0, self = 0, r;

	if (n < LAG_POINTS_MIN)
		return 0;
	residual_ranks(p, n, slope, rank);
	for (size_t i = 0; i < n; i++)
		self += rank[i] * rank[i];
	for (size_t i = 0; i + 1 < n; i++)
		with += rank[i] * rank[i + 1];
	if (self <= 0)
		return 0;
	r = ((double)n * with / self + 2) / ((double)n - 4);
	return r < 0 ? 0 : r > LAG_MAX ? LAG_MAX : r;
}

/* By how much the variance grows when each point follows its neighbour: n / effective n. */
static double variance_factor(size_t n, double r)
{
	double sum = 0, power = 1;

	for (size_t k = 1; k < n; k++) {
		power *= r;
		sum += (1 - (double)k / (double)n) * power;
	}
	return 1 + 2 * sum;
}

static double kendall_variance(const struct point *p, size_t n, size_t *ret_times)
{
	double v[TREND_POINTS_MAX], m = (double)n, sum;
	size_t distinct;

	for (size_t i = 0; i < n; i++)
		v[i] = p[i].v;
	sum = ties(v, n, &distinct);
	for (size_t i = 0; i < n; i++)
		v[i] = (double)p[i].t;
	sum += ties(v, n, ret_times);
	sum = m * (m - 1) * (2 * m + 5) - sum;
	return sum > 0 ? sum / 18 : 0;
}

/*
 * Sen's interval: the slopes as far from the middle as @sd of Kendall's S, to the nearest slope
 * (so five points that only rise do rise: by chance once in 120).
 */
static void interval(struct trend *t, double *slope, size_t m, double sd)
{
	double c = Z95 * sd, low = round(((double)m - c) / 2) - 1,
	       high = round(((double)m + c) / 2);

	t->slope_low = low < 0 ? (double)-INFINITY : kth_of(slope, m, (size_t)low);
	t->slope_high = high >= (double)m ? (double)INFINITY : kth_of(slope, m, (size_t)high);
}

static void level(struct trend *t, const struct point *p)
{
	double v[TREND_POINTS_MAX];

	for (size_t i = 0; i < t->n; i++)
		v[i] = p[i].v;
	t->median = median_of(v, t->n);
	t->first = t->n ? p[0].v : (double)NAN;
	t->last = t->n ? p[t->n - 1].v : (double)NAN;
}

struct trend trend_of(const struct point *all, size_t n_all)
{
	struct point p[TREND_POINTS_MAX];
	struct trend t = { 0 };
	_cleanup_(free_ptr) double *slope = NULL;
	size_t m, times;
	double variance, factor;

	t.n = thin(all, n_all, p, &t.thinned);
	level(&t, p);
	t.slope = t.slope_low = t.slope_high = t.rise = (double)NAN;
	if (t.n < TREND_POINTS_MIN)
		return t;
	variance = kendall_variance(p, t.n, &times);
	slope = malloc(t.n * (t.n - 1) / 2 * sizeof(*slope));
	if (times < TREND_POINTS_MIN || !slope)
		return t;
	m = slopes_of(p, t.n, slope);
	t.known = true;
	t.slope = median_of(slope, m);
	factor = variance_factor(t.n, lag1(p, t.n, t.slope));
	t.effective_n = (double)t.n / factor;
	interval(&t, slope, m, sqrt(variance * factor));
	t.rise = t.slope * seconds_between(&p[0], &p[t.n - 1]);
	t.rising = t.slope_low > 0;
	t.flat = (t.slope_low <= 0 && t.slope_high >= 0) ||
		 fabs(t.rise) < FLAT_SHARE * fabs(t.median);
	return t;
}
