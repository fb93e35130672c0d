/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/cgroup_make.h"
#include "host/cgroup_memory.h"
#include "host/cgroup_procs.h"
#include "host/file.h"
#include "host/tree.h"

#define MB (UINT64_C(1) << 20)
#define V2 "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
#define V1 "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static const struct cgroup_want some_memory = { .memory_max = 64 * MB, .cpu_milli = HOST_UNKNOWN };

static void put_machine(const struct tree *t, const char *group, const char *mountinfo)
{
	tree_put(t, "proc/self/cgroup", group);
	tree_put(t, "proc/self/mountinfo", mountinfo);
	tree_link(t, "proc/self/ns/cgroup", "cgroup:[4026531835]");
}

/* On a recorded machine no file appears in a new group, so the limit is refused: where it was
 * tried is in the words, and nothing may be left. */
static void refused_at(const struct tree *t, const char *where)
{
	struct cgroup_made m;
	char path[128];

	assert_int_equal(cgroup_make(t->fd, &some_memory, &m), 1);
	assert_int_equal(m.memory_why.code, -ENOENT);
	assert_int_equal(m.memory.version, 0);
	snprintf(path, sizeof(path), "%s/whyoom-run-%d", where, (int)getpid());
	assert_says(&m.memory_why, path);
	assert_int_equal(faccessat(t->fd, path + 1, F_OK, 0), -1);
	assert_int_equal(cgroup_made_remove(&m, 0, NULL), 0);
}

static void version_2_makes_a_sibling(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "0::/user.slice/session.scope\n", V2);
	tree_put(&t, "sys/fs/cgroup/user.slice/session.scope/cgroup.subtree_control", "\n");
	tree_put(&t, "sys/fs/cgroup/user.slice/cgroup.subtree_control", "cpu memory pids\n");
	tree_put(&t, "sys/fs/cgroup/cgroup.subtree_control", "cpu memory pids\n");
	refused_at(&t, "/sys/fs/cgroup/user.slice");
	tree_put(&t, "sys/fs/cgroup/user.slice/cgroup.subtree_control", "cpu memory_x pids\n");
	refused_at(&t, "/sys/fs/cgroup");
	tree_remove(&t);
}

static void nobody_hands_memory_down(void **state)
{
	struct cgroup_made m;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "0::/a\n", V2);
	tree_put(&t, "sys/fs/cgroup/a/cgroup.subtree_control", "\n");
	assert_int_equal(cgroup_make(t.fd, &some_memory, &m), 1);
	assert_says(&m.memory_why, "hands \"memory\" down");
	tree_remove(&t);
}

static void version_1_below_the_own_group_or_the_root(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "4:memory:/docker/x\n", V1);
	tree_dir(&t, "sys/fs/cgroup/memory/docker/x");
	refused_at(&t, "/sys/fs/cgroup/memory/docker/x");
	assert_int_equal(unlinkat(t.fd, "sys/fs/cgroup/memory/docker/x", AT_REMOVEDIR), 0);
	refused_at(&t, "/sys/fs/cgroup/memory");
	tree_remove(&t);
}

static bool stands(const struct tree *t, const char *path)
{
	return faccessat(t->fd, path, F_OK, 0) == 0;
}

static void groups_of_dead_runs_are_swept(void **state)
{
	static const char *const dirs[] = {
		"sys/fs/cgroup/memory/whyoom-run-41", /* dead, old, empty: goes */
		"sys/fs/cgroup/memory/whyoom-run-42", /* alive */
		"sys/fs/cgroup/memory/whyoom-run-43", /* young */
		"sys/fs/cgroup/memory/whyoom-run-44", /* somebody is in it */
		"sys/fs/cgroup/memory/whyoom-runner", /* not ours */
	};
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct cgroup_made m;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "4:memory:/\n", V1);
	tree_dir(&t, "proc/42");
	for (size_t i = 0; i < COUNT(dirs); i++)
		tree_dir(&t, dirs[i]);
	tree_put(&t, "sys/fs/cgroup/memory/whyoom-run-44/member", "");
	for (size_t i = 0; i < COUNT(dirs); i++)
		if (i != 2)
			assert_int_equal(utimensat(t.fd, dirs[i], old, 0), 0);
	assert_int_equal(cgroup_make(t.fd, &some_memory, &m), 1);
	for (size_t i = 0; i < COUNT(dirs); i++)
		assert_int_equal(stands(&t, dirs[i]), i != 0);
	tree_remove(&t);
}

