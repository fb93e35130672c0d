/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live kernel log: positions and a real kill, where this machine lets us.
 * What it does not let us is skipped by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/kmsg.h"
#include "t.h"

#define LIMIT "16777216"

static void refused_where_there_is_none(void **state)
{
	struct kmsg m;
	struct err err;

	(void)state;
	assert_int_equal(kmsg_open(&m, "/nonexistent/kmsg", KMSG_NOW, &err), -ENOENT);
	assert_says(&err, "/nonexistent/kmsg");
}

/* A file of records stands for the device: what was overwritten shows in the numbers. */
static void gaps_are_counted(void **state)
{
	static const char *const records[] = {
		"6,10,1000000,-;one\n",
		"6,11,1000001,-;two\n SUBSYSTEM=x\n",
		"3,20,1000002,-;Out of memory: Killed process 77 (a) total-vm:4kB, anon-rss:4kB\n",
	};
	_cleanup_(kernlog_freep) struct kernlog *log = kernlog_new(KERNLOG_BUDGET);
	int ends[2];
	struct kmsg m = { .fd = -1 };
	struct err err;

	(void)state;
	/* a packet pipe gives one record a read, as the device does */
	assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
	m.fd = ends[0];
	for (size_t i = 0; i < COUNT(records); i++)
		assert_true(write(ends[1], records[i], strlen(records[i])) > 0);
	assert_int_equal(kmsg_drain(&m, log, &err), 3);
	assert_int_equal(m.missed, 8);
	assert_int_equal(m.next_seq, 21);
	assert_non_null(kernlog_find(log, 77));
	assert_true(kernlog_find(log, 77)->uptime_ns == INT64_C(1000002000));
	assert_int_equal(kmsg_wait_kill(&m, log, 77, 0, &err), 1);
	assert_int_equal(kmsg_wait_kill(&m, log, 78, 20, &err), 0);
	kmsg_close(&m);
	close(ends[1]);
}

static bool write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

/* A group with a limit, on either version; false where we may not. */
static bool make_group(char *dir, size_t n)
{
	static const struct {
		const char *root, *limit, *swap;
	} kinds[] = {
		{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.swappiness" },
		{ "/sys/fs/cgroup", "memory.max", "memory.swap.max" },
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		snprintf(dir, n, "%s/whyoom-test-kmsg-%d", kinds[i].root, (int)getpid());
		if (mkdir(dir, 0755) < 0)
			continue;
		(void)write_file(dir, kinds[i].swap, "0");
		if (write_file(dir, kinds[i].limit, LIMIT))
			return true;
		rmdir(dir);
	}
	return false;
}

/* The log has the host's pids: 0xeffffffc is the first namespace (include/linux/proc_ns.h). */
static bool hosts_pids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == 0xeffffffc;
}

/* Waits for a byte, then takes more than the group has. */
static void eat(int wait_fd)
{
	size_t n = 64 << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char go;

	if (p == MAP_FAILED || read(wait_fd, &go, 1) != 1)
		_exit(1);
	for (size_t at = 0; at < n; at += 4096)
		p[at] = 1;
	_exit(0);
}

static void a_real_kill_is_found(void **state)
{
	_cleanup_(kernlog_freep) struct kernlog *log = kernlog_new(KERNLOG_BUDGET);
	const struct kernlog_kill *kill;
	char dir[128], pid[16];
	int go[2], status, found;
	struct kmsg m;
	struct err err;
	int64_t died;
	pid_t child;

	(void)state;
	if (kmsg_open(&m, NULL, KMSG_NOW, &err) < 0)
		skip_test(err.msg);
	if (!hosts_pids() || !make_group(dir, sizeof(dir))) {
		kmsg_close(&m);
		skip_test("in a pid namespace, or no memory group can be made here");
	}
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0)
		eat(go[0]);
	snprintf(pid, sizeof(pid), "%d", (int)child);
	assert_true(write_file(dir, "cgroup.procs", pid));
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	died = clock_mono();
	rmdir(dir);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	found = kmsg_wait_kill(&m, log, child, 500, &err);
	print_message("# kill line %lld us after the death was seen\n",
		      (long long)(clock_mono() - died) / 1000);
	kmsg_close(&m);
	assert_int_equal(found, 1);
	kill = kernlog_find(log, child);
	assert_true(kill->killed && !kill->quoted && kill->kind == KERNLOG_MEMCG);
	assert_true(kill->anon_rss > 4 << 20 && kill->anon_rss != KERNLOG_UNKNOWN);
	if (kill->header_line) {
		assert_true(kill->memcg.limit == 16777216);
		assert_non_null(strstr(kill->oom_memcg, "whyoom-test-kmsg"));
		assert_int_equal(kill->page_size, sysconf(_SC_PAGESIZE));
	}
}

static void the_hosts_last_kill(void **state)
{
	_cleanup_(kernlog_freep) struct kernlog *log = kernlog_new(KERNLOG_BUDGET);
	struct err err;
	int r = kmsg_read_all(log, &err);

	(void)state;
	if (r == -EPERM || r == -EACCES || r == -ENOENT)
		skip_test(err.msg);
	assert_ok(r, &err);
	for (size_t i = 0; i < kernlog_kills(log); i++) {
		const struct kernlog_kill *kill = kernlog_kill(log, i);

		assert_true(kill->wall_ns != KERNLOG_NO_TIME &&
			    kill->wall_ns <= clock_wall() + 10 * NS_PER_S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_where_there_is_none),
		cmocka_unit_test(gaps_are_counted),
		cmocka_unit_test(a_real_kill_is_found),
		cmocka_unit_test(the_hosts_last_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
