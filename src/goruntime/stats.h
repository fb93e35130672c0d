/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: what runtime.ReadMemStats would say, and the collector's settings.
 *
 * Formulas of readmemstats_m and heapGoalInternal (Go src/runtime/mstats.go,
 * mgcpacer.go). ReadMemStats flushes each P's caches under a stop; from outside
 * their counts are added instead. Without a stop a value may be torn by the few
 * allocations that happen during the read (microseconds); while the process is
 * quiet every field equals ReadMemStats's, but for what its flush itself changes:
 * it frees the stacks that Ps hold in reserve (StackInuse and StackSys fall, by
 * as much HeapIdle and HeapSys rise) and puts spans on lists that may need memory
 * (GCSys and Sys rise, or OtherSys falls; NextGC follows under a memory limit).
 */
#ifndef GORUNTIME_STATS_H
#define GORUNTIME_STATS_H

#include "goruntime/runtime.h"
#include "goruntime/sampler.h"
#include "goruntime/size_classes.h"

#define GO_NO_LIMIT INT64_MAX
#define GO_RATE_UNKNOWN UINT64_MAX

struct gostats {
	/* the fields of runtime.MemStats, in bytes or counts */
	uint64_t alloc, total_alloc, sys, lookups, mallocs, frees;
	uint64_t heap_alloc, heap_sys, heap_idle, heap_inuse, heap_released, heap_objects;
	uint64_t stack_inuse, stack_sys, mspan_inuse, mspan_sys, mcache_inuse, mcache_sys;
	uint64_t buckhash_sys, gc_sys, other_sys, next_gc, last_gc; /* last_gc: ns since 1970 */
	uint64_t pause_total_ns;
	uint32_t num_gc, num_forced_gc;
	double gc_cpu_fraction;
	bool enable_gc;

	/* beyond MemStats */
	int32_t gogc;	       /* -1: off */
	int64_t memory_limit;  /* GO_NO_LIMIT: off, or Go 1.18, which knows none */
	uint64_t heap_goal;    /* = next_gc */
	uint64_t heap_marked;  /* live heap as the last mark found it; 0 before the first */
	uint64_t heap_live;    /* marked + allocated since; a cached span counts as full */
	uint64_t heap_free;    /* resident or not, not in spans, not returned */
	uint64_t mapped_ready; /* what GOMEMLIMIT governs */
	uint64_t heap_minimum; /* 4 MiB x GOGC/100; 0: GOGC is off */
	uint64_t triggered;    /* heap live when the running cycle began; UINT64_MAX: none runs */
	uint32_t gcphase;      /* 0 off, 1 mark, 2 mark termination */
	bool limiter_known;    /* false: @limiter_on could not be looked at */
	bool limiter_on;       /* the GC CPU limiter: GOMEMLIMIT cannot be kept */
	uint64_t goroutines;   /* allglen: dead ones too (goroutines.h has the live count) */
	uint64_t gomaxprocs;   /* length of allp */
	int64_t init_time;     /* runtimeInitTime, CLOCK_MONOTONIC ns; 0 unknown */
	uint64_t mem_profile_rate; /* 0: the linker or the program turned heap profiling off;
				      GO_RATE_UNKNOWN: not found */
};

/* Everything above. A dozen reads of fixed ranges. Errors as mem_readv(), -EBADMSG. */
int gostats_read(const struct goruntime *rt, struct mem *m, struct gostats *ret, struct err *err)
	_must_use_;

#endif /* GORUNTIME_STATS_H */
