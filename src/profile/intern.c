/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/intern.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_ROOM ((size_t)1024)

struct intern_slot {
	uint64_t hash, id;
	size_t at;
	uint32_t len;
	bool used;
};

void intern_init(struct intern *t, uint64_t first)
{
	*t = (struct intern){ .seed = hash_seed(), .first = first };
}

void intern_release(struct intern *t)
{
	free(t->slots);
	*t = (struct intern){ .seed = t->seed, .first = t->first };
}

static bool same(const struct intern_slot *s, uint64_t hash, const struct buf *held,
		 struct str want)
{
	return s->hash == hash && s->len == want.n &&
	       (!want.n || !memcmp(held->p + s->at, want.p, want.n));
}

bool intern_find(const struct intern *t, const struct buf *held, struct str s, uint64_t *ret)
{
	uint64_t hash = hash_bytes(t->seed, s.p, s.n);
	size_t i;

	if (!t->room)
		return false;
	for (i = hash & (t->room - 1); t->slots[i].used; i = (i + 1) & (t->room - 1)) {
		if (!same(&t->slots[i], hash, held, s))
			continue;
		*ret = t->slots[i].id;
		return true;
	}
	return false;
}

static void place(struct intern_slot *slots, size_t room, const struct intern_slot *s)
{
	size_t i = s->hash & (room - 1);

	while (slots[i].used)
		i = (i + 1) & (room - 1);
	slots[i] = *s;
}

/* At most three quarters full. */
static int grow(struct intern *t)
{
	size_t room = t->room ? t->room * 2 : FIRST_ROOM;
	struct intern_slot *slots;

	if (t->n < t->room / 4 * 3)
		return 0;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i].used)
			place(slots, room, &t->slots[i]);
	}
	free(t->slots);
	t->slots = slots;
	t->room = room;
	return 0;
}

int intern_add(struct intern *t, const struct buf *held, size_t at, size_t len, uint64_t *ret)
{
	struct intern_slot s = { .at = at, .len = (uint32_t)len, .used = true };

	if (len > UINT32_MAX || grow(t) < 0)
		return -ENOMEM;
	s.hash = hash_bytes(t->seed, held->p + at, len);
	s.id = t->first + t->n++;
	place(t->slots, t->room, &s);
	*ret = s.id;
	return 0;
}
