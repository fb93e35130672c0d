/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend: does a series rise, how fast, and how sure is that.
 *
 * Theil-Sen: the median of the slopes of all pairs of points; nothing is
 * squared, so a third of the points may lie anywhere. The interval is Sen's:
 * order statistics of those slopes, as far from the median as the variance of
 * Kendall's S says. The variance is corrected for ties (Gilbert 1987, §16.5)
 * and for points that follow their neighbours: with lag-1 correlation r of the
 * residuals' ranks the series counts as fewer points (Yue & Wang 2004).
 */
#ifndef CASE_TREND_H
#define CASE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREND_POINTS_MIN 5   /* four points in a row rise by chance once in 24 */
#define TREND_POINTS_MAX 512 /* 130,816 pairs: 1 MB and about 3 ms */

struct point {
	int64_t t; /* ns */
	double v;
};

struct trend {
	bool known; /* enough points */
	/* Per second; 95 % interval. An end that the points do not bound is infinite. */
	double slope, slope_low, slope_high;
	bool rising; /* the interval lies above 0 */
	bool flat;   /* it contains 0, or the rise over the record is under 5 % of the level */
	double rise; /* slope x length of the record */
	double median, first, last; /* of the values */
	size_t n;		    /* points used */
	double effective_n;	    /* as many independent ones they count for */
	bool thinned;		    /* the series was reduced to bound the work */
};

/*
 * Points need no order but for the correlation. Not known with fewer than 5
 * distinct times or when memory ran out; median, first, last and n are filled
 * from whatever there is. More than 512 points are thinned evenly, first and
 * last kept. Values that are not finite are left out.
 */
struct trend trend_of(const struct point *p, size_t n);

/* The median of @n values, which are reordered; NAN of none. */
double median_of(double *v, size_t n);

/* The k-th smallest of @n values (k < n), which are reordered. Bounded work on any input. */
double kth_of(double *v, size_t n, size_t k);

#endif /* CASE_TREND_H */
