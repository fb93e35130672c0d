/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live: the memory of a process that runs, or that is held at its exit.
 *
 * Reads with process_vm_readv, after /proc/PID/pagemap said which pages are
 * present; pages that are not come from the file behind them or are zeros (see
 * mem.h). Sources: proc(5), Documentation/admin-guide/mm/pagemap.rst.
 */
#ifndef TARGET_LIVE_H
#define TARGET_LIVE_H

#include <sys/types.h>

#include "target/mem.h"

struct live_options {
	pid_t tid;	 /* 0: the process; else by way of this thread (the leader may be dead) */
	const char *exe; /* NULL: /proc/PID/exe; else this file is the binary (--exe) */
	uint64_t start_time; /* identity: field 22 of stat, clock ticks since boot; 0: as found now
			      */
};

/*
 * Opens PID's memory; *ret is released with mem_close(). -ESRCH: no such
 * process, or its start time is another (the PID was reused); -EPERM/-EACCES:
 * may not look into it; -ENOENT: a kernel thread (no executable).
 */
int live_open(pid_t pid, const struct live_options *opt, struct mem **ret, struct err *err)
	_must_use_;

/* The executable, open for reading; owned by the mem. */
int live_exe_fd(const struct mem *m);

/* Its identity, as for live_options.start_time. */
uint64_t live_start_time(const struct mem *m);

/*
 * From now on read by way of thread @tid, whose exit stop keeps the memory
 * alive while the leader is a zombie: /proc/PID/task/TID/{maps,pagemap}.
 */
int live_hold(struct mem *m, pid_t tid, struct err *err) _must_use_;

/*
 * One process_vm_readv without any look at pagemap: only for ranges that a
 * filtered read has seen present and that the target keeps written (its
 * runtime's statistics). The sampler's path; at most 64 pieces.
 */
int live_sample(struct mem *m, struct mem_piece *v, size_t n, struct err *err) _must_use_;

#endif /* TARGET_LIVE_H */
