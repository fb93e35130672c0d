/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcaches: what each P has allocated since its cache was last flushed.
 *
 * A P allocates from spans that its mcache holds and adds to the global counts
 * only when a span is full. ReadMemStats flushes all caches under a stop; from
 * outside the difference is added: for each cached span its allocCount less
 * allocCountBeforeCache (1.19); 1.18 adds the whole span when it is cached, and what
 * is still free of it is taken off. Source: Go src/runtime/mcache.go: refill, releaseAll.
 */
#ifndef GORUNTIME_MCACHES_H
#define GORUNTIME_MCACHES_H

#include "goruntime/runtime.h"

struct go_unflushed {
	uint64_t bytes, objects; /* in slots; to 1.18 to be taken off: the sums wrap */
	uint64_t tiny;		 /* small objects without pointers that share a slot */
	uint64_t n_procs;	 /* length of allp */
};

/* -EBADMSG when allp makes no sense; else as mem_readv(). */
int go_mcaches_read(const struct goruntime *rt, struct mem *m, struct go_unflushed *ret,
		    struct err *err) _must_use_;

#endif /* GORUNTIME_MCACHES_H */
