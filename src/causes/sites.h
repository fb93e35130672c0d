/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites: the places of the program that allocate, summed over the ways to them.
 *
 * A site of the heap profile is a whole call stack; a place is the program's
 * own line in it (frames.h). Private to src/causes/.
 */
#ifndef CAUSES_SITES_H
#define CAUSES_SITES_H

#include "causes/cause.h"

struct place {
	const struct case_frame *frame;
	double bytes, objects; /* in use at the end, see site_bytes() */
	double grown;	       /* of bytes: more than at the first profile; all without one */
	double pending;	       /* allocated since the profile was published, bytes */
	double pending_objects;
	const struct case_site *largest;	 /* by bytes */
	const struct case_site *largest_pending; /* by pending bytes */
};

struct places {
	struct place *all;
	size_t n;
	bool compared; /* there was an earlier profile */
};

/* Of the last snapshot with a heap profile; empty without one. -ENOMEM only. */
int places_of(const struct whycase *c, struct arena *a, struct places *ret) _must_use_;

/* In-use bytes and objects of a site at the end: pending ones as far as its objects survive. */
double site_bytes(const struct case_site *s);
double site_objects(const struct case_site *s);

/* Allocated since the profile was published; not below 0. */
double site_pending_bytes(const struct case_site *s);
double site_pending_objects(const struct case_site *s);

#endif /* CAUSES_SITES_H */
