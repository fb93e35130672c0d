/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks: is this layout true of this process?
 *
 * Each check is a relation that the runtime itself keeps (go src/runtime:
 * readmemstats_m's own throws, mspan's and g's invariants). A process that runs
 * may change between two reads, so a relation counts as held when one of a few
 * tries finds it; a wrong offset never does.
 */
#ifndef GORUNTIME_CHECKS_H
#define GORUNTIME_CHECKS_H

#include "goruntime/gather.h"
#include "goruntime/runtime.h"

/*
 * Runs the checks on rt->lay and rt->at and fills rt->checks; one that finds
 * nothing to look at (no heap profile, no collection yet) is left out. 0: all
 * hold; -EAGAIN: the runtime has not initialised; -EBADMSG "span-headers failed";
 * -ESRCH, -EPERM, -ETIME, -ENOMEM as mem_readv().
 */
int go_checks_run(struct goruntime *rt, struct mem *m, struct err *err) _must_use_;

/* For the checks themselves: what one may look at. */
struct check_run {
	const struct goruntime *rt;
	struct mem *m;
	struct gather *gather;
	struct err *err;
};

/* Holds, fails, nothing to look at; or a negative errno that is not the layout's fault. */
enum { CHECK_FAILED, CHECK_HOLDS, CHECK_NOTHING };

int check_sums(struct check_run *c, unsigned which);
int check_span_headers(struct check_run *c, unsigned which);
int check_mcaches(struct check_run *c, unsigned which);
int check_goroutines(struct check_run *c, unsigned which);
int check_threads(struct check_run *c, unsigned which);
int check_processors(struct check_run *c, unsigned which);
int check_buckets(struct check_run *c, unsigned which);

/* Of check_sums(): the relations between the counters. */
enum {
	SUM_HEAP_RETAINED,
	SUM_HEAP_RELEASED,
	SUM_HEAP_IN_USE,
	SUM_MAPPED_READY,
	SUM_TOTAL_ALLOC,
	SUM_PAGES_IN_USE,
	SUM_SETTINGS,
	SUM_COLLECTIONS,
};

/* A read that failed because the address is wrong is the layout's fault, all else is not. */
int check_read_failed(int r);

#endif /* GORUNTIME_CHECKS_H */
