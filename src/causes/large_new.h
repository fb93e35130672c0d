/* SPDX-License-Identifier: Apache-2.0 */
/*
 * large_new: the few largest objects of the heap that were made lately.
 *
 * Objects over 32 KiB have a span of their own (size class 0, runtime/malloc.go).
 * New are those that an earlier look at the spans did not have, size and type
 * compared; where there was none, all, and only the jump of the charge can tell.
 * Private to src/causes/.
 */
#ifndef CAUSES_LARGE_NEW_H
#define CAUSES_LARGE_NEW_H

#include "causes/cause.h"

/* A buffer that grows by a quarter leaves its last eight behind as four fifths of all of them. */
#define LARGE_FEW 8

#define LARGE_LATE_NS 10e9 /* before the end: "the last seconds"; a busy host is slow */

struct large_new {
	bool known;    /* spans were read */
	bool compared; /* an earlier look could be compared with */
	unsigned n;    /* at most LARGE_FEW, largest first */
	const struct case_large *all[LARGE_FEW];
	double bytes;	 /* of these */
	double resident; /* of these what can have been present */
	size_t others;	 /* further new ones at least half as large as the smallest kept */
	bool one_buffer; /* sizes and type are those of one buffer that grows */
};

/* Compared with the last look not after @since, else the first. */
struct large_new large_new_of(const struct whycase *c, int64_t since);

#endif /* CAUSES_LARGE_NEW_H */
