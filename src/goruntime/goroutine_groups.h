/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goroutine_groups: goroutines counted by state, stack and creator.
 *
 * Private to goruntime/: goroutines.c fills it one by one, in one pass.
 */
#ifndef GORUNTIME_GOROUTINE_GROUPS_H
#define GORUNTIME_GOROUTINE_GROUPS_H

#include "base/buf.h"
#include "goruntime/g_read.h"
#include "goruntime/goroutines.h"

struct group_slot;

struct goroutine_groups {
	const struct layout *lay;
	struct arena *a; /* for the stacks and words of new groups */
	int64_t now;
	struct buf groups;	  /* of struct goroutine_group, in the order of their first */
	struct group_slot *slots; /* owned; open addressing */
	size_t room;		  /* a power of two */
	uint64_t seed;
};

/* What one goroutine shows of itself. */
struct goroutine_shown {
	const struct g *g;
	bool system, cut;
	uint32_t n_pcs;
	const uint64_t *pcs;
};

void groups_init(struct goroutine_groups *t, const struct layout *lay, struct arena *a, int64_t now,
		 size_t max_groups);
void groups_release(struct goroutine_groups *t);

/* -ENOMEM when the arena is spent, -E2BIG past @max_groups. */
int groups_add(struct goroutine_groups *t, const struct goroutine_shown *s, struct err *err)
	_must_use_;

/* The groups in the arena, the largest count first. */
int groups_finish(struct goroutine_groups *t, struct goroutine_group **ret, size_t *ret_n,
		  struct err *err) _must_use_;

#endif /* GORUNTIME_GOROUTINE_GROUPS_H */
