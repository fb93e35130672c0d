/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_procs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "host/file.h"

#define PROCS_MAX ((size_t)32 << 20) /* four million PIDs */

struct walk {
	struct buf pids; /* pid_t after pid_t */
	struct buf text;
	size_t unseen, groups;
};

static int take_pids(struct walk *w, struct err *err)
{
	struct str text = buf_view(&w->text), line;

	while (str_take_line(&text, &line)) {
		uint64_t v;
		pid_t pid;

		if (!str_take_u64(&line, &v) || line.n || v > INT_MAX)
			return err_set(err, -EBADMSG, "cgroup.procs: not a PID");
		pid = (pid_t)v;
		if (pid)
			buf_add(&w->pids, &pid, sizeof(pid));
		else
			w->unseen++;
	}
	return w->pids.failed ? err_set(err, w->pids.failed, "cgroup.procs: too many") : 0;
}

/* kernfs says d_type; a recorded machine on another file system may not. */
static bool is_folder(int dirfd, const struct dirent *e)
{
	struct stat st;

	if (e->d_name[0] == '.')
		return false;
	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int walk(struct walk *w, int dirfd, unsigned depth, struct err *err);

/* A group that is removed while we walk has no members: no error. */
static int walk_below(struct walk *w, int dirfd, unsigned depth, struct err *err)
{
	int own = file_open_dir(dirfd, ".", err);
	_cleanup_(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	if (own < 0)
		return own;
	if (!dir) {
		close(own);
		return err_set(err, -ENOMEM, "cgroup: no memory");
	}
	while ((e = readdir(dir))) {
		_cleanup_(close_fd) int fd = -1;
		int rc;

		if (!is_folder(own, e))
			continue;
		fd = file_open_dir(own, e->d_name, NULL);
		if (fd < 0)
			continue;
		rc = walk(w, fd, depth + 1, err);
		if (rc < 0 && rc != -ENODEV && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static int walk(struct walk *w, int dirfd, unsigned depth, struct err *err)
{
	int rc;

	if (depth > CGROUP_DEPTH_MAX || ++w->groups > CGROUP_FOLDERS_MAX)
		return err_set(err, -EFBIG, "cgroup: too many groups below it");
	rc = file_read(dirfd, "cgroup.procs", &w->text, err);
	if (rc < 0)
		return rc;
	rc = take_pids(w, err);
	return rc < 0 ? rc : walk_below(w, dirfd, depth, err);
}

static int by_number(const void *a, const void *b)
{
	pid_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Version 1 may list a process twice while it moves. */
static size_t sort_unique(pid_t *of, size_t n)
{
	size_t kept = 0;

	if (!n)
		return 0;
	qsort(of, n, sizeof(*of), by_number);
	for (size_t i = 1; i < n; i++)
		if (of[i] != of[kept])
			of[++kept] = of[i];
	return kept + 1;
}

static void walk_release(struct walk *w)
{
	buf_release(&w->pids);
	buf_release(&w->text);
}

int cgroup_procs_read(int dirfd, struct arena *a, struct cgroup_procs *ret, struct err *err)
{
	_cleanup_(walk_release) struct walk w = { 0 };
	size_t n;
	pid_t *of;
	int rc;

	buf_init(&w.pids, PROCS_MAX);
	buf_init(&w.text, PROCS_MAX);
	rc = walk(&w, dirfd, 1, err);
	if (rc < 0)
		return rc;
	n = w.pids.n / sizeof(pid_t);
	of = arena_new_array(a, pid_t, n ? n : 1);
	if (!of)
		return err_set(err, -ENOMEM, "cgroup: no room for %zu processes", n);
	if (n)
		memcpy(of, w.pids.p, n * sizeof(*of));
	*ret = (struct cgroup_procs){
		.of = of, .n = sort_unique(of, n), .unseen = w.unseen, .groups = w.groups
	};
	return 0;
}
