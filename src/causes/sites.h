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
	double grown;	       /* of bytes: more than in the earlier profile; all without one */
	/* Of objects so large that each one is sampled (exact): not freed yet at the end. */
	double large_bytes, large_objects;
	double large_grown; /* of large_bytes: more than in the earlier profile */
};

struct places {
	struct place *all;
	size_t n;
	bool compared; /* there was an earlier profile */
};

#define SITE_LARGE (1u << 20) /* twice the default runtime.MemProfileRate */

/*
 * Of the last snapshot with a heap profile, compared with the last one not after
 * @since (INT64_MIN: with the first). Sites that an earlier finding claims are left
 * out. Empty without a profile. -ENOMEM only.
 */
int places_of(const struct evidence_base *e, int64_t since, struct arena *a, struct places *ret)
	_must_use_;

/* The places that grew most, largest first, at most @max of them: how many. */
unsigned places_grown(const struct places *l, const struct place **ret, unsigned max);

/* In-use bytes and objects of a site at the end: pending ones as far as its objects survive. */
double site_bytes(const struct case_site *s);
double site_objects(const struct case_site *s);

#endif /* CAUSES_SITES_H */
