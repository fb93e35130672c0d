/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live: the memory of a process that runs, or that is held at its exit.
 *
 * Reads with process_vm_readv, after /proc/PID/pagemap said which pages are
 * present; pages that are not come from the file behind them or are zeros (see
 * mem.h). Pages that it shares with others since a fork are read through
 * /proc/PID/mem: process_vm_readv would have the kernel copy them for it (seen
 * on Linux 6.18). Shared memory that it never looked at, other files than the
 * executable without CAP_CHECKPOINT_RESTORE, guard pages and PROT_NONE cannot be had.
 *
 * Mappings change. A read that meets an address which is in none, or may not be
 * read, has them read again: once a call, and so that it takes 1/20 of the time
 * at most, so what was mapped in the last milliseconds may be missed. Absent
 * pages are answered from mappings not older than 100 ms.
 *
 * A program that has run exec() is another process, as is one with its PID.
 *
 * Sources: proc(5), Documentation/admin-guide/mm/pagemap.rst.
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
 * alive while the leader is a zombie: /proc/PID/task/TID/maps. Mappings are read
 * anew. Once the kernel begins to take the memory away (the OOM reaper, 2 s
 * after the kill, at once before Linux 5.18) reads give -ESRCH: what was taken
 * would look like zeros. -ESRCH too when that thread is gone.
 */
int live_hold(struct mem *m, pid_t tid, struct err *err) _must_use_;

/*
 * One process_vm_readv without any look at pagemap: only for ranges that a
 * filtered read has seen present and that the target keeps written (its
 * runtime's statistics). The sampler's path; at most 64 pieces (-EINVAL). After
 * the first piece that is not ok no other is. Failures as mem_readv().
 */
int live_sample(struct mem *m, struct mem_piece *v, size_t n, struct err *err) _must_use_;

#endif /* TARGET_LIVE_H */
