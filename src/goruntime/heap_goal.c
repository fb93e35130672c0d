/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/heap_goal.h"

#define MIN_RUNWAY (64u << 10)

static uint64_t headroom_of(const struct layout *lay, uint64_t goal)
{
	uint64_t headroom;

	if (layout_has(lay, L_LIMIT_HEADROOM))
		return lay->at[L_LIMIT_HEADROOM];
	headroom = goal / 100 * lay->at[L_LIMIT_HEADROOM_PERCENT];
	return headroom < lay->at[L_LIMIT_MIN_HEADROOM] ? lay->at[L_LIMIT_MIN_HEADROOM] : headroom;
}

/* memoryLimitHeapGoal. Torn counters may disagree; the runtime reads them again, we go on. */
static uint64_t limit_goal(const struct layout *lay, const struct go_counters *c)
{
	uint64_t limit = (uint64_t)c->memory_limit, goal, headroom;
	uint64_t heap = c->heap_free + c->total_alloc - c->total_free;
	uint64_t non_heap = heap < c->mapped_ready ? c->mapped_ready - heap : 0;
	uint64_t overage = c->mapped_ready > limit ? c->mapped_ready - limit : 0;

	if (non_heap >= limit || overage >= limit - non_heap)
		return c->heap_marked;
	goal = limit - (non_heap + overage);
	headroom = headroom_of(lay, goal);
	goal = goal < headroom || goal - headroom < headroom ? headroom : goal - headroom;
	return goal < c->heap_marked ? c->heap_marked : goal;
}

uint64_t go_heap_goal(const struct layout *lay, const struct go_counters *c)
{
	uint64_t goal = c->gc_percent_heap_goal, by_limit;

	if (!layout_has(lay, L_GCC_MEMORY_LIMIT))
		return goal; /* 1.18 stores it whole */
	by_limit = limit_goal(lay, c);
	if (by_limit < goal)
		return by_limit;
	if (c->sweep_dist_min_trigger > goal)
		goal = c->sweep_dist_min_trigger;
	if (c->triggered != UINT64_MAX && goal < c->triggered + MIN_RUNWAY)
		goal = c->triggered + MIN_RUNWAY;
	return goal;
}
