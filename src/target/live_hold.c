/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_hold: has the kernel begun to take the memory of a held process?
 *
 * Two seconds after the kill (at once before Linux 5.18) the OOM reaper empties
 * the private mappings, one after the other in the order of their addresses or
 * in the reverse order. A page that it took looks like one that was never
 * touched, and would be answered with zeros. So a private page of the program's
 * own is watched at either end: while both are there, the reaper has not come
 * further than the mapping of one of them. Source: mm/oom_kill.c,
 * __oom_reap_task_mm().
 */
#include <errno.h>

#include "host/pagemap.h"
#include "target/live_private.h"

#define WORDS ((size_t)512)
#define LOOKS 64 /* in one mapping */

static bool own(uint64_t word)
{
	return (word & PAGEMAP_PRESENT) && !(word & PAGEMAP_FILE);
}

/* The first page of mapping @i that the program wrote; 0: none (in the part looked at). */
static uint64_t first_own(struct live *l, size_t i)
{
	const struct mem_region *r = &l->table->regions[i];
	uint64_t words[WORDS], at = r->start;

	for (int look = 0; look < LOOKS && at < r->end; look++) {
		size_t want = (size_t)((r->end - at) / l->page_size);
		ssize_t n = pagemap_read(l->pagemap, at, l->page_size, words,
					 want < WORDS ? want : WORDS, NULL);

		if (n <= 0)
			return 0;
		for (ssize_t k = 0; k < n; k++) {
			if (own(words[k]))
				return at + (uint64_t)k * l->page_size;
		}
		at += (uint64_t)n * l->page_size;
	}
	return 0;
}

static bool watchable(const struct live *l, size_t i)
{
	return l->table->backing[i] != LIVE_NONE && (l->table->regions[i].prot & MEM_W);
}

int live_watch(struct live *l, struct err *err)
{
	uint64_t low = 0, high = 0;

	for (size_t i = 0; i < l->table->n && !low; i++) {
		if (watchable(l, i))
			low = first_own(l, i);
	}
	for (size_t i = l->table->n; i-- > 0 && !high;) {
		if (watchable(l, i))
			high = first_own(l, i);
	}
	if (!low)
		return err_set(err, -ESRCH, "%s: its memory was already taken away", l->name);
	l->canary[0] = low;
	l->canary[1] = high;
	return 0;
}

int live_intact(struct live *l, struct err *err)
{
	for (int i = 0; i < 2; i++) {
		uint64_t word = 0;
		ssize_t n = pagemap_read(l->pagemap, l->canary[i], l->page_size, &word, 1, err);

		l->mem.calls++;
		if (n < 0)
			return err_wrap(err, (int)n, "%s", l->name);
		if (n == 0 || !(word & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)))
			return err_set(err, -ESRCH, "%s: the kernel is taking its memory away",
				       l->name);
	}
	return 0;
}