/* A live group; -1 and the reason said where there can be none: the test is skipped. */
static int make_live(const struct cgroup_want *want, struct cgroup_made *m)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (cgroup_make(root, want, m)) {
		printf("# skipped: %s%s\n", m->memory_why.msg,
		       m->cpu_why.code ? m->cpu_why.msg : "");
		cgroup_made_remove(m, 0, NULL);
		close(root);
		return -1;
	}
	return root;
}

/* A child in the group that does as told; *go is closed to let it begin. */
static pid_t child_in(const struct cgroup_made *m, size_t touch, int *go)
{
	int pipes[2];
	struct err err;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		char c;
		volatile char *p;

		close(pipes[1]);
		if (read(pipes[0], &c, 1) != 0)
			_exit(1);
		p = mmap(NULL, touch + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		for (size_t i = 0; i < touch; i += 4096)
			p[i] = 1;
		pause();
		_exit(0);
	}
	close(pipes[0]);
	*go = pipes[1];
	assert_ok(cgroup_made_enter(m, pid, &err), &err);
	return pid;
}

static void the_kernel_kills_in_the_group_and_it_goes(void **state)
{
	_cleanup_(cgroup_watch_release) struct cgroup_watch w = { 0 };
	struct cgroup_made m;
	struct cgroup_memory mem;
	struct cgroup_procs procs;
	ARENA(a, 1 << 20);
	int status, go, root = make_live(&some_memory, &m);
	uint64_t usage;
	struct err err;
	pid_t pid;

	(void)state;
	if (root < 0)
		return;
	assert_true(m.memory_max == 64 * MB);
	assert_int_equal(m.swap_why.code, 0);
	assert_ok(cgroup_watch_open(m.memory.fd, m.memory.version, &w, &err), &err);
	pid = child_in(&m, 256 * MB, &go);
	assert_ok(cgroup_procs_read(m.memory.fd, &a, &procs, &err), &err);
	assert_int_equal(procs.n, 1);
	assert_int_equal(procs.of[0], pid);
	close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_ok(cgroup_watch_read(&w, &mem, &err), &err);
	assert_int_equal(mem.oom_kills, 1);
	assert_true(mem.max_events > 0);
	assert_true(mem.limit == 64 * MB && mem.peak <= 64 * MB && mem.peak > 60 * MB);
	assert_int_equal(cgroup_made_remove(&m, 2 * NS_PER_S, &err), 0);
	assert_int_equal(cgroup_made_remove(&m, 2 * NS_PER_S, &err), 0);
	assert_int_equal(cgroup_watch_usage(&w, &usage, &err), -ENODEV);
	close(root);
}

static void who_lives_on_is_moved_not_killed(void **state)
{
	struct cgroup_made m;
	int status, go, root = make_live(&some_memory, &m);
	struct err err;
	char path[sizeof(m.memory.path)];
	pid_t pid;

	(void)state;
	if (root < 0)
		return;
	pid = child_in(&m, 4096, &go);
	close(go);
	memcpy(path, m.memory.path, sizeof(path));
	/* It made a group of its own below, and sits there. */
	assert_int_equal(mkdirat(m.memory.fd, "inner", 0755), 0);
	assert_int_equal(cgroup_made_remove(&m, 10 * NS_PER_MS, &err), 1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	close(root);
}

static void processors_are_limited_too(void **state)
{
	static const struct cgroup_want both = { .memory_max = 64 * MB, .cpu_milli = 250 };
	struct cgroup_made m;
	int root = make_live(&both, &m);
	const struct cgroup_folder *f = m.cpu.version ? &m.cpu : &m.memory;
	BUF(text, 4096);
	struct err err;

	(void)state;
	if (root < 0)
		return;
	assert_ok(file_read(f->fd, f->version == 1 ? "cpu.cfs_quota_us" : "cpu.max", &text, &err),
		  &err);
	assert_true(str_has_prefix(buf_view(&text), STR("25000")));
	assert_int_equal(cgroup_made_remove(&m, NS_PER_S, &err), 0);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_makes_a_sibling),
		cmocka_unit_test(nobody_hands_memory_down),
		cmocka_unit_test(version_1_below_the_own_group_or_the_root),
		cmocka_unit_test(groups_of_dead_runs_are_swept),
		cmocka_unit_test(the_kernel_kills_in_the_group_and_it_goes),
		cmocka_unit_test(who_lives_on_is_moved_not_killed),
		cmocka_unit_test(processors_are_limited_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
