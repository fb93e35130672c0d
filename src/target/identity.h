/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: is this still the process (or thread) that it was?
 *
 * A PID says little, since it is given to another process after the end of the
 * first. What stays is the time of its start. A descriptor of /proc/PID, once
 * opened, never leads to another process. Source: proc_pid_stat(5).
 */
#ifndef TARGET_IDENTITY_H
#define TARGET_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct identity {
	uint64_t start_time; /* field 22: clock ticks since boot */
	bool dead;	     /* state Z or X: no memory any more */
};

/* The text of a stat file. -EBADMSG when it is none. */
int identity_parse(struct str stat, struct identity *ret, struct err *err) _must_use_;

/* File "stat" in @dirfd, /proc/PID or /proc/PID/task/TID. -ESRCH: gone. */
int identity_read(int dirfd, struct identity *ret, struct err *err) _must_use_;

#endif /* TARGET_IDENTITY_H */
