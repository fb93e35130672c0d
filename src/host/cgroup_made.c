/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a group that cgroup_make() made, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "host/cgroup_make.h"
#include "host/cgroup_procs.h"
#include "host/file.h"

#define FIRST_WAIT_NS (INT64_C(500) * 1000)
#define LAST_WAIT_NS (INT64_C(20) * NS_PER_MS)
#define AFTER_MOVE_NS (INT64_C(200) * NS_PER_MS)
#define DYING_NS (INT64_C(300) * NS_PER_MS) /* from the signal until the memory is given up */
#define ARENA_BUDGET ((size_t)32 << 20)

static int enter_one(const struct cgroup_folder *f, pid_t pid, struct err *err)
{
	char text[16];
	int rc;

	if (!f->version)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)pid);
	rc = file_write(f->fd, "cgroup.procs", text, err);
	return rc < 0 ? err_wrap(err, rc, "%s", f->path) : 0;
}

int cgroup_made_enter(const struct cgroup_made *m, pid_t pid, struct err *err)
{
	int rc = enter_one(&m->memory, pid, err);

	return rc < 0 ? rc : enter_one(&m->cpu, pid, err);
}

/* Groups that CMD made below its own; rmdir() leaves those with members. */
static void remove_below(int dirfd, unsigned depth)
{
	int own = depth < CGROUP_DEPTH_MAX ? file_open_dir(dirfd, ".", NULL) : -1;
	_cleanup_(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	if (own >= 0 && !dir)
		close(own);
	while (dir && (e = readdir(dir))) {
		_cleanup_(close_fd) int fd = -1;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		fd = file_open_dir(own, e->d_name, NULL);
		if (fd >= 0)
			remove_below(fd, depth + 1);
		unlinkat(own, e->d_name, AT_REMOVEDIR);
	}
}

/* 0 once it is gone; -EBUSY while it has members. */
static int try_remove(const struct cgroup_folder *f, struct err *err)
{
	if (unlinkat(f->above, f->name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY) {
		remove_below(f->fd, 0);
		if (unlinkat(f->above, f->name, AT_REMOVEDIR) == 0)
			return 0;
	}
	return err_sys(err, "%s", f->path);
}

/* One that exits has given up its memory ("0 0 0 …"), even while the kernel still frees it. */
static bool lives_on(int rootfd, pid_t pid)
{
	BUF(text, FILE_SMALL);
	char path[32];
	struct str s;
	uint64_t pages;

	snprintf(path, sizeof(path), "proc/%d/statm", (int)pid);
	if (file_read(rootfd, path, &text, NULL) < 0)
		return false;
	s = buf_view(&text);
	return str_take_u64(&s, &pages) && pages > 0;
}

/* Has it members, and none that is about to go? */
static bool all_live_on(const struct cgroup_folder *f)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	ARENA(a, ARENA_BUDGET);
	struct cgroup_procs procs;

	if (root < 0 || cgroup_procs_read(f->fd, &a, &procs, NULL) < 0)
		return false;
	for (size_t i = 0; i < procs.n; i++) {
		if (!lives_on(root, procs.of[i]))
			return false;
	}
	return procs.n > 0;
}

static int remove_by(const struct cgroup_folder *f, int64_t patience_ns, struct err *err)
{
	int64_t begin = clock_mono(), wait = FIRST_WAIT_NS, waited;
	int rc;

	while ((rc = try_remove(f, err)) == -EBUSY &&
	       (waited = clock_mono() - begin) < patience_ns) {
		struct timespec t = { .tv_nsec = wait };

		if (waited > DYING_NS && all_live_on(f))
			break;
		nanosleep(&t, NULL);
		wait = wait * 2 < LAST_WAIT_NS ? wait * 2 : LAST_WAIT_NS;
	}
	return rc;
}

/* How many could be moved. */
static int move_home(const struct cgroup_folder *f)
{
	ARENA(a, ARENA_BUDGET);
	struct cgroup_procs procs;
	int moved = 0;

	if (f->home < 0 || cgroup_procs_read(f->fd, &a, &procs, NULL) < 0)
		return 0;
	for (size_t i = 0; i < procs.n; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", (int)procs.of[i]);
		moved += file_write(f->home, "cgroup.procs", text, NULL) == 0;
	}
	return moved;
}

static bool has_folders(int dirfd)
{
	int own = file_open_dir(dirfd, ".", NULL);
	_cleanup_(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	if (own >= 0 && !dir)
		close(own);
	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			return true;
	return !dir;
}

/* What the root was told to hand down is taken back, unless somebody else uses it by now. */
static void take_back(const struct cgroup_folder *f)
{
	if (!f->handed_down || has_folders(f->above))
		return;
	if (f->handed_down & CGROUP_HAND_MEMORY)
		(void)!file_write(f->above, "cgroup.subtree_control", "-memory", NULL);
	if (f->handed_down & CGROUP_HAND_CPU)
		(void)!file_write(f->above, "cgroup.subtree_control", "-cpu", NULL);
}

static int remove_one(struct cgroup_folder *f, int64_t patience_ns, struct err *err)
{
	int rc, moved = 0;

	if (!f->version)
		return 0;
	rc = remove_by(f, patience_ns, err);
	if (rc == -EBUSY) {
		moved = move_home(f);
		rc = remove_by(f, AFTER_MOVE_NS, err);
	}
	take_back(f);
	close_fd(&f->fd);
	close_fd(&f->above);
	close_fd(&f->home);
	f->version = 0;
	return rc < 0 ? rc : moved;
}

int cgroup_made_remove(struct cgroup_made *m, int64_t patience_ns, struct err *err)
{
	int cpu = remove_one(&m->cpu, patience_ns, err);
	int memory = remove_one(&m->memory, patience_ns, err);

	if (cpu < 0 || memory < 0)
		return cpu < 0 ? cpu : memory;
	return memory > cpu ? memory : cpu; /* the same processes are in both */
}
