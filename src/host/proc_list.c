/* SPDX-License-Identifier: Apache-2.0 */
#include "host/proc_list.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "host/file.h"

#define FIRST_ROOM ((size_t)256)

static int by_pid(const void *a, const void *b)
{
	const struct proc_stat *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool is_pid(const char *name)
{
	struct str s = str_from(name);
	uint64_t v;

	return str_take_u64(&s, &v) && s.n == 0 && v > 0 && v <= INT_MAX;
}

static int push(struct arena *a, struct proc_list *l, size_t *room, const struct proc_stat *s)
{
	if (l->n == *room) {
		size_t more = *room ? *room * 2 : FIRST_ROOM;
		struct proc_stat *of = arena_new_array(a, struct proc_stat, more);

		if (!of)
			return -ENOMEM;
		if (l->n)
			memcpy(of, l->of, l->n * sizeof(*of));
		l->of = of;
		*room = more;
	}
	l->of[l->n++] = *s;
	return 0;
}

static bool read_one(int procfd, const char *name, struct proc_stat *ret)
{
	_cleanup_(close_fd) int fd = file_open_dir(procfd, name, NULL);

	return fd >= 0 && proc_stat_read(fd, ret, NULL) == 0;
}

int proc_list_read(int rootfd, struct arena *a, struct proc_list *ret, struct err *err)
{
	_cleanup_(close_dir) DIR *dir = NULL;
	struct proc_list l = { 0 };
	size_t room = 0;
	struct dirent *e;
	int fd = file_open_dir(rootfd, "proc", err);

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_set(err, -ENOMEM, "proc: no memory");
	}
	while ((e = readdir(dir))) {
		struct proc_stat s;

		if (!is_pid(e->d_name) || !read_one(dirfd(dir), e->d_name, &s))
			continue;
		if (push(a, &l, &room, &s) < 0)
			return err_set(err, -ENOMEM, "proc: no room for %zu processes", l.n + 1);
	}
	if (l.n)
		qsort(l.of, l.n, sizeof(*l.of), by_pid);
	*ret = l;
	return 0;
}

const struct proc_stat *proc_list_find(const struct proc_list *l, pid_t pid)
{
	struct proc_stat key = { .pid = pid };

	return l->n ? bsearch(&key, l->of, l->n, sizeof(*l->of), by_pid) : NULL;
}

static int by_parent(const void *a, const void *b)
{
	const struct proc_stat *x = a, *y = b;

	return x->ppid != y->ppid ? (x->ppid > y->ppid) - (x->ppid < y->ppid) : by_pid(a, b);
}

/* The first of @sorted whose parent is @ppid, or @n. */
static size_t first_child(const struct proc_stat *sorted, size_t n, pid_t ppid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sorted[mid].ppid < ppid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Breadth first. A PID may seem its own ancestor in a torn scan: no more than all are taken. */
int proc_list_descendants(const struct proc_list *l, pid_t root, struct arena *a,
			  struct proc_list *ret, struct err *err)
{
	const struct proc_stat *first = proc_list_find(l, root);
	struct proc_list out = { 0 };
	struct proc_stat *sorted;

	if (!first) {
		*ret = out;
		return 0;
	}
	sorted = arena_new_array(a, struct proc_stat, l->n);
	out.of = arena_new_array(a, struct proc_stat, l->n);
	if (!sorted || !out.of)
		return err_set(err, -ENOMEM, "proc: no room for %zu processes", l->n);
	memcpy(sorted, l->of, l->n * sizeof(*sorted));
	qsort(sorted, l->n, sizeof(*sorted), by_parent);
	out.of[out.n++] = *first;
	for (size_t i = 0; i < out.n; i++) {
		pid_t parent = out.of[i].pid;

		for (size_t k = first_child(sorted, l->n, parent);
		     k < l->n && sorted[k].ppid == parent && out.n < l->n; k++)
			if (sorted[k].pid != root)
				out.of[out.n++] = sorted[k];
	}
	*ret = out;
	return 0;
}
