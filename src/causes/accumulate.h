/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accumulate: does a lineage of goroutines pile up, or does it come and go?
 *
 * Three questions, each with its own evidence. Does the number grow until the
 * end: the snapshots' counts, or, where snapshots are few, the length of
 * runtime.allgs in every sample. Do the members stay: the age of the oldest
 * wait against the time watched. And where waits are short (each member wakes
 * and waits anew): does the number follow the load, as the rate of allocation
 * shows it. Private to src/causes/.
 */
#ifndef CAUSES_ACCUMULATE_H
#define CAUSES_ACCUMULATE_H

#include "causes/lineage.h"

enum growth {
	GROWTH_UNKNOWN,	 /* too few looks */
	GROWTH_NONE,	 /* no more than before, or hardly */
	GROWTH_LEVELLED, /* grew, then stood still: a bounded pool */
	GROWTH_ENDLESS,
};

enum growth_seen { SEEN_IN_SNAPSHOTS, SEEN_IN_ALLGS, SEEN_TWICE };

enum stay {
	STAY_UNKNOWN, /* no wait was seen by a GC */
	STAY_SHORT,
	STAY_FOR_EVER,
};

enum load { LOAD_UNKNOWN, LOAD_FOLLOWED, LOAD_NOT_FOLLOWED };

struct accumulation {
	enum growth growth;
	enum growth_seen seen;
	enum stay stay;
	enum load load;
	uint64_t first, last; /* blocked members, of which last - first came in the record */
	int64_t span_ns;      /* from the first look (or the record's begin) to the last */
	int64_t wait_max_ns;  /* -1 unknown */
	unsigned looks;
};

struct accumulation accumulation_of(const struct whycase *c, const struct lineages *l,
				    const struct lineage *x);

#endif /* CAUSES_ACCUMULATE_H */
