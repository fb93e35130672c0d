/* SPDX-License-Identifier: Apache-2.0 */
#include "target/live_work.h"

#include <errno.h>
#include <string.h>

static bool is_small(const struct mem_piece *v, size_t n, size_t page_size)
{
	size_t pages = 0;

	if (n > WORK_SMALL)
		return false;
	for (size_t i = 0; i < n && pages <= WORK_SMALL; i++)
		pages += v[i].len / page_size + 1;
	return pages <= WORK_SMALL;
}

static void use_small(struct work *w)
{
	w->order = w->small.order;
	w->parts = w->small.parts;
	w->local = w->small.local;
	w->remote = w->small.remote;
	w->words = w->small.words;
	w->room = w->room_words = WORK_SMALL;
}

static int use_large(struct work *w)
{
	size_t n = w->n < WORK_BLOCK ? w->n : WORK_BLOCK;

	w->large = malloc(sizeof(*w->large) + n * sizeof(*w->order));
	if (!w->large)
		return -ENOMEM;
	w->order = w->large->order;
	w->parts = w->large->parts;
	w->local = w->large->local;
	w->remote = w->large->remote;
	w->words = w->large->words;
	w->room = WORK_PARTS;
	w->room_words = WORK_WORDS;
	return 0;
}

int work_init(struct work *w, struct live *l, struct mem_piece *v, size_t n)
{
	/* The arrays need no zeros: they are filled before they are read. */
	memset(w, 0, offsetof(struct work, small));
	w->l = l;
	w->v = v;
	w->n = n;
	if (!is_small(v, n, l->page_size))
		return use_large(w);
	use_small(w);
	return 0;
}

void work_release(struct work *w)
{
	free(w->large);
}

static int by_addr(const void *a, const void *b)
{
	const struct work_slot *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

void work_order(struct work *w, size_t from)
{
	size_t end = w->n - from > WORK_BLOCK ? from + WORK_BLOCK : w->n;
	bool sorted = true;

	w->n_order = 0;
	for (size_t i = from; i < end; i++) {
		struct mem_piece *p = &w->v[i];
		uint64_t behind;

		if (p->len == 0)
			p->ok = true;
		if (p->ok || __builtin_add_overflow(p->addr, p->len, &behind))
			continue;
		sorted &= w->n_order == 0 || w->order[w->n_order - 1].addr <= p->addr;
		w->order[w->n_order++] = (struct work_slot){ p->addr, i };
	}
	if (!sorted)
		qsort(w->order, w->n_order, sizeof(*w->order), by_addr);
}
