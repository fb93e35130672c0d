/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime: one Go runtime found and proved in an address space.
 *
 * goruntime_attach() finds the runtime's globals by what its own functions
 * refer to (two or more witnesses vote), tries the layout tables (the version's
 * own first, then its neighbours) and keeps the one whose invariants all hold
 * on this very process. If none does it refuses: nothing is read by a table
 * that was not proved.
 *
 * The struct is read-only after attach and holds no pointer to @mem: the same
 * runtime can be read by way of another mem later (held at its exit).
 * Sources: Go src/runtime/{mheap,mstats,mgcpacer,runtime2,proc}.go, 1.18 to 1.27.
 */
#ifndef GORUNTIME_RUNTIME_H
#define GORUNTIME_RUNTIME_H

#include "goruntime/layout.h"
#include "image/image.h"
#include "target/mem.h"

/* Addresses of the runtime's globals in the target; 0: not found (optional ones only). */
struct go_globals {
	uint64_t memstats, gc_controller, mheap; /* required */
	uint64_t allgs, allglen, allgptr, allp;	 /* required */
	uint64_t mbuckets, mprof_cycle, mem_profile_rate;
	uint64_t sched, work, gcphase;
	uint64_t runtime_init_time, gc_cpu_limiter, allm;
};

/* One relation that the runtime keeps (checks.h), and how it came out on this process. */
struct go_check {
	const char *name; /* static: "span-headers" */
	bool ok;
};

#define GO_CHECKS_MAX 24

struct goruntime {
	const struct image *img; /* not owned */
	const struct layout *lay;
	struct go_globals at;
	struct go_check checks[GO_CHECKS_MAX];
	unsigned n_checks;
};

/*
 * @img stays the caller's and must outlive @ret. -ENOENT when a required global
 * is not found; -ENOTSUP when no layout passes: "PID 4242: go1.29.1: none of the
 * 17 layouts fits: span-headers failed", where the check is that of the nearest
 * layout; others as mem_readv(). -EAGAIN when the runtime has not initialised yet
 * (the process has just been started): try again, a second at most.
 *
 * Globals that are not required are 0 where their witnesses do not agree.
 */
int goruntime_attach(struct mem *m, const struct image *img, struct goruntime *ret, struct err *err)
	_must_use_;

/*
 * The same where the layout's name and the globals are known from an earlier
 * attach to the same binary: all invariants are checked as ever, only the search
 * is left out. -ENOTSUP where there is no such layout or it does not hold.
 */
int goruntime_attach_known(struct mem *m, const struct image *img, const char *layout,
			   const struct go_globals *at, struct goruntime *ret, struct err *err)
	_must_use_;

/* The layouts' files, for --version and doctor: oldest and newest minor known. */
int goruntime_oldest_minor(void);
int goruntime_newest_minor(void);

#endif /* GORUNTIME_RUNTIME_H */
