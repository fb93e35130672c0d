/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_procs: the processes of a group and of all groups below it.
 *
 * PIDs are those of the reader's namespace; the kernel writes 0 for a process that
 * has none there: those are counted apart.
 */
#ifndef HOST_CGROUP_PROCS_H
#define HOST_CGROUP_PROCS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

#define CGROUP_DEPTH_MAX 16
#define CGROUP_FOLDERS_MAX 10000

struct cgroup_procs {
	pid_t *of; /* ascending, each once; in the arena */
	size_t n;
	size_t unseen; /* members without a PID in this namespace */
	size_t groups; /* folders looked at, the group itself among them */
};

/* @dirfd: the group's folder. -ENODEV/-ENOENT it was removed; -EFBIG more groups or deeper than
 * the bounds above; -EOPNOTSUPP a threaded group. */
int cgroup_procs_read(int dirfd, struct arena *a, struct cgroup_procs *ret, struct err *err)
	_must_use_;

#endif /* HOST_CGROUP_PROCS_H */
