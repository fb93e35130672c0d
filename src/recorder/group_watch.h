/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_watch: the memory groups of a process, their counters kept open.
 *
 * Two of the chain matter: the process's own group, whose counters tell of its
 * kill, and the one whose limit is nearest, whose charge decides. Often they are
 * one. Counters stay readable after the process has died, until the group is
 * removed.
 */
#ifndef RECORDER_GROUP_WATCH_H
#define RECORDER_GROUP_WATCH_H

#include <sys/types.h>

#include "base/err.h"
#include "case/case.h"
#include "host/cgroup_chain.h"
#include "host/cgroup_memory.h"
#include "recorder/group_processes.h"

struct group_watch {
	struct arena arena;
	struct cgroup_chain chain;
	struct cgroup_watch own, limiting;
	int own_fd, limiting_fd;	/* folders */
	bool apart;			/* the limiting group is not the own one */
	struct cgroup_memory own_first; /* the own group's counters when the watch began */
	uint64_t limit;		/* of the limiting group; CASE_NO_LIMIT: none but the host's */
	uint64_t host_headroom; /* MemAvailable at the last look at limits; UNKNOWN_U64 */
	struct group_processes processes;
};

/* The groups of @pid. -ENOENT: no memory controller is visible; -ESRCH; -ENOMEM. */
int group_watch_open(struct group_watch *g, pid_t pid, struct err *err) _must_use_;
void group_watch_release(struct group_watch *g);

/* One pread: bytes charged now to the limiting group, UNKNOWN_U64 when it is gone. */
uint64_t group_watch_usage(struct group_watch *g);

/* One look at the group's processes, into @processes. */
void group_watch_processes(struct group_watch *g);

/* All counters; fields that this kernel lacks are unknown. */
void group_watch_charge(struct group_watch *g, struct case_charge *ret);

/* Re-reads @limit and @host_headroom. */
void group_watch_limits(struct group_watch *g);

/* Bytes that may still be charged before a kill, given the usage; UNKNOWN_U64. */
uint64_t group_watch_left(const struct group_watch *g, uint64_t usage);

/* Did the own group's kill counter rise since the watch began? */
enum tri group_watch_killed(struct group_watch *g);

/* Limits nearest first, the host last, and processes, into the case; -ENOMEM. */
int group_watch_into(struct group_watch *g, struct whycase *c);

#endif /* RECORDER_GROUP_WATCH_H */
