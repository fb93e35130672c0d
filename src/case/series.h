/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series: the case's samples and GC cycles as points to judge. Private to src/case/.
 *
 * "demand" is what the kernel cannot take back of the charge: page cache fills
 * any limit and gives way again, so it is left out. "non-heap" is demand less
 * the Go heap's pages: it has no sawtooth. A "floor" is what one GC cycle found
 * live plus the non-heap of that moment, never more than was charged then (a
 * large array is live before its pages are touched).
 */
#ifndef CASE_SERIES_H
#define CASE_SERIES_H

#include "case/case.h"
#include "case/trend.h"

/* What demand is made of, one for the whole record: a change midway would look like a step. */
enum demand_basis {
	DEMAND_NONE,		 /* no memory was sampled */
	DEMAND_CHARGE_LESS_FILE, /* charge - its page cache */
	DEMAND_RSS,		 /* RssAnon + RssShmem + anonymous memory of the other processes */
	DEMAND_CHARGE,		 /* page cache included: not known apart */
};

struct demand {
	enum demand_basis basis;
	bool with_shmem, with_others; /* of DEMAND_RSS: seen in (nearly) all samples */
};

struct demand demand_of_record(const struct whycase *c);

/* Bytes; NAN unknown. */
typedef double sample_value(const struct demand *d, const struct case_sample *s);
sample_value demand_at, non_heap_at, others_at;

#define SERIES_MAX TREND_POINTS_MAX

struct series {
	struct point p[SERIES_MAX];
	size_t n;
};

/* The lowest (highest) value in each of @windows equal spans of time; empty ones are left out. */
void lowest_in_windows(const struct whycase *c, const struct demand *d, sample_value *value,
		       int64_t from, int64_t to, size_t windows, struct series *ret);
void highest_in_windows(const struct whycase *c, const struct demand *d, sample_value *value,
			int64_t from, int64_t to, size_t windows, struct series *ret);

/* The GC cycles of a span of time; the same index is the same cycle in all. */
struct floors {
	struct series floor, marked;
	struct series non_heap; /* NAN where not known, then @floor is @marked alone */
	struct series load;	/* bytes allocated per second since the one before; NAN unknown */
	bool with_non_heap;	/* known for all */
	size_t cycles;		/* there were, before they were thinned to SERIES_MAX */
};

void floors_between(const struct whycase *c, const struct demand *d, int64_t from, int64_t to,
		    struct floors *ret);

#endif /* CASE_SERIES_H */
