/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_chain: every limit that applies to a process, from its own group up to the host.
 *
 * The charge of a group counts in all its ancestors, and the limit with the least
 * room is the one that will fire. Version 1 without use_hierarchy stops at the first
 * group whose parent does not count it.
 */
#ifndef HOST_CGROUP_CHAIN_H
#define HOST_CGROUP_CHAIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "host/cgroup_path.h"
#include "host/cgroup_scope.h"
#include "host/unknown.h"

#define CGROUP_LEVELS_MAX 32

struct cgroup_level {
	const char *folder; /* absolute in the machine; "/proc/meminfo" for the host itself */
	const char *source; /* file of the limit: ".../memory.max", ".../memory.limit_in_bytes" */
	enum cgroup_scope scope;
	uint64_t limit, high, usage; /* bytes; unknown where the group counts nothing (root) */
};

struct cgroup_chain {
	struct cgroup_place place;
	struct cgroup_level of[CGROUP_LEVELS_MAX]; /* the charged group first, the host last */
	unsigned n;
	bool complete;	       /* no ancestor is out of sight (namespace, bind mount, depth) */
	uint64_t hidden_limit; /* 1: a limit of an ancestor out of sight, that is below all seen;
				  else HOST_UNKNOWN */
	char container_id[CONTAINER_ID_ROOM]; /* "" in none */
};

/*
 * Of PID, in the machine at @rootfd. Strings are in the arena. Without a memory
 * controller the chain is the host alone, version 0 in @ret->place, and @err says why;
 * an error is returned only when not even that could be read, or PID is gone (-ESRCH).
 */
int cgroup_chain_read(int rootfd, pid_t pid, struct arena *a, struct cgroup_chain *ret,
		      struct err *err) _must_use_;

/* The level with the least room (limit - usage), or NULL if none is known. */
const struct cgroup_level *cgroup_chain_nearest(const struct cgroup_chain *c);

/* As above with memory.high in the limit's place: it throttles, it does not kill. */
const struct cgroup_level *cgroup_chain_nearest_high(const struct cgroup_chain *c);

#endif /* HOST_CGROUP_CHAIN_H */
