/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_make: a group of its own for `whyoom run`, with a limit; and its removal.
 *
 * Version 1: below the caller's own group, so that the limits above go on counting;
 * where that may not be written, below the root of the hierarchy. Swap is limited
 * with memory (memsw, else swappiness 0). The processor's limit needs a second folder
 * in its own hierarchy.
 * Version 2: a group may have either members or controllers for its children ("no
 * internal processes"), and the caller is a member of its own group. So the new one
 * stands below the nearest ancestor that already hands the controller down
 * (cgroup.subtree_control): usually a sibling. Only the root of the hierarchy, which
 * may have both, is ever told to hand it down, and that is taken back at the end.
 * Nobody but CMD is moved. memory.swap.max is 0.
 *
 * The names are whyoom-run-PID; an empty one left by a whyoom that was killed is removed
 * by the next that comes by. Sources: Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst, scheduler/sched-bwc.rst.
 */
#ifndef HOST_CGROUP_MAKE_H
#define HOST_CGROUP_MAKE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "host/unknown.h"

struct cgroup_want {
	uint64_t memory_max; /* bytes; HOST_UNKNOWN: not wanted */
	uint64_t cpu_milli;  /* thousandths of a processor; HOST_UNKNOWN: not wanted */
};

enum cgroup_hand { CGROUP_HAND_MEMORY = 1, CGROUP_HAND_CPU = 2 };

struct cgroup_folder {
	int version; /* 0: not made */
	int fd;	     /* of the group */
	int above;   /* of the folder it stands in */
	int home;    /* the caller's own group, for members that live on; -1 out of reach */
	unsigned handed_down; /* enum cgroup_hand: what we told the root to hand down */
	char name[32];	      /* "whyoom-run-4242" */
	char path[512];	      /* "/sys/fs/cgroup/memory/whyoom-run-4242", for messages */
};

struct cgroup_made {
	struct cgroup_folder memory, cpu; /* the cpu's is version 0 where one folder serves both */
	uint64_t memory_max;		  /* as the kernel took it (whole pages); HOST_UNKNOWN */
	/* Code 0: granted, or not wanted. Else why not, in words for the user. */
	struct err memory_why, cpu_why, swap_why; /* -EACCES, -EPERM, -EROFS, -ENOENT, … */
};

/*
 * Makes what can be made, in the machine at @rootfd (the living one: "/").
 * 0: all that was wanted was granted, but for what @ret->swap_why says; 1: the *_why tell what
 * was not. @ret is to be released with cgroup_made_remove() in both cases.
 */
int cgroup_make(int rootfd, const struct cgroup_want *want, struct cgroup_made *ret) _must_use_;

/* Moves a process (0: the caller) and its later children in. -ESRCH; -EACCES. */
int cgroup_made_enter(const struct cgroup_made *m, pid_t pid, struct err *err) _must_use_;

/*
 * Removes the folders and closes everything. Members that are exiting are waited for,
 * @patience_ns at most; where none is, for a moment; those that live on (daemons that CMD left) are
 * moved back to the caller's own group, none is killed: their number is the result. Negative: a
 * folder is left behind, @err names it. A second call does nothing.
 */
int cgroup_made_remove(struct cgroup_made *m, int64_t patience_ns, struct err *err);

#endif /* HOST_CGROUP_MAKE_H */
