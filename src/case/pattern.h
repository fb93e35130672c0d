/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: slow death or sudden death, from the case's two series.
 *
 * "floor" is the live heap that each GC cycle marked plus non-heap memory;
 * "charge" is what the limit counts. Robust statistics only: Theil-Sen slope
 * with its interval (Kendall variance, ties and lag-1 correlation corrected),
 * change points by rank; never least squares. Rules: docs/patterns.md.
 */
#ifndef CASE_PATTERN_H
#define CASE_PATTERN_H

#include "case/case.h"

enum pattern_kind {
	PATTERN_UNKNOWN,
	PATTERN_LEAK,
	PATTERN_PEAK,
	PATTERN_PLATEAU,
	PATTERN_SAWTOOTH,
	PATTERN_COUNT
};

struct trend {				     /* of a series of points (t ns, value) */
	bool known;			     /* enough points */
	double slope, slope_low, slope_high; /* per second; 95 % interval */
	bool rising;			     /* the interval lies above 0 */
	bool flat;   /* contains 0, or the rise over the record is under 5 % of the level */
	double rise; /* slope x length of the record */
	double median, first, last;
	size_t n;
	bool thinned; /* the series was reduced to bound the work */
};

struct point {
	int64_t t;
	double v;
};

/* At least 5 distinct points; O(n^2) on at most 512 (thinned evenly past that). */
struct trend trend_of(const struct point *p, size_t n);

struct pattern {
	enum pattern_kind kind;
	double confidence;				    /* fixed table, docs/patterns.md */
	double slope;					    /* bytes/s of the floor; NAN unknown */
	double seconds_to_limit, seconds_low, seconds_high; /* live process; NAN none */
	struct trend floor, charge, marked;
	uint64_t healthy_floor; /* median of the first three cycles' floor; UNKNOWN_U64 */
	uint64_t last_floor;
	bool grew_before_record; /* growth was under way when the record began: shares are of the
				    whole */
	uint64_t jump_bytes; /* of the charge within the last GC period or 5 s, whichever is shorter
			      */
	int64_t jump_ns;
	uint64_t predicted_peak; /* non-heap + live x (1 + GOGC/100), bounded by GOMEMLIMIT;
				    UNKNOWN_U64 */
	uint64_t tight_need;	 /* non-heap + live x 1.25: what a tight collector would need;
				    UNKNOWN_U64 */
	uint64_t to_explain; /* bytes between healthy floor (plateau: 0) and the end; UNKNOWN_U64 */
	const char *why_unknown; /* message key when kind is unknown, else NULL */
	uint64_t more_cycles;	 /* that many more GC cycles would decide; 0 */
};

void pattern_of(const struct whycase *c, struct pattern *ret);
const char *pattern_name(enum pattern_kind k);

#endif /* CASE_PATTERN_H */
