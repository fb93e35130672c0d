/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/limiter.h"

#define NS_PER_PROC UINT64_C(1000000000)
#define PROCS_MAX 65536u

static int is_limiter(const struct goruntime *rt, struct mem *m, uint64_t addr, struct err *err)
{
	uint64_t capacity = 0;
	uint32_t n_procs = 0;
	struct mem_piece v[] = {
		{ addr + rt->lay->at[L_LIMITER_CAPACITY], &capacity, 8, false },
		{ addr + rt->lay->at[L_LIMITER_NPROCS], &n_procs, 4, false },
	};
	int r = mem_readv(m, v, 2, err);

	if (r < 0)
		return r;
	return v[0].ok && v[1].ok && n_procs && n_procs <= PROCS_MAX &&
	       capacity == n_procs * NS_PER_PROC;
}

int go_limiter_settle(struct goruntime *rt, struct mem *m, struct err *err)
{
	const uint64_t places[] = { rt->at.gc_cpu_limiter,
				    rt->at.gc_cpu_limiter + rt->lay->at[L_LIMITER_ENABLED] };

	if (!rt->at.gc_cpu_limiter)
		return 0;
	rt->at.gc_cpu_limiter = 0;
	for (size_t i = 0; i < 2; i++) {
		int r = is_limiter(rt, m, places[i], err);

		if (r < 0)
			return r;
		if (r) {
			rt->at.gc_cpu_limiter = places[i];
			break;
		}
	}
	return 0;
}
