/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/stats.h"

#include <errno.h>
#include <string.h>

#include "goruntime/counters.h"
#include "goruntime/heap_goal.h"
#include "goruntime/mcaches.h"

#define TRIES 4

/* The optional globals: a number each, or the value for "not found". */
struct singles {
	uint64_t init_time, mem_profile_rate;
	uint8_t limiter_enabled;
	bool limiter_known;
};

static int read_singles(const struct goruntime *rt, struct mem *m, struct singles *ret,
			struct err *err)
{
	struct singles s = { .mem_profile_rate = GO_RATE_UNKNOWN };
	const struct mem_piece all[] = {
		{ rt->at.runtime_init_time, &s.init_time, 8, false },
		{ rt->at.mem_profile_rate, &s.mem_profile_rate, 8, false },
		{ rt->at.gc_cpu_limiter, &s.limiter_enabled, 1, false },
	};
	struct mem_piece v[3];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < 3; i++)
		if (all[i].addr)
			v[n++] = all[i];
	if (rt->at.gc_cpu_limiter)
		v[n - 1].addr += rt->lay->at[L_LIMITER_ENABLED];
	r = mem_readv(m, v, n, err);
	if (r < 0)
		return r;
	s.limiter_known = rt->at.gc_cpu_limiter && v[n - 1].ok;
	for (size_t i = 0; i < n; i++)
		if (v[i].dst == &s.mem_profile_rate && !v[i].ok)
			s.mem_profile_rate = GO_RATE_UNKNOWN;
	*ret = s;
	return 0;
}

static bool same_allocations(const struct go_counters *a, const struct go_counters *b)
{
	return a->total_alloc == b->total_alloc && a->total_free == b->total_free &&
	       a->tiny_allocs == b->tiny_allocs && a->num_gc == b->num_gc;
}

/* The counters and what the caches hold beside them, of one moment if one can be had. */
static int read_counts(const struct goruntime *rt, struct mem *m, struct go_counters *c,
		       struct go_unflushed *u, struct err *err)
{
	struct go_counters before;
	int r = go_counters_read(rt, m, c, err);

	for (int try = 0; r >= 0 && try < TRIES; try++) {
		before = *c;
		r = go_mcaches_read(rt, m, u, err);
		if (r >= 0)
			r = go_counters_read(rt, m, c, err);
		if (r >= 0 && same_allocations(&before, c))
			break;
	}
	return r;
}

/* As if the caches had been flushed. */
static void add_unflushed(struct go_counters *c, const struct go_unflushed *u)
{
	c->total_alloc += u->bytes;
	c->tiny_allocs += u->tiny;
}

static void set_allocations(struct gostats *s, const struct go_counters *c,
			    const struct go_unflushed *u)
{
	struct go_heap_totals t = go_counters_totals(c);

	s->total_alloc = t.alloc_bytes + u->bytes;
	s->alloc = s->heap_alloc = s->total_alloc - t.free_bytes;
	s->mallocs = t.allocs + u->objects;
	s->frees = t.frees;
	s->heap_objects = s->mallocs - s->frees;
}

static void set_memory(struct gostats *s, const struct go_counters *c)
{
	s->sys = go_counters_mapped(c);
	s->heap_inuse = c->heap_in_use;
	s->heap_free = c->heap_free;
	s->heap_released = c->heap_released;
	s->heap_idle = c->heap_free + c->heap_released;
	s->heap_sys = s->heap_inuse + s->heap_idle;
	s->stack_inuse = c->in_stacks;
	s->stack_sys = c->in_stacks + c->stacks_sys;
	s->mspan_inuse = c->spans_inuse_bytes;
	s->mspan_sys = c->mspan_sys;
	s->mcache_inuse = c->mcache_inuse_bytes;
	s->mcache_sys = c->mcache_sys;
	s->buckhash_sys = c->buckhash_sys;
	s->gc_sys = c->gc_misc_sys + c->in_work_bufs + c->in_ptr_scalar_bits;
	s->other_sys = c->other_sys;
	s->mapped_ready = c->mapped_ready;
}

static void set_collector(struct gostats *s, const struct layout *lay, const struct go_counters *c)
{
	s->next_gc = s->heap_goal = go_heap_goal(lay, c);
	s->last_gc = c->last_gc_unix;
	s->pause_total_ns = c->pause_total_ns;
	s->num_gc = c->num_gc;
	s->num_forced_gc = c->num_forced_gc;
	s->gc_cpu_fraction = c->gc_cpu_fraction;
	s->enable_gc = c->enable_gc != 0;
	s->gogc = c->gogc;
	s->memory_limit = c->memory_limit;
	s->heap_marked = c->num_gc ? c->heap_marked : 0;
	s->heap_live = c->heap_live;
	s->heap_minimum = c->gogc < 0 ? 0 : c->heap_minimum;
	s->triggered = c->triggered;
	s->gcphase = c->gcphase;
	s->goroutines = c->allglen;
}

int gostats_read(const struct goruntime *rt, struct mem *m, struct gostats *ret, struct err *err)
{
	struct go_unflushed unflushed;
	struct go_counters counters;
	struct singles singles;
	struct gostats s = { 0 };
	int r = read_singles(rt, m, &singles, err);

	if (r >= 0)
		r = read_counts(rt, m, &counters, &unflushed, err);
	if (r < 0)
		return r;
	add_unflushed(&counters, &unflushed);
	set_allocations(&s, &counters, &unflushed);
	set_memory(&s, &counters);
	set_collector(&s, rt->lay, &counters);
	s.gomaxprocs = unflushed.n_procs;
	s.init_time = (int64_t)singles.init_time;
	s.mem_profile_rate = singles.mem_profile_rate;
	s.limiter_known = singles.limiter_known;
	s.limiter_on = singles.limiter_enabled != 0;
	*ret = s;
	return 0;
}
