/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_facts: what the rules of pattern.c ask about, worked out once.
 *
 * Private to src/case/. Bytes and seconds are doubles here; NAN is unknown.
 */
#ifndef CASE_PATTERN_FACTS_H
#define CASE_PATTERN_FACTS_H

#include "case/course.h"
#include "case/series.h"

struct facts {
	const struct whycase *c;
	struct demand demand;
	int64_t begin, end; /* of the record, CLOCK_MONOTONIC */
	bool has_samples;
	bool has_heap;	 /* the Go runtime's numbers were sampled */
	bool from_start; /* the record began with the process */
	bool died_of_it; /* ended at its limit, or killed for memory: there is an end to explain */
	double limit;	 /* NAN unknown or none */
	double end_charge; /* what the limit counted at the end */
	double end_demand; /* of it, what the kernel cannot take back */
	double scale;	   /* what "a tenth" is a tenth of: end_demand; for the living the limit */

	double growth;		     /* GOGC/100; infinite: off */
	double memory_limit, not_go; /* GOMEMLIMIT, NAN off; charge that it does not govern */

	/* One value for each, medians of three where there are ten cycles or more. */
	double healthy_floor, healthy_marked, healthy_non_heap;
	double last_floor, last_marked, last_non_heap;
	double last_goal; /* of the heap, as the last cycle set it; NAN unknown */

	struct floors floors; /* of the whole record but for its start-up and a sudden climb */
	size_t n_floors;      /* cycles in the whole record */
	struct course floor_course;
	size_t late_floors;		/* cycles after the first tenth of the record */
	double late_growth;		/* the last of them over the first of them; NAN: none */
	struct series charge, non_heap; /* lowest of equal windows */
	struct course non_heap_course, charge_course;

	bool sudden; /* the last seconds took the charge far above all before */
	bool tooth;  /* but it is only what the collector let be allocated, at the usual rate */
	double jump; /* the climb of the last seconds */
	int64_t jump_ns;
};

#define FACTS_WINDOWS 128 /* of equal time, in each the lowest value */

void facts_gather(const struct whycase *c, struct facts *f);

/* Non-heap and heap goal of @live bytes: what the collector lets the charge grow to. */
double facts_peak(const struct facts *f, double live, double non_heap);

/* The live heap and GOMEMLIMIT taken into account: the contract's predicted peak. */
double facts_predicted_peak(const struct facts *f);

/* pattern_jump.c: @jump, @jump_ns and @sudden; *@ret_quiet: when the last seconds began. */
void facts_find_jump(struct facts *f, int64_t *ret_quiet);

/* The climb since @quiet is one tooth of garbage; after the floors before it were judged. */
bool facts_is_tooth(const struct facts *f, int64_t quiet);

/* Where the record begins to tell of more than loading. */
int64_t facts_after_startup(const struct facts *f);

#endif /* CASE_PATTERN_FACTS_H */
