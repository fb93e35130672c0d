/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows: small reads of memory that lie close together, served from a few
 * larger ones.
 *
 * For lists and stacks whose nodes are neighbours (persistentalloc'd buckets,
 * frames of one goroutine): one read of a block instead of one for each node.
 * What is served is as old as the block: a walk uses one set of windows and
 * drops it. Private to goruntime/.
 */
#ifndef GORUNTIME_WINDOWS_H
#define GORUNTIME_WINDOWS_H

#include "target/mem.h"

#define WINDOWS 8
#define WINDOW_SIZE ((size_t)64 << 10)
/* What may be asked for at once; a window reaches this far past its block. */
#define WINDOW_TAIL ((size_t)16 << 10)

struct window {
	uint64_t from, used; /* @used: when it last served, for the choice of the next victim */
	size_t n;
	uint8_t *bytes; /* of WINDOW_SIZE + WINDOW_TAIL; owned; NULL until needed */
};

struct windows {
	struct mem *m; /* not owned */
	uint64_t clock;
	struct window w[WINDOWS];
};

void windows_init(struct windows *ws, struct mem *m);
void windows_release(struct windows *ws);

/*
 * The @n bytes at @addr, valid until the next call; @n at most WINDOW_TAIL
 * (-E2BIG). -EFAULT when they cannot be read, -ENOMEM; else as mem_read().
 */
int windows_at(struct windows *ws, uint64_t addr, size_t n, const uint8_t **ret, struct err *err)
	_must_use_;

#define WINDOWS_OVER(name, m)                           \
	_cleanup_(windows_release) struct windows name; \
	windows_init(&name, (m))

#endif /* GORUNTIME_WINDOWS_H */
