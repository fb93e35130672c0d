/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_heap: by how much the live heap grew, from the GC cycles of the record.
 *
 * What a cycle marks is live. What was allocated after the last mark is live or
 * garbage; of it the share counts that stayed of everything allocated between
 * the first mark and the last. Private to src/causes/.
 */
#ifndef CAUSES_LIVE_HEAP_H
#define CAUSES_LIVE_HEAP_H

#include "causes/cause.h"

struct live_heap {
	bool known;
	double first, last; /* marked: median of the first three cycles, and the last */
	double kept;	    /* share of what was allocated between them that stayed; 1 unknown */
	double pending;	    /* allocated since the last mark; 0 unknown */
	double growth;	    /* last - first + kept x pending; not below 0 */
};

/* Growth from nothing where @whole: when it was under way before the record began. */
struct live_heap live_heap_of(const struct whycase *c, bool whole);

#endif /* CAUSES_LIVE_HEAP_H */
