/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_memory: the memory accounting of one group, versions 1 and 2 made one.
 *
 * All is HOST_UNKNOWN where this version or kernel does not count it. Sums are of
 * the group and all below it, but for version 1 without use_hierarchy (before 5.11).
 *
 *	field		version 2 (memory.)	version 1 (memory.)
 *	usage		current			usage_in_bytes
 *	limit		max			limit_in_bytes (none: LONG_MAX in whole pages)
 *	high		high			-
 *	peak		peak (5.19)		max_usage_in_bytes
 *	swap		swap.current		stat total_swap
 *	swap_limit	swap.max		memsw.limit_in_bytes: of memory and swap together
 *	anon		stat anon		stat total_rss
 *	file		stat file - shmem	stat total_cache - total_shmem
 *	kernel		stat kernel (5.18), else its parts' sum	kmem.usage_in_bytes
 *	sock		stat sock		kmem.tcp.usage_in_bytes: NOT a part of usage there
 *	oom_kills	events oom_kill		oom_control oom_kill (4.13): this group's alone
 *	max_events	events max		failcnt; unknown where it stands still (below)
 *
 * usage is about anon + file + shmem + kernel (+ sock on 2). Not to the byte: each CPU
 * holds up to 64 pages charged in advance, and stat is summed up with a delay (up to 2 s).
 *
 * A group of version 1 whose limit of memory and swap equals that of memory hits the former
 * first, and newer kernels (6.18 measured) count those hits nowhere: a failcnt of 0 in a
 * group that was at its limit is then HOST_UNKNOWN, not 0.
 *
 * Sources: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, mm/memcontrol*.c.
 */
#ifndef HOST_CGROUP_MEMORY_H
#define HOST_CGROUP_MEMORY_H

#include "base/buf.h"
#include "base/err.h"
#include "host/psi.h"
#include "host/unknown.h"

struct cgroup_memory {
	uint64_t usage, limit, high, peak; /* limits: HOST_NO_LIMIT if none */
	uint64_t swap, swap_limit;
	uint64_t hierarchical_limit; /* 1: the least of the limits up to the root, seen or not */

	uint64_t anon, file, shmem; /* file: page cache without shmem */
	uint64_t file_mapped, file_dirty, file_writeback;
	uint64_t kernel, kernel_stack, pagetables, slab, slab_unreclaimable, percpu, vmalloc;
	uint64_t sock, anon_thp, swapcached;
	uint64_t active_anon, inactive_anon, active_file, inactive_file, unevictable;
	uint64_t refault_anon, refault_file; /* counts: pages read in again that were evicted */
	uint64_t pgfault, pgmajfault, pgscan, pgsteal;

	/* Counters since the group was made. */
	uint64_t low_events, high_events, max_events, oom_events, oom_kills, oom_group_kills;
	/* Of this group's own limit and members, not of those below (memory.events.local, 5.2). */
	uint64_t local_max_events, local_oom_events, local_oom_kills;
	uint64_t memsw_max_events;	      /* 1: memsw.failcnt alone */
	uint64_t under_oom, oom_kill_disable; /* 1: 0 or 1 */
	uint64_t use_hierarchy;		      /* 1: 0 or 1 */

	struct psi pressure; /* memory.pressure; absent on 1 and where psi is off */
};

void cgroup_memory_unknown(struct cgroup_memory *m);

/*
 * All of it, once. @dirfd: the group's folder. -ENOENT: no such version there, or no
 * memory controller; -ENODEV/-ENOENT the group was removed. Single files that are
 * missing or refuse to be read leave their fields unknown.
 */
int cgroup_memory_read(int dirfd, int version, struct cgroup_memory *ret, struct err *err)
	_must_use_;

/* memory.stat alone, for tests and fuzz/fuzz_cgroup.c. */
int cgroup_stat_parse(struct str text, int version, struct cgroup_memory *ret, struct err *err)
	_must_use_;

/* A limit as either version writes it: "max", a number; the huge one of version 1 is none. */
bool cgroup_limit_parse(struct str text, uint64_t *ret);

#define CGROUP_FILES_MAX 12

/*
 * A group whose files are open: counters again and again, one pread() each, also when
 * the folder's path is gone. Once the group itself was removed the kernel answers
 * -ENODEV: keep what was read last. Not thread-safe.
 */
struct cgroup_watch {
	int version;
	int fd[CGROUP_FILES_MAX]; /* -1: not there; in the order of the version's table */
	struct buf text;
};

int cgroup_watch_open(int dirfd, int version, struct cgroup_watch *ret, struct err *err) _must_use_;
void cgroup_watch_release(struct cgroup_watch *w); /* a zeroed one too */

/* One pread(). */
int cgroup_watch_usage(const struct cgroup_watch *w, uint64_t *ret, struct err *err) _must_use_;

/* Usage, limit, kill counters, without stat and pressure: a handful of pread()s. */
int cgroup_watch_counters(struct cgroup_watch *w, struct cgroup_memory *ret, struct err *err)
	_must_use_;

/* As cgroup_memory_read(). */
int cgroup_watch_read(struct cgroup_watch *w, struct cgroup_memory *ret, struct err *err)
	_must_use_;

#endif /* HOST_CGROUP_MEMORY_H */
