/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/last_time.h"

#include "goruntime/slice.h"

#define PROCS_MAX 4096U

/* Beyond that (146 years after boot) it is no time but garbage. */
#define LATEST (INT64_C(1) << 62)

static void take(struct mem *m, uint64_t addr, int64_t *newest)
{
	uint64_t v;

	if (mem_u64(m, addr, &v, NULL) == 0 && (int64_t)v > *newest && (int64_t)v < LATEST)
		*newest = (int64_t)v;
}

static void take_field(const struct goruntime *rt, struct mem *m, uint64_t base,
		       enum layout_field f, int64_t *newest)
{
	if (base && layout_has(rt->lay, f))
		take(m, layout_addr(rt->lay, base, f), newest);
}

static void take_procs(const struct goruntime *rt, struct mem *m, int64_t *newest)
{
	struct go_slice procs;

	if (go_slice_read(m, rt->at.allp, 8, &procs, NULL) < 0)
		return;
	for (uint64_t i = 0; i < procs.len && i < PROCS_MAX; i++) {
		uint64_t p;

		if (mem_u64(m, procs.array + 8 * i, &p, NULL) < 0 || !p)
			continue;
		take_field(rt, m, p, L_P_SCHEDWHEN, newest);
		take_field(rt, m, p, L_P_SYSCALLWHEN, newest);
	}
}

int64_t go_last_time(const struct goruntime *rt, struct mem *m)
{
	int64_t newest = 0;

	take_field(rt, m, rt->at.memstats, L_MSTATS_LAST_GC_NANOTIME, &newest);
	take_field(rt, m, rt->at.sched, L_SCHED_LASTPOLL, &newest);
	take_field(rt, m, rt->at.sched, L_SCHED_PROCRESIZETIME, &newest);
	if (rt->at.runtime_init_time)
		take(m, rt->at.runtime_init_time, &newest);
	take_procs(rt, m, &newest);
	return newest;
}
