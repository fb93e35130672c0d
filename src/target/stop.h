/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop: all threads of a process, for as long as a copy takes.
 *
 * Each is seized and interrupted (no signal is sent), and let go with whatever signal
 * was just on its way to it. When we die, the kernel lets them go. A thread that sleeps
 * in the kernel without being interruptible is not waited for longer than asked.
 * Source: ptrace(2).
 */
#ifndef TARGET_STOP_H
#define TARGET_STOP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct stop {
	pid_t pid;
	struct stopped {
		pid_t tid;
		int signal; /* to be passed on; 0: none */
	} * of;
	size_t n, room;
	int64_t since, ended; /* CLOCK_MONOTONIC ns: of the first interrupt; 0: not stopped */
};

/*
 * Returns with every thread stopped, or -EPERM (another tracer), -ESRCH, -ETIME: one of
 * them did not stop within @max_ns; then all run again.
 */
int stop_begin(struct stop *s, pid_t pid, int64_t max_ns, struct err *err) _must_use_;

/* Lets all go; nothing where none are stopped. s->ended - s->since is how long it was. */
void stop_end(struct stop *s);

#endif /* TARGET_STOP_H */
