/* SPDX-License-Identifier: Apache-2.0 */
#include "case/ledger_heap.h"

#define TORN_SHARE 1000 /* stats and walk may differ by a thousandth and still be of one moment */

static int64_t at_most(uint64_t v, int64_t most)
{
	return v < (uint64_t)most ? (int64_t)v : most;
}

/* Of @inuse bytes in spans: @objects allocated, @dead of them garbage, @marked of them live. */
static void split(struct ledger_heap *h, int64_t inuse, uint64_t objects, uint64_t dead,
		  uint64_t marked)
{
	int64_t allocated = at_most(objects, inuse);

	h->known = true;
	h->dead = at_most(dead, allocated);
	h->live = at_most(marked, allocated - h->dead);
	h->fresh = allocated - h->dead - h->live;
	h->slack = inuse - allocated;
}

/*
 * Pages of spans that were never touched (or were swapped out) are in no one's resident memory:
 * taken off what was allocated last, then off empty slots, garbage, and live objects, since which
 * object lies on them was not looked at.
 */
static void take_off(struct ledger_heap *h, int64_t absent)
{
	int64_t *const from[] = { &h->fresh, &h->slack, &h->dead, &h->live };

	for (unsigned i = 0; i < 4 && absent > 0; i++) {
		int64_t part = absent < *from[i] ? absent : *from[i];

		*from[i] -= part;
		absent -= part;
		h->counted = false;
	}
}

static bool torn(const struct case_snapshot *s, int64_t inuse)
{
	int64_t most = inuse / TORN_SHARE;

	return s->torn_bytes > most || s->torn_bytes < -most;
}

struct ledger_heap ledger_heap_of_snapshot(const struct case_snapshot *s, int64_t present,
					   int64_t absent)
{
	struct ledger_heap h = { .from = "mheap_.allspans and gcController.heapMarked" };
	const struct case_gostats *g = s->stats;

	if (!g || !known(g->heap_marked))
		return h;
	if (s->have_spans) {
		h.counted = !torn(s, present + absent);
		split(&h, present + absent, s->object_bytes, s->dead_bytes, g->heap_marked);
	} else if (known(g->heap_alloc) && known(g->heap_live)) {
		h.from = "memstats HeapAlloc, gcController.heapLive and heapMarked";
		split(&h, present + absent, g->heap_alloc,
		      g->heap_alloc > g->heap_live ? g->heap_alloc - g->heap_live : 0,
		      g->heap_marked);
	}
	take_off(&h, absent);
	return h;
}

/* A sample has no count of garbage not yet swept: it is in the slack. */
struct ledger_heap ledger_heap_of_sample(const struct case_sample *s, int64_t present,
					 int64_t absent)
{
	struct ledger_heap h = { .from = "gcController.heapLive and heapMarked, last sample" };

	if (known(s->heap_live) && known(s->heap_marked))
		split(&h, present + absent, s->heap_live, 0, s->heap_marked);
	take_off(&h, absent);
	return h;
}
