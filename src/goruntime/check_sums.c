/* SPDX-License-Identifier: Apache-2.0 */
/* The relations between the counters; readmemstats_m throws where most of them break. */
#include "goruntime/checks.h"

#include "base/cur.h"
#include "goruntime/counters.h"

#define USER_ARENA_CHUNK (8u << 20)
#define YEAR_2012_NS 1325376000000000000ull
#define YEAR_2100_NS 4102444800000000000ull

static int holds(bool yes)
{
	return yes ? CHECK_HOLDS : CHECK_FAILED;
}

/* A freed user arena leaves heapInUse at once and pagesInUse when it is swept. */
static bool pages_match(const struct go_counters *n)
{
	uint64_t bytes = n->pages_in_use * GO_PAGE_SIZE;

	return bytes >= n->heap_in_use && (bytes - n->heap_in_use) % USER_ARENA_CHUNK == 0;
}

/* setGCPercent: heapMinimum = defaultHeapMinimum * uint64(in) / 100, for -1 too. */
static bool settings_match(const struct goruntime *rt, const struct go_counters *n)
{
	uint64_t percent = (uint64_t)(int64_t)n->gogc;

	return n->gogc >= -1 && n->memory_limit >= 0 &&
	       n->heap_minimum == rt->lay->at[L_DEFAULT_HEAP_MINIMUM] * percent / 100;
}

static int collections_match(struct check_run *c, const struct go_counters *n)
{
	uint32_t cycles = n->num_gc;
	int r;

	if (c->rt->at.work) {
		r = mem_u32(c->m, c->rt->at.work + c->rt->lay->at[L_WORK_CYCLES], &cycles, c->err);
		if (r < 0)
			return check_read_failed(r);
	}
	if (cycles - n->num_gc > 1 || n->gcphase > 2)
		return CHECK_FAILED;
	if (!n->num_gc)
		return CHECK_NOTHING;
	return holds(n->last_gc_unix > YEAR_2012_NS && n->last_gc_unix < YEAR_2100_NS &&
		     n->last_gc_nanotime && n->last_gc_nanotime < YEAR_2012_NS &&
		     n->num_forced_gc <= n->num_gc && n->gc_cpu_fraction >= 0 &&
		     n->gc_cpu_fraction <= 1 && n->enable_gc == 1);
}

int check_sums(struct check_run *c, unsigned which)
{
	struct go_counters n;
	struct go_heap_totals t;
	int r = go_counters_read(c->rt, c->m, &n, c->err);

	if (r < 0)
		return check_read_failed(r);
	if (go_counters_of_18(c->rt->lay) &&
	    (which == SUM_MAPPED_READY || which == SUM_TOTAL_ALLOC))
		return CHECK_NOTHING; /* derived */
	switch (which) {
	case SUM_HEAP_RETAINED:
		return holds(n.heap_in_use + n.heap_free ==
			     n.committed - n.in_stacks - n.in_work_bufs - n.in_ptr_scalar_bits);
	case SUM_HEAP_RELEASED:
		return holds(n.heap_released == n.released);
	case SUM_HEAP_IN_USE:
		return holds(n.heap_in_use == n.in_heap && n.heap_in_use);
	case SUM_MAPPED_READY:
		return holds(n.mapped_ready == go_counters_mapped(&n) - n.released);
	case SUM_TOTAL_ALLOC:
		t = go_counters_totals(&n);
		return holds(n.total_alloc == t.alloc_bytes && n.total_free == t.free_bytes);
	case SUM_PAGES_IN_USE:
		return holds(pages_match(&n));
	case SUM_SETTINGS:
		return holds(settings_match(c->rt, &n));
	default:
		return collections_match(c, &n);
	}
}
