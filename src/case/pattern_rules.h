/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_rules: which rule of docs/patterns.md holds. Private to src/case/. */
#ifndef CASE_PATTERN_RULES_H
#define CASE_PATTERN_RULES_H

#include "case/pattern.h"
#include "case/pattern_facts.h"

enum pattern_series { BY_FLOOR, BY_NON_HEAP, BY_CHARGE };

struct rule {
	const char *id;
	enum pattern_kind kind;
	double confidence;
	const char *why;	/* message key of an unknown, else NULL */
	enum pattern_series by; /* the series that decided, for the slope */
	bool (*holds)(const struct facts *f);
};

/* The first that holds, of those for a process that died of memory or for any other. */
const struct rule *rule_that_holds(const struct facts *f);

/* Live heap that a collector at its tightest still needs (x 1.25), with the non-heap; NAN. */
double facts_tight_need(const struct facts *f);

#endif /* CASE_PATTERN_RULES_H */
