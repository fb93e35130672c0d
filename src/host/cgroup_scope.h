/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_scope: what a group is to people, told from its name.
 *
 *	/system.slice/docker-<id>.scope		/docker/<id>
 *	/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
 *	/kubepods/besteffort/pod<uid>/<id>	/machine.slice/libpod-<id>.scope/container
 *
 * Container ids are 64 hexadecimal digits in all of Docker, containerd under
 * Kubernetes, CRI-O and Podman; LXC and systemd-nspawn have names instead.
 */
#ifndef HOST_CGROUP_SCOPE_H
#define HOST_CGROUP_SCOPE_H

#include <stdbool.h>

#include "base/str.h"

#define CONTAINER_ID_ROOM 65

enum cgroup_scope {
	CGROUP_SCOPE_HOST, /* the root of the hierarchy, or the machine itself */
	CGROUP_SCOPE_SLICE,
	CGROUP_SCOPE_POD,
	CGROUP_SCOPE_CONTAINER,
	CGROUP_SCOPE_SERVICE,
	CGROUP_SCOPE_GROUP, /* any other */
	CGROUP_SCOPE_COUNT,
};

/* Of the last part of @path. */
enum cgroup_scope cgroup_scope(struct str path);
const char *cgroup_scope_name(enum cgroup_scope s); /* "container"; static */

/* The id (or name) of the innermost container that @path lies in; false if in none. */
bool cgroup_container(struct str path, char ret[CONTAINER_ID_ROOM]);

#endif /* HOST_CGROUP_SCOPE_H */
