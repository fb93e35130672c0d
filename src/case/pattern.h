/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: slow death or sudden death, from the case's two series.
 *
 * "floor" is the live heap that each GC cycle marked plus non-heap memory;
 * "charge" is what the limit counts. Robust statistics only: Theil-Sen slope
 * with its interval (Kendall variance, ties and lag-1 correlation corrected),
 * steps between medians; never least squares. Rules: docs/patterns.md.
 */
#ifndef CASE_PATTERN_H
#define CASE_PATTERN_H

#include "case/case.h"
#include "case/trend.h"

enum pattern_kind {
	PATTERN_UNKNOWN,
	PATTERN_LEAK,
	PATTERN_PEAK,
	PATTERN_PLATEAU,
	PATTERN_SAWTOOTH,
	PATTERN_COUNT
};

struct pattern {
	enum pattern_kind kind;
	double confidence; /* fixed table, docs/patterns.md */
	const char *rule;  /* the row of docs/patterns.md that decided: "leak-floors"; static */
	/*
	 * Bytes/s of the series that decided: the floor, or non-heap memory where that alone
	 * rises; NAN unknown.
	 */
	double slope;
	double seconds_to_limit, seconds_low, seconds_high; /* live process; NAN none */
	/*
	 * floor, marked: one point for each GC cycle. charge, non_heap, others: the lowest values
	 * of equal spans of time; charge without page cache where that is known apart; non_heap
	 * is charge less the Go heap's pages (stacks, native memory, other processes …); others
	 * is the anonymous memory of the group's other processes.
	 */
	struct trend floor, charge, marked, non_heap, others;
	uint64_t healthy_floor; /* median of the first three cycles' floor; UNKNOWN_U64 */
	uint64_t last_floor;
	bool grew_before_record; /* growth was under way when the record began: shares are of the
				    whole */
	/*
	 * The climb to the end: from the lowest charge of the last 5 s (a 60th of the record if
	 * that is longer, at most 60 s) to the last; UNKNOWN_U64, UNKNOWN_I64 without samples.
	 */
	uint64_t jump_bytes;
	int64_t jump_ns;
	/*
	 * Non-heap + live x (1 + GOGC/100), bounded by GOMEMLIMIT; UNKNOWN_U64; CASE_NO_LIMIT
	 * when the collector is off (GOGC=off without GOMEMLIMIT).
	 */
	uint64_t predicted_peak;
	uint64_t tight_need; /* non-heap + live x 1.25: what a tight collector would need;
				UNKNOWN_U64 */
	uint64_t to_explain; /* bytes between healthy floor (plateau: 0) and the end; UNKNOWN_U64 */
	const char *why_unknown; /* message key when kind is unknown, else NULL */
	uint64_t more_cycles;	 /* that many more GC cycles would decide; 0 */
};

void pattern_of(const struct whycase *c, struct pattern *ret);
const char *pattern_name(enum pattern_kind k);

#endif /* CASE_PATTERN_H */
