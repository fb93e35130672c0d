/* SPDX-License-Identifier: Apache-2.0 */
/*
 * course: which way a series went, in one word. Private to src/case/.
 *
 * A step (two levels, medians, that leave much less beside them than a Theil-Sen
 * line does) ends what was before it: only the part behind the last is judged. The words and
 * numbers: docs/patterns.md.
 */
#ifndef CASE_COURSE_H
#define CASE_COURSE_H

#include "case/trend.h"

enum course_kind {
	COURSE_FEW,	/* under 5 points */
	COURSE_FLAT,	/* keeps its level, or falls */
	COURSE_RISING,	/* rises, significantly, until the end */
	COURSE_SLOWING, /* rises, but ever more slowly: a bound may be near */
	COURSE_RECENT,	/* was flat; what rose at the end is too short to judge */
	COURSE_UNCLEAR, /* too noisy: neither rising nor surely flat */
};

struct course {
	enum course_kind kind;
	struct trend trend; /* of the part behind the last step */
	size_t from;	    /* where that part begins */
	bool doubles;	    /* from third to third of that part it grows, to twice as much */
};

/*
 * @begin, @end: the whole record. @slowed: of the three thirds of the points, the
 * slope from the second to the last is surely below this share of the one before.
 */
struct course course_of(const struct point *p, size_t n, int64_t begin, int64_t end, double slowed);

/* Of a few points (3 and more): the last three lie within a tenth of each other. */
bool course_settled(const struct point *p, size_t n);

#endif /* CASE_COURSE_H */
