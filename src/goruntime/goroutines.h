/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goroutines: every goroutine with its stack, state and age, without a stop.
 *
 * Parked goroutines are unwound by the saved registers and the pcsp tables, as
 * the runtime does. A running one has no saved registers: its stack is unknown
 * here. A goroutine that moved while it was read is read again, then marked.
 * Groups are those of pprof: same state, stack and creator; their stacks are
 * turned into functions and lines by goroutine_stacks.h.
 * Source: Go src/runtime/{runtime2,proc,traceback}.go.
 */
#ifndef GORUNTIME_GOROUTINES_H
#define GORUNTIME_GOROUTINES_H

#include "base/arena.h"
#include "goruntime/runtime.h"

#define GOROUTINE_FRAMES_MAX 128 /* physical frames kept of one stack */

struct goroutine_group {
	uint64_t count;
	uint8_t status;	   /* _Grunnable 1, _Grunning 2, _Gsyscall 3, _Gwaiting 4, _Gpreempted 9,
			      _Gleaked 10 */
	const char *state; /* Go's own words: "chan receive", "running", "syscall"; in the arena */
	bool system;	   /* one of the runtime's own, not counted by NumGoroutine */
	uint32_t n_pcs;
	const uint64_t *pcs; /* physical frames, leaf first, without runtime.goexit */
	bool cut;	     /* deeper than GOROUTINE_FRAMES_MAX, or the unwinding failed there;
				with n_pcs 0: running, or moved during each try */
	uint64_t gopc;	     /* of the go statement, 0 for main */
	uint64_t startpc;
	uint64_t stack_bytes; /* of the group: stack.hi - stack.lo, summed */
	uint64_t max_stack_bytes;
	int64_t wait_min_ns, wait_max_ns; /* at @now; -1: no GC saw any of them blocked yet */
	int64_t wait_mean_ns;		  /* of those that have a time; -1 */
	uint64_t wait_known;		  /* how many of them have a time */
};

/*
 * @total is what Go's goroutine profile counts: a finalizer goroutine is in it
 * while it runs the program's own code. runtime.NumGoroutine never counts that one.
 */
struct goroutines {
	uint64_t total; /* as runtime.NumGoroutine: without the runtime's own */
	uint64_t system, dead;
	uint64_t stack_bytes;		/* of all, system ones too */
	struct goroutine_group *groups; /* the largest count first; in the arena */
	size_t n;
	int64_t now; /* CLOCK_MONOTONIC of the read; of a core the last that its runtime noted, 0:
			unknown, as all waits are then */
	uint64_t unstable; /* moved during each try: counted, stack unknown */
	uint64_t unread;   /* could not be read (swapped out): in no group and no sum */
};

/*
 * Not one range of memory that the program has not touched is read, and nothing
 * stops. -E2BIG past @max_goroutines (the dead ones count), -ENOMEM when the
 * arena is spent, -EBADMSG when the list makes no sense; else as mem_read().
 */
int goroutines_read(const struct goruntime *rt, struct mem *m, size_t max_goroutines,
		    struct arena *a, struct goroutines *ret, struct err *err) _must_use_;

#endif /* GORUNTIME_GOROUTINES_H */
