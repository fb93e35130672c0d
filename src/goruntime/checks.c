/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/checks.h"

#include <errno.h>
#include <time.h>

#define TRIES 12

/* Cheapest and strongest first: a wrong layout is seen by the first few. */
static const struct {
	const char *name;
	int (*run)(struct check_run *c, unsigned which);
	unsigned which;
} checks[] = {
	{ "gogc-and-heap-minimum", check_sums, SUM_SETTINGS },
	{ "heap-in-use", check_sums, SUM_HEAP_IN_USE },
	{ "heap-released", check_sums, SUM_HEAP_RELEASED },
	{ "heap-retained", check_sums, SUM_HEAP_RETAINED },
	{ "mapped-ready", check_sums, SUM_MAPPED_READY },
	{ "total-alloc", check_sums, SUM_TOTAL_ALLOC },
	{ "pages-in-use", check_sums, SUM_PAGES_IN_USE },
	{ "collections", check_sums, SUM_COLLECTIONS },
	{ "processors", check_processors, 0 },
	{ "span-headers", check_span_headers, 0 },
	{ "mcaches", check_mcaches, 0 },
	{ "goroutines", check_goroutines, 0 },
	{ "threads", check_threads, 0 },
	{ "buckets", check_buckets, 0 },
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))
_Static_assert(N_CHECKS <= GO_CHECKS_MAX, "room for each");

int check_read_failed(int r)
{
	return r == -EFAULT || r == -EBADMSG ? CHECK_FAILED : r;
}

/* Let the target's threads get on: what was torn now need not be so a moment later. */
static void pause_briefly(int try)
{
	struct timespec t = {.tv_nsec = 20000L << (try < 6 ? try : 6) };

	nanosleep(&t, NULL);
}

static int run_check(struct check_run *c, size_t i)
{
	int r = CHECK_FAILED;

	for (int try = 0; try < TRIES && r == CHECK_FAILED; try++) {
		if (try == 1) { /* what it looks at may have been mapped a moment ago */
			r = mem_refresh(c->m, c->err);
			if (r < 0)
				return r;
		}
		if (try > 2)
			pause_briefly(try - 3);
		r = checks[i].run(c, checks[i].which);
	}
	return r;
}

/* What is zero until the runtime of a process that has just been started has begun. */
struct beginning {
	bool begun; /* runtime.main runs, or it is not known and all else is there */
	bool known; /* runtimeInitTime is found */
};

static int read_beginning(const struct goruntime *rt, struct mem *m, struct beginning *ret,
			  struct err *err)
{
	uint64_t init_time = 0, n_spans = 0, n_procs = 0, n_goroutines = 0;
	struct mem_piece v[] = {
		{ rt->at.runtime_init_time, &init_time, 8, false },
		{ rt->at.mheap + rt->lay->at[L_MHEAP_ALLSPANS] + 8, &n_spans, 8, false },
		{ rt->at.allp + 8, &n_procs, 8, false },
		{ rt->at.allglen, &n_goroutines, 8, false },
	};
	size_t first = rt->at.runtime_init_time ? 0 : 1;
	int r = mem_readv(m, v + first, 4 - first, err);

	if (r < 0)
		return r;
	ret->known = !first;
	ret->begun = ret->known ? init_time != 0 : n_spans && n_procs && n_goroutines;
	return 0;
}

static int not_yet(const struct mem *m, struct err *err)
{
	return err_set(err, -EAGAIN, "%s: the Go runtime has not initialised yet", m->name);
}

int go_checks_run(struct goruntime *rt, struct mem *m, struct err *err)
{
	_cleanup_gather_ struct gather *gather = NULL;
	struct check_run c = { .rt = rt, .m = m, .err = err };
	struct beginning b = { 0 };
	int r = read_beginning(rt, m, &b, err);

	rt->n_checks = 0;
	if (r >= 0 && !b.begun && !b.known)
		return not_yet(m, err);
	if (r >= 0)
		r = gather_new(&gather, err);
	c.gather = gather;
	for (size_t i = 0; r >= 0 && i < N_CHECKS; i++) {
		r = run_check(&c, i);
		if (r < 0 || r == CHECK_NOTHING)
			continue;
		rt->checks[rt->n_checks++] =
			(struct go_check){ .name = checks[i].name, .ok = r == CHECK_HOLDS };
		if (r == CHECK_FAILED && !b.begun)
			return not_yet(m, err);
		if (r == CHECK_FAILED)
			return err_set(err, -EBADMSG, "%s failed", checks[i].name);
	}
	return r < 0 ? r : 0;
}
