/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern: numbers equal byte strings, so that each is written once.
 *
 * Keeps no copy: an entry is a place in the buffer that already holds the
 * bytes. Bounded by that buffer. Ids are dense and count from @first.
 */
#ifndef PROFILE_INTERN_H
#define PROFILE_INTERN_H

#include <stdbool.h>

#include "base/buf.h"

struct intern_slot;

struct intern {
	struct intern_slot *slots; /* owned; NULL until the first entry */
	size_t room, n;		   /* @room is a power of two */
	uint64_t seed, first;
};

void intern_init(struct intern *t, uint64_t first);
void intern_release(struct intern *t);

/* The id of @s, whose earlier copy lies in @held; false if it has none. */
bool intern_find(const struct intern *t, const struct buf *held, struct str s, uint64_t *ret);

/* Number what lies in @held at @at. 0 or -ENOMEM (also past 2^32 - 1 bytes in one entry). */
int intern_add(struct intern *t, const struct buf *held, size_t at, size_t len, uint64_t *ret)
	_must_use_;

#endif /* PROFILE_INTERN_H */
