/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_list: the processes of a machine, and who descends from whom.
 *
 * A scan is not a moment: a process that ends while /proc is read is left out,
 * one that starts meanwhile may be.
 */
#ifndef HOST_PROC_LIST_H
#define HOST_PROC_LIST_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "host/proc_stat.h"

struct proc_list {
	struct proc_stat *of; /* by PID, ascending; in the arena */
	size_t n;
};

/* Every process of the machine at @rootfd. -ENOMEM: more than the arena has room for. */
int proc_list_read(int rootfd, struct arena *a, struct proc_list *ret, struct err *err) _must_use_;

/* The entry of @pid, or NULL. */
const struct proc_stat *proc_list_find(const struct proc_list *l, pid_t pid);

/*
 * @root and all that descend from it, @root first, parents before their children.
 * Those whose parent ended belong to somebody else by then (init or a subreaper).
 * @ret->of is in the arena; n 0 when @root is not in the list.
 */
int proc_list_descendants(const struct proc_list *l, pid_t root, struct arena *a,
			  struct proc_list *ret, struct err *err) _must_use_;

#endif /* HOST_PROC_LIST_H */
