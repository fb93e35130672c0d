/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g_read: the runtime.g structures of many goroutines in few reads.
 *
 * They lie side by side in the Go heap, so neighbours are read as one piece.
 * Private to goruntime/. Source: Go src/runtime/runtime2.go (type g).
 */
#ifndef GORUNTIME_G_READ_H
#define GORUNTIME_G_READ_H

#include "base/arena.h"
#include "goruntime/runtime.h"

enum g_status {
	G_IDLE = 0,
	G_RUNNABLE = 1,
	G_RUNNING = 2,
	G_SYSCALL = 3,
	G_WAITING = 4,
	G_DEAD = 6,
	G_COPYSTACK = 8,
	G_PREEMPTED = 9,
	G_LEAKED = 10,	  /* from 1.26 */
	G_DEADEXTRA = 11, /* from 1.26: kept for a thread that C made; before, those were dead */
};

struct g {
	uint64_t addr;
	bool had; /* all below was read */
	uint8_t wait_reason;
	bool running_cleanups; /* in the program's own clean-up function (1.25) */
	uint32_t status;       /* enum g_status, without the scan bit */
	uint64_t stack_lo, stack_hi;
	uint64_t pc, sp; /* saved; those of the system call if it is in one */
	uint64_t lr;	 /* saved link register: arm64's alone, and 0 mostly there too */
	bool in_syscall; /* pc and sp are */
	uint64_t gopc, startpc, goid;
	int64_t waitsince; /* CLOCK_MONOTONIC ns; 0: not seen waiting by a collection */
};

/*
 * Fills @v[0..n) of which only @addr is set, in rising order for the sake of
 * speed. A structure that could not be read has @had false.
 */
int g_read(const struct layout *lay, struct mem *m, struct g *v, size_t n, struct err *err)
	_must_use_;

/* Both are of one moment in the goroutine's life: it did not run in between. */
bool g_same(const struct g *a, const struct g *b);

#endif /* GORUNTIME_G_READ_H */
