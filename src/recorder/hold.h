/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold: one thread of a process, seized so that a kill leaves its memory readable.
 *
 * PTRACE_SEIZE with PTRACE_O_TRACEEXIT on one thread that is not the leader
 * (normally the runtime's sysmon, which has no P): when the kernel kills the
 * process this thread stops at its exit, before the memory is freed, and all
 * present pages stay readable until the OOM reaper comes, 2 s later on kernels
 * >= 5.18. Nothing is stopped before that. A tracer owes its tracee: signals
 * go on at once, group stops are kept (PTRACE_LISTEN), and the exit stop is
 * left by hold_let_go() or by whyoom's own death (no EXITKILL).
 *
 * All calls from one thread. Source: ptrace(2); kernel mm/oom_kill.c.
 */
#ifndef RECORDER_HOLD_H
#define RECORDER_HOLD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct hold {
	pid_t pid, tid; /* tid 0: not armed */
	bool at_exit;	/* it stands at its exit stop */
	int exit_code;	/* as waitpid() has it, once at_exit */
};

enum hold_event {
	HOLD_NOTHING,	  /* passed on, the thread runs */
	HOLD_DYING,	  /* the process dies of a signal or of exit(): memory is readable now */
	HOLD_THREAD_GONE, /* only this thread ended (or the program was replaced): arm again */
};

/*
 * Seizes a thread of @pid. -EAGAIN: it has one thread only (too early);
 * -EPERM: another tracer has it, or no permission; -ESRCH: gone.
 */
int hold_arm(struct hold *h, pid_t pid, struct err *err) _must_use_;

/* What waitpid(h->tid) said. */
enum hold_event hold_handle(struct hold *h, int status);

/*
 * What waitpid() said of @pid, which is no thread of a hold: where one of @h (of that
 * PID; NULL: none is known) ran exec(), it goes on as the leader, under the PID, and
 * would stop for ever. True: that was it, and it is let go.
 */
bool hold_handle_stray(struct hold *h, pid_t pid, int status);

/* Leaves the exit stop and reaps the thread, or the parent would never see the death. */
void hold_let_go(struct hold *h);

/* Detaches from a thread that runs: a stop of microseconds. */
void hold_disarm(struct hold *h);

#endif /* RECORDER_HOLD_H */
