/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_path: which group a process is in, and where that group's folder is.
 *
 *	4:memory:/docker/3f…	/proc/PID/cgroup, version 1: one line a hierarchy
 *	0::/system.slice/x	version 2: the one unified hierarchy
 *	35 31 0:32 /docker/3f… /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
 *				/proc/self/mountinfo: what of it is mounted where
 *
 * The controller decides: where version 1 has it, its line counts, also beside a
 * unified hierarchy ("hybrid"); else version 2. Paths in /proc/PID/cgroup and the
 * root of a mount both are relative to the reader's cgroup namespace; a bind mount
 * or a container's mount shows a part of the tree only, whose root is taken off
 * the path. "/../x" lies outside of the namespace. cgroup_namespaces(7).
 */
#ifndef HOST_CGROUP_PATH_H
#define HOST_CGROUP_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct cgroup_path {
	int version;	 /* 1 or 2 */
	struct str path; /* begins with "/" */
	bool deleted;	 /* the group was removed; " (deleted)" is taken off */
};

/* @text: /proc/PID/cgroup; @controller: "memory". The path is a view of @text. -ENOENT: in no
 * such hierarchy; -EBADMSG. */
int cgroup_path_parse(struct str text, struct str controller, struct cgroup_path *ret,
		      struct err *err) _must_use_;

struct cgroup_mount {
	struct str root, point; /* in the arena, escapes (\040) resolved */
	struct str rest;	/* of the path, below the root: "" or "/a/b" */
};

/*
 * The mount through which @path of that version and controller is seen; of several,
 * the one that shows most of its ancestors. -ENOENT: none, @err says what is mounted.
 */
int cgroup_mount_find(struct str mountinfo, const struct cgroup_path *path, struct str controller,
		      struct arena *a, struct cgroup_mount *ret, struct err *err) _must_use_;

/* A group's folder, found. Strings are NUL-terminated and in the arena. */
struct cgroup_place {
	int version;
	const char *path;   /* as /proc/PID/cgroup has it */
	const char *top;    /* folder where the mount begins: "/sys/fs/cgroup/memory" */
	const char *folder; /* of the group itself */
	/* The group that is charged: version 2 counts a member of a group without the controller in
	 * the nearest ancestor that has it. Elsewhere the group itself. */
	const char *charged_path, *charged_folder;
	bool whole; /* @top is the hierarchy's own root: no ancestor is out of sight */
};

/* "/a/b" to "/a", "/a" to "/"; a view of @path. */
struct str cgroup_parent(struct str path);

/*
 * Where the group of PID (0: of whoever reads) is, for the machine at @rootfd.
 * -ENOENT: no such controller, or not visible from here; -ESRCH: no such process.
 * The folder may be gone by the time it is opened.
 */
int cgroup_locate(int rootfd, pid_t pid, struct str controller, struct arena *a,
		  struct cgroup_place *ret, struct err *err) _must_use_;

#endif /* HOST_CGROUP_PATH_H */
