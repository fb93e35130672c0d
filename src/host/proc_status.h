/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_status: /proc/PID/status and /proc/PID/smaps_rollup, what a process has in memory.
 *
 * A zombie and a kernel thread have no memory: its fields are then HOST_UNKNOWN.
 * Before 6.2 the resident counters may be off by some pages a CPU. smaps_rollup is
 * exact, but walks the page tables (about 10 to 20 ms per GB): not for every sample.
 * Sources: proc(5), Documentation/filesystems/proc.rst.
 */
#ifndef HOST_PROC_STATUS_H
#define HOST_PROC_STATUS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct proc_status { /* bytes, but for what the last two lines name */
	uint64_t vm_peak, vm_size, vm_hwm, vm_rss;
	uint64_t rss_anon, rss_file, rss_shmem;
	uint64_t vm_data, vm_stk, vm_exe, vm_lib, vm_pte, vm_swap, vm_lck, hugetlb;
	uint64_t threads;
	uint64_t tgid, ppid, tracer, uid; /* tracer: 0 none; uid: the real one */
	uint64_t ns_pid;		  /* its PID in the innermost PID namespace */
};

struct proc_rollup { /* bytes */
	uint64_t rss, pss, pss_anon, pss_file, pss_shmem;
	uint64_t private_clean, private_dirty, shared_clean, shared_dirty;
	uint64_t anonymous, lazy_free, anon_huge_pages, swap, locked;
};

int proc_status_parse(struct str text, struct proc_status *ret, struct err *err) _must_use_;
int proc_rollup_parse(struct str text, struct proc_rollup *ret, struct err *err) _must_use_;

/* @procfd: /proc/PID or /proc/PID/task/TID. -ESRCH gone; -EACCES smaps_rollup of a foreign user. */
int proc_status_read(int procfd, struct proc_status *ret, struct err *err) _must_use_;
int proc_rollup_read(int procfd, struct proc_rollup *ret, struct err *err) _must_use_;

/* /proc/PID/statm: in pages, no private file pages apart. The cheapest look there is. */
struct proc_statm {
	uint64_t size, resident, shared; /* pages; shared: of files and shmem */
};

int proc_statm_parse(struct str text, struct proc_statm *ret, struct err *err) _must_use_;
/* One pread() of a statm that is open already. */
int proc_statm_reread(int fd, struct proc_statm *ret, struct err *err) _must_use_;

#endif /* HOST_PROC_STATUS_H */
