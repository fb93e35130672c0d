/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: the addresses of the runtime's globals, from what its code refers to.
 *
 * A stripped binary has no symbols, but the pclntab names its functions, and a
 * function's code names the data it uses. A recipe says: the n-th distinct
 * address that function F refers to in segment S is global G plus an offset
 * (that of a member, from the layout tried, where F uses a member). Each global
 * has several such witnesses; they vote.
 *
 * The recipes were derived from symbol tables of Go 1.18 to 1.27, amd64, and
 * hold for each of them and for arm64's, whose compiler refers to data in the same
 * order; 1.18 has a few of its own. A witness that is not linked has no vote.
 */
#ifndef GORUNTIME_LOCATE_H
#define GORUNTIME_LOCATE_H

#include "goruntime/runtime.h"

enum go_global {
	GLOBAL_MEMSTATS,
	GLOBAL_GC_CONTROLLER,
	GLOBAL_MHEAP,
	GLOBAL_ALLGS,
	GLOBAL_ALLGLEN,
	GLOBAL_ALLGPTR,
	GLOBAL_ALLP,
	GLOBAL_GCPHASE,
	GLOBAL_MBUCKETS,
	GLOBAL_MPROF_CYCLE,
	GLOBAL_MEM_PROFILE_RATE,
	GLOBAL_SCHED,
	GLOBAL_WORK,
	GLOBAL_RUNTIME_INIT_TIME,
	GLOBAL_GC_CPU_LIMITER,
	GLOBAL_ALLM,
	GLOBAL_COUNT
};

#define WITNESS_FUNCTIONS_MAX 72
#define WITNESS_TARGETS_MAX 80

/* The distinct addresses that one witness refers to, in code order. */
struct go_witness {
	const char *function; /* static */
	uint8_t n;	      /* 0: not linked, or its code could not be read */
	uint8_t segment[WITNESS_TARGETS_MAX];
	uint64_t target[WITNESS_TARGETS_MAX];
};

struct go_witnesses {
	struct go_witness w[WITNESS_FUNCTIONS_MAX];
	unsigned n;
};

/* Reads the witnesses' code, once for all layouts. Errors as mem_readv(). */
int go_witnesses_read(struct mem *m, const struct image *img, struct go_witnesses *ret,
		      struct err *err) _must_use_;

/*
 * What they say if @lay is the layout. -ENOENT "runtime.mheap_ is not found" when
 * a required global has no candidate, fewer than two votes where two witnesses
 * are linked, or two candidates with as many votes; optional ones are then 0.
 */
int go_globals_locate(const struct go_witnesses *w, const struct layout *lay,
		      struct go_globals *ret, struct err *err) _must_use_;

#endif /* GORUNTIME_LOCATE_H */
