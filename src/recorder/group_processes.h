/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_processes: who shares the memory group, and how each has grown.
 *
 * A look lists the processes of a group and of the groups below it; a process
 * that was there at an earlier look keeps its first size beside its present one.
 */
#ifndef RECORDER_GROUP_PROCESSES_H
#define RECORDER_GROUP_PROCESSES_H

#include <sys/types.h>

#include "case/case.h"
#include "host/proc_stat.h"

#define GROUP_PROCESSES_MAX 256 /* the largest are kept */

struct group_process {
	struct case_process p; /* comm points to @comm */
	char comm[PROC_COMM_ROOM];
};

struct group_processes {
	struct group_process v[GROUP_PROCESSES_MAX];
	size_t n;
	bool cut; /* there were more */
};

/* Looks at the group whose folder is open at @groupfd; what cannot be read is left out. */
void group_processes_look(struct group_processes *g, int groupfd);

/* Anonymous memory of all but @target at the last look, bytes. */
uint64_t group_processes_others(const struct group_processes *g, int target);

/* Copies into the case, whose subject is marked; -ENOMEM. */
int group_processes_into(const struct group_processes *g, struct whycase *c);

#endif /* RECORDER_GROUP_PROCESSES_H */
