/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineage: goroutines of one origin, followed through the case's snapshots.
 *
 * A goroutine's origin is the go statement that started it (function and line)
 * and the function it began with. Where its members wait may differ by a line
 * or two: they are one lineage all the same. Goroutines of the runtime and
 * those without a known creator (main's own) are left out. Private to
 * src/causes/.
 */
#ifndef CAUSES_LINEAGE_H
#define CAUSES_LINEAGE_H

#include "causes/cause.h"

#define LINEAGES_MAX 256     /* the largest at the end */
#define LINEAGE_LOOKS_MAX 64 /* snapshots; thinned evenly past that, first and last kept */

struct lineage_look { /* at one snapshot */
	int64_t t;
	uint64_t count;	      /* of all states */
	uint64_t blocked;     /* of them waiting for something that another must do */
	uint64_t stack_bytes; /* of the blocked ones */
	int64_t wait_max;     /* of the blocked ones; -1 unknown */
	double wait_mean;     /* of those whose time is known; NAN */
	double timed;	      /* how many they are */
};

struct lineage {
	const struct case_frame *created_by;
	const char *start;		       /* function they began with */
	uint64_t members;		       /* at the end, of all states */
	const struct case_goroutines *largest; /* blocked group at the end; NULL none */
	struct lineage_look *looks;	       /* lineages.n_looks of them */
};

struct lineages {
	struct lineage *all; /* most members at the end first */
	size_t n;
	unsigned n_looks; /* snapshots that have goroutines */
};

/* -ENOMEM only; @ret is empty when no snapshot has goroutines. */
int lineages_of(const struct whycase *c, struct arena *a, struct lineages *ret) _must_use_;

const struct lineage_look *lineage_last(const struct lineages *l, const struct lineage *x);

/* Go's word for a wait that another goroutine, a timer or a peer must end; NULL if it is none:
 * the key of a message, "state.chan-send". */
const char *lineage_blocked_state(const char *state);

#endif /* CAUSES_LINEAGE_H */
