/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "host/keyed.h"
#include "host/proc_list.h"
#include "host/proc_stat.h"
#include "host/proc_status.h"
#include "host/proc_words.h"
#include "host/tree.h"

#define REST " S 7 4242 4242 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 12 0 98765 1234 56\n"

static void names_may_hold_brackets_and_newlines(void **state)
{
	static const struct {
		const char *line, *comm;
	} cases[] = {
		{ "4242 (api)" REST, "api" },
		{ "4242 (a) S 1 (b)" REST, "a) S 1 (b" },
		{ "4242 (two words)" REST, "two words" },
		{ "4242 ()))" REST, "))" },
		{ "4242 (line\nbreak)" REST, "line\nbreak" },
		{ "4242 ()" REST, "" },
	};
	struct proc_stat s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_ok(proc_stat_parse(str_from(cases[i].line), &s, &err), &err);
		assert_string_equal(s.comm, cases[i].comm);
		assert_int_equal(s.pid, 4242);
		assert_int_equal(s.ppid, 7);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.threads, 12);
		assert_int_equal(s.start_ticks, 98765);
	}
}

static void torn_stat_lines_are_refused(void **state)
{
	const char *line = "4242 (api)" REST;
	struct proc_stat s = { .pid = -5 };
	struct err err;
	size_t whole = (size_t)(strstr(line, " 1234") - line);

	(void)state;
	for (size_t n = 0; n < whole - 5; n++)
		assert_int_equal(proc_stat_parse((struct str){ line, n }, &s, &err), -EBADMSG);
	assert_int_equal(s.pid, -5);
}

static void status_in_bytes_and_absent_is_unknown(void **state)
{
	struct proc_status s;
	struct err err;

	(void)state;
	assert_ok(proc_status_parse(STR("Name:\tapi\nTgid:\t12\nPPid:\t1\nTracerPid:\t0\n"
					"Uid:\t1000\t1001\t1000\t1000\nNSpid:\t4242\t17\t3\n"
					"VmRSS:\t    1756 kB\nRssAnon:\t     116 kB\n"
					"Threads:\t5\n"),
				    &s, &err),
		  &err);
	assert_int_equal(s.vm_rss, 1756 * 1024);
	assert_int_equal(s.rss_anon, 116 * 1024);
	assert_int_equal(s.threads, 5);
	assert_int_equal(s.uid, 1000);
	assert_int_equal(s.ns_pid, 3);
	assert_false(host_known(s.vm_swap));
	assert_int_equal(
		proc_status_parse(STR("Name:\tapi\nTgid:\t12\nVmRSS:\tmuch kB\n"), &s, &err),
		-EBADMSG);
	assert_says(&err, "line 3");
	assert_int_equal(proc_status_parse(STR("nothing of that\n"), &s, &err), -EBADMSG);
}

static void kilobytes_that_overflow_are_refused(void **state)
{
	struct proc_rollup r;
	struct err err;

	(void)state;
	assert_int_equal(proc_rollup_parse(STR("Rss: 18446744073709551615 kB\n"), &r, &err),
			 -EBADMSG);
	assert_ok(proc_rollup_parse(STR("55e4-7ffd ---p 0 00:00 0 [rollup]\nRss: 8 kB\n"
					"LazyFree: 4 kB\n"),
				    &r, &err),
		  &err);
	assert_int_equal(r.lazy_free, 4096);
	assert_false(host_known(r.pss));
}

/* What the kernel says of ourselves agrees with what libc says. */
static void the_living_process(void **state)
{
	int fd, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_status status;
	struct proc_rollup rollup;
	struct proc_statm statm;
	struct proc_stat stat;
	struct err err;

	(void)state;
	fd = proc_open(root, getpid(), &err);
	assert_ok(fd, &err);
	assert_ok(proc_stat_read(fd, &stat, &err), &err);
	assert_int_equal(stat.pid, getpid());
	assert_int_equal(stat.ppid, getppid());
	assert_ok(proc_is_same(fd, stat.start_ticks, &err), &err);
	assert_int_equal(proc_is_same(fd, stat.start_ticks + 1, &err), -ESRCH);
	assert_ok(proc_status_read(fd, &status, &err), &err);
	assert_ok(proc_rollup_read(fd, &rollup, &err), &err);
	assert_int_equal(status.uid, getuid());
	assert_true(status.vm_rss > 64 * 1024 && status.vm_rss < UINT64_C(1) << 34);
	assert_true(rollup.rss <= status.vm_hwm + (4 << 20));
	close(fd);
	fd = file_open(root, "proc/self/statm", &err);
	assert_ok(proc_statm_reread(fd, &statm, &err), &err);
	assert_true(statm.resident > statm.shared && statm.size >= statm.resident);
	close(fd);
	close(root);
}

static void a_reaped_process_is_gone_not_zero(void **state)
{
	int pipes[2], fd, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_status status;
	struct proc_stat stat;
	struct err err;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		close(pipes[1]);
		_exit(read(pipes[0], &c, 1) != 0);
	}
	fd = proc_open(root, pid, &err);
	assert_ok(fd, &err);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_stat_read(fd, &stat, &err), -ESRCH);
	assert_int_equal(proc_status_read(fd, &status, &err), -ESRCH);
	assert_int_equal(proc_open(root, pid, &err), -ESRCH);
	close(pipes[0]);
	close(fd);
	close(root);
}

