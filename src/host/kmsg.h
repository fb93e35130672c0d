/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kmsg: the kernel's own record of what it said, read while it runs.
 *
 * /dev/kmsg gives one record a read, numbered without gaps, with the time in
 * microseconds of printk's clock (Documentation/ABI/testing/dev-kmsg). The
 * buffer is a ring: a reader that is too slow gets -EPIPE once and goes on at
 * the oldest record that is left; how many were missed is counted, so that
 * "no kill found" can be told from "could not look".
 *
 * `run` opens it at the end before it starts its command and asks for the
 * command's pid after the death; `diagnose` reads it from the beginning.
 * Process ids in it are the host's, not those of a pid namespace.
 */
#ifndef HOST_KMSG_H
#define HOST_KMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "host/kernlog.h"

enum kmsg_from { KMSG_OLDEST, KMSG_NOW };

struct kmsg {
	int fd;		   /* -1 closed; pollable */
	uint64_t next_seq; /* that the next record should have; 0 before the first */
	uint64_t records;
	uint64_t missed;   /* overwritten before they were read */
	uint64_t overruns; /* how often */
};

/*
 * Open /dev/kmsg, or @path where a test has another. -EPERM, -EACCES without
 * CAP_SYSLOG where dmesg is restricted; -ENOENT in most containers.
 */
int kmsg_open(struct kmsg *m, const char *path, enum kmsg_from from, struct err *err) _must_use_;
void kmsg_close(struct kmsg *m);

/*
 * Feed @log all records that are there, without waiting. The number of them,
 * or a negative errno. No kernlog_finish(): more may come.
 */
int kmsg_drain(struct kmsg *m, struct kernlog *log, struct err *err) _must_use_;

/*
 * As above until @log knows a kill of @pid, at most @timeout_ms. 1 found, 0
 * not, or a negative errno. The kernel writes the line before the victim is
 * gone, so that a few hundred milliseconds after its death are plenty.
 */
int kmsg_wait_kill(struct kmsg *m, struct kernlog *log, int pid, int timeout_ms, struct err *err)
	_must_use_;

/*
 * All that the kernel still knows, into @log, which is finished then; times are
 * made from this boot's clock. What was overwritten before we came is gone.
 */
int kmsg_read_all(struct kernlog *log, struct err *err) _must_use_;

/*
 * The wall clock at printk's zero, for kernlog_set_boot_wall(). As good as the
 * two clocks agree: they drift by some parts per million and printk's stands
 * still while the machine sleeps.
 */
int64_t kmsg_boot_wall(void);

#endif /* HOST_KMSG_H */
