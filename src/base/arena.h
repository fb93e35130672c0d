/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: memory that lives as long as one diagnosis.
 *
 * Everything read for a snapshot and everything said about it comes from one
 * arena and goes with it: there is no free() for a part. The budget is fixed at
 * the start; past it arena_alloc() returns NULL, which callers pass on as
 * -ENOMEM. So hostile input can fail a read but cannot grow the process.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t left; /* of the budget, in bytes */
};

void arena_init(struct arena *a, size_t budget);
void arena_release(struct arena *a);

/*
 * Takes @size bytes of the budget now and touches them, so that later
 * allocations up to that need neither memory nor page faults. -ENOMEM.
 */
int arena_reserve(struct arena *a, size_t size);

/* Zeroed, or NULL when the budget or the machine's memory is spent. */
void *arena_alloc(struct arena *a, size_t size, size_t align) _must_use_;

/* A copy that lives in the arena; {NULL, 0} when there was no room. */
struct str arena_str(struct arena *a, struct str s);

/* As above for @n elements; NULL on overflow too. */
void *arena_array(struct arena *a, size_t n, size_t size, size_t align) _must_use_;
#define arena_new_array(a, type, n) ((type *)arena_array((a), (n), sizeof(type), alignof(type)))

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type), alignof(type)))

#define ARENA(name, budget)                         \
	_cleanup_(arena_release) struct arena name; \
	arena_init(&name, (budget))

#endif /* BASE_ARENA_H */