static void a_zombie_has_no_memory(void **state)
{
	int fd, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	siginfo_t info;
	struct proc_status status;
	struct proc_stat stat;
	struct err err;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	fd = proc_open(root, pid, &err);
	assert_ok(proc_stat_read(fd, &stat, &err), &err);
	assert_int_equal(stat.state, 'Z');
	assert_ok(proc_status_read(fd, &status, &err), &err);
	assert_false(host_known(status.vm_rss));
	waitpid(pid, NULL, 0);
	close(fd);
	close(root);
}

static void put_stat(const struct tree *t, int pid, const char *comm, int ppid)
{
	char path[64], text[160];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S %d 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0\n", pid,
		 comm, ppid, pid * 10);
	tree_put(t, path, text);
}

static void descendants_parents_first(void **state)
{
	ARENA(a, 1 << 20);
	struct proc_list all, some;
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_stat(&t, 1, "init", 0);
	put_stat(&t, 50, "sh", 1);
	put_stat(&t, 60, "api", 50);
	put_stat(&t, 40, "worker", 60); /* younger than its parent, PID wrapped */
	put_stat(&t, 70, "other", 1);
	tree_put(&t, "proc/80/stat", "torn");
	tree_put(&t, "proc/meminfo", "");
	tree_dir(&t, "proc/90"); /* ended meanwhile */
	assert_ok(proc_list_read(t.fd, &a, &all, &err), &err);
	assert_int_equal(all.n, 5);
	assert_int_equal(all.of[1].pid, 40);
	assert_string_equal(proc_list_find(&all, 60)->comm, "api");
	assert_null(proc_list_find(&all, 61));
	assert_ok(proc_list_descendants(&all, 50, &a, &some, &err), &err);
	assert_int_equal(some.n, 3);
	assert_int_equal(some.of[0].pid, 50);
	assert_int_equal(some.of[1].pid, 60);
	assert_int_equal(some.of[2].pid, 40);
	assert_ok(proc_list_descendants(&all, 999, &a, &some, &err), &err);
	assert_int_equal(some.n, 0);
	tree_remove(&t);
}

static void words_of_a_process(void **state)
{
	int fd;
	const char *s;
	int adj;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_put(&t, "proc/5/comm", "my api\n");
	tree_put_bytes(&t, "proc/5/cmdline", "api\0-x\0two words\0", 17);
	tree_put_bytes(&t, "proc/5/environ", "XGOGC=1\0GOGC=400\0GOMEMLIMIT=\0", 29);
	tree_put(&t, "proc/5/oom_score_adj", "-998\n");
	tree_link(&t, "proc/5/exe", "/srv/api (deleted)");
	fd = proc_open(t.fd, 5, &err);
	assert_ok(fd, &err);
	assert_ok(proc_comm(fd, &a, &s, &err), &err);
	assert_string_equal(s, "my api");
	assert_ok(proc_cmdline(fd, &a, &s, &err), &err);
	assert_string_equal(s, "api -x two words");
	assert_ok(proc_exe(fd, &a, &s, &err), &err);
	assert_string_equal(s, "/srv/api (deleted)");
	assert_ok(proc_environ(fd, "GOGC", &a, &s, &err), &err);
	assert_string_equal(s, "400");
	assert_ok(proc_environ(fd, "GOMEMLIMIT", &a, &s, &err), &err);
	assert_string_equal(s, "");
	assert_int_equal(proc_environ(fd, "GODEBUG", &a, &s, &err), -ENOENT);
	assert_ok(proc_oom_score_adj(fd, &adj, &err), &err);
	assert_int_equal(adj, -998);
	close(fd);
	tree_remove(&t);
}

static void files_over_their_bound_are_refused(void **state)
{
	BUF(small, 8);
	struct err err;
	struct tree t;
	uint64_t v = 3;

	(void)state;
	tree_make(&t);
	tree_put(&t, "eight", "12345678");
	tree_put(&t, "nine", "123456789");
	tree_put(&t, "words", "12 34\n");
	assert_ok(file_read(t.fd, "eight", &small, &err), &err);
	assert_int_equal(small.n, 8);
	assert_int_equal(file_read(t.fd, "/nine", &small, &err), -EFBIG);
	assert_int_equal(file_read(t.fd, "none", &small, &err), -ENOENT);
	assert_int_equal(file_read_u64(t.fd, "words", &v, &err), -EBADMSG);
	assert_int_equal(v, 3);
	assert_ok(file_read_u64(t.fd, "nine", &v, &err), &err);
	assert_int_equal(v, 123456789);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_may_hold_brackets_and_newlines),
		cmocka_unit_test(torn_stat_lines_are_refused),
		cmocka_unit_test(status_in_bytes_and_absent_is_unknown),
		cmocka_unit_test(kilobytes_that_overflow_are_refused),
		cmocka_unit_test(the_living_process),
		cmocka_unit_test(a_reaped_process_is_gone_not_zero),
		cmocka_unit_test(a_zombie_has_no_memory),
		cmocka_unit_test(descendants_parents_first),
		cmocka_unit_test(words_of_a_process),
		cmocka_unit_test(files_over_their_bound_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
