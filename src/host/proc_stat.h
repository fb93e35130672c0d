/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_stat: /proc/PID/stat, who a process is.
 *
 *	4242 (api (v2)) S 1 4242 4242 0 -1 4194560 …	proc(5)
 *
 * The name may hold blanks, brackets and newlines: it ends at the last ')'.
 * A PID together with its start time is one process; PIDs alone are reused.
 */
#ifndef HOST_PROC_STAT_H
#define HOST_PROC_STAT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define PROC_COMM_ROOM 64 /* kernel threads have long ones; a process has at most 15 bytes */

struct proc_stat {
	pid_t pid, ppid;
	char comm[PROC_COMM_ROOM]; /* as it is, unprintable bytes too; NUL-terminated */
	char state;		   /* R S D Z T t X I */
	uint64_t threads;
	uint64_t start_ticks; /* field 22, since boot, in 1/AT_CLKTCK s (100 on every Linux) */
};

/* -EBADMSG when it is no stat line. */
int proc_stat_parse(struct str text, struct proc_stat *ret, struct err *err) _must_use_;

/* Of the /proc/PID (or /proc/PID/task/TID) open at @procfd; -ESRCH when it is gone. */
int proc_stat_read(int procfd, struct proc_stat *ret, struct err *err) _must_use_;

/* /proc/PID below the machine's root. It stays with this process: reads give -ESRCH
 * once it is gone, also when its PID is in use again. The dirfd is the caller's; -ESRCH. */
int proc_open(int rootfd, pid_t pid, struct err *err) _must_use_;

/* Is the process at @procfd still the one that started then? 0, or -ESRCH (gone or another). */
int proc_is_same(int procfd, uint64_t start_ticks, struct err *err) _must_use_;

#endif /* HOST_PROC_STAT_H */
