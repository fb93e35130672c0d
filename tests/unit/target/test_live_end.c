/* SPDX-License-Identifier: Apache-2.0 */
/* live: a process that is not the one meant, that ends, that may not be read. */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "child.h"

#define LARGE ((size_t)4 << 30)
#define PIECE ((size_t)1 << 20)

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

static uint64_t value = 0x1234;
static uint8_t *large; /* LARGE bytes that nobody touches */

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void touch(void)
{
	value = 0x5678;
}

static void command(char c)
{
	if (c == 'g' && madvise(large, 4096, MADV_GUARD_INSTALL) == 0)
		value = 1;
	if (c == 'e')
		execl("/proc/self/exe", "test_live_end", "as another program", NULL);
}

static int start(void **state)
{
	static struct child c;

	child_start(&c, touch, command);
	*state = &c;
	return 0;
}

static int end(void **state)
{
	child_end(*state);
	return 0;
}

static void a_reaped_process_is_gone(void **state)
{
	struct child *c = *state;
	struct mem_piece p = { addr(&value), &(uint64_t){ 0 }, 8, true };
	struct err err;
	uint64_t v = 3;

	assert_ok(mem_u64(c->m, addr(&value), &v, &err), &err);
	assert_int_equal(v, 0x5678);
	child_kill(c);
	assert_int_equal(mem_u64(c->m, addr(&value), &v, &err), -ESRCH);
	assert_says(&err, "has ended");
	/* Nor are there zeros where nothing was touched. */
	assert_int_equal(mem_u64(c->m, addr(large), &v, &err), -ESRCH);
	assert_int_equal(mem_refresh(c->m, &err), -ESRCH);
	assert_int_equal(live_sample(c->m, &p, 1, &err), -ESRCH);
	assert_false(p.ok);
	assert_true(v == 0x5678 && c->m->n_regions > 0);
}

static void a_zombie_is_gone_too(void **state)
{
	struct child *c = *state;
	struct mem *m = NULL;
	siginfo_t info;
	struct err err;
	uint64_t v;

	kill(c->pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(mem_u64(c->m, addr(&value), &v, &err), -ESRCH);
	assert_says(&err, "has ended");
	assert_int_equal(mem_refresh(c->m, &err), -ESRCH);
	assert_int_equal(live_open(c->pid, NULL, &m, &err), -ESRCH);
	assert_null(m);
}

static void another_start_time_is_another_process(void **state)
{
	struct child *c = *state;
	struct live_options opt = { .start_time = live_start_time(c->m) + 1 };
	struct mem *m = NULL;
	struct err err;

	assert_int_equal(live_open(c->pid, &opt, &m, &err), -ESRCH);
	assert_says(&err, "is another process");
	assert_null(m);
	opt.start_time--;
	assert_ok(live_open(c->pid, &opt, &m, &err), &err);
	mem_close(m);
}

static void another_program_is_not_read_as_the_first(void **state)
{
	struct child *c = *state;
	struct mem_piece p = { addr(&value), &(uint64_t){ 0 }, 8, true };
	struct err err;
	uint64_t v;

	child_tell_last(c, 'e');
	assert_int_equal(mem_u64(c->m, addr(&value), &v, &err), -ESRCH);
	assert_says(&err, "runs another program by now");
	assert_int_equal(live_sample(c->m, &p, 1, &err), -ESRCH);
	assert_false(p.ok);
}

/* The next process is given @pid, where that may be asked for and nobody is quicker. */
static pid_t fork_as(pid_t pid)
{
	_cleanup_(close_file) FILE *f = fopen("/proc/sys/kernel/ns_last_pid", "w");
	pid_t again;

	if (!f || fprintf(f, "%d", (int)pid - 1) < 0 || fflush(f) != 0)
		return 0;
	again = fork();
	if (again == 0) {
		pause();
		_exit(0);
	}
	return again;
}

/* A fork of ours: the same addresses, the same variables, and not the process that was opened. */
static void the_next_with_its_pid_is_not_read(void **state)
{
	struct child *c = *state;
	struct mem_piece p = { addr(&value), &(uint64_t){ 0 }, 8, true };
	pid_t pid = c->pid, again = 0;
	struct err err;
	uint64_t v;

	child_kill(c);
	for (int tries = 0; tries < 20 && again != pid; tries++) {
		if (again > 0) {
			kill(again, SIGKILL);
			waitpid(again, NULL, 0);
		}
		again = fork_as(pid);
	}
	c->pid = again; /* ended with the test */
	if (again != pid)
		skip_test("the PID could not be had again");
	assert_int_equal(mem_u64(c->m, addr(&value), &v, &err), -ESRCH);
	assert_int_equal(mem_refresh(c->m, &err), -ESRCH);
	assert_int_equal(live_sample(c->m, &p, 1, &err), -ESRCH);
	assert_false(p.ok);
}

static void a_pid_that_is_not_there(void **state)
{
	struct mem *m = NULL;
	struct err err;

	(void)state;
	assert_int_equal(live_open(0x7fffffff, NULL, &m, &err), -ESRCH);
	assert_says(&err, "PID 2147483647: no such process");
	assert_null(m);
}

static bool is_kernel_thread(const char *stat)
{
	_cleanup_(close_file) FILE *f = fopen(stat, "r");
	char line[64];

	return f && fgets(line, sizeof(line), f) && strstr(line, "(kthreadd)");
}

static void a_kernel_thread_has_no_program(void **state)
{
	struct mem *m = NULL;
	struct err err;

	(void)state;
	if (!is_kernel_thread("/proc/2/stat") || geteuid() != 0)
		skip_test("no kernel thread here, or not root");
	assert_int_equal(live_open(2, NULL, &m, &err), -ENOENT);
	assert_says(&err, "kernel thread");
}

/* 0 when @pid was refused for want of permission, with words. */
static int refused(pid_t pid)
{
	struct mem *m = NULL;
	struct err err;
	int r;

	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return 2;
	r = live_open(pid, NULL, &m, &err);
	if ((r != -EPERM && r != -EACCES) || m)
		return 1;
	return strstr(err.msg, "PID ") ? 0 : 3;
}

static void what_belongs_to_others_is_refused(void **state)
{
	struct child *c = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip_test("not root");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(refused(c->pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_deadline_ends_a_long_read(void **state)
{
	size_t n = LARGE / PIECE;
	struct mem_piece *v = calloc(n, sizeof(*v));
	struct child *c = *state;
	uint8_t *dst = malloc(PIECE);
	struct err err;
	int64_t start;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct mem_piece){ addr(large) + i * PIECE, dst, PIECE, true };
	start = clock_mono();
	c->m->deadline = start + 10 * NS_PER_MS;
	assert_int_equal(mem_readv(c->m, v, n, &err), -ETIME);
	assert_says(&err, "out of time");
	/* The whole would take several times that long. */
	assert_true(clock_mono() - start < 2 * NS_PER_S);
	assert_false(v[n - 1].ok);
	assert_int_equal(mem_readv(c->m, v, 1, &err), -ETIME);
	assert_false(v[0].ok);
	assert_int_equal(live_sample(c->m, v, 1, &err), -ETIME);
	c->m->deadline = 0;
	assert_ok(mem_readv(c->m, v, 1, &err), &err);
	assert_true(v[0].ok);
	free(dst);
	free(v);
}

/* Its words in pagemap are those of swapped pages: nothing that may be had from here. */
static void a_guarded_page_is_not_zeros(void **state)
{
	struct child *c = *state;
	struct err err;
	uint64_t v;

	child_tell(c, 'g');
	assert_ok(mem_u64(c->m, addr(&value), &v, &err), &err);
	if (v != 1)
		skip_test("no guard pages before Linux 6.13");
	assert_int_equal(mem_u64(c->m, addr(large), &v, &err), -EFAULT);
	assert_ok(mem_u64(c->m, addr(large) + 4096, &v, &err), &err);
	assert_int_equal(v, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reaped_process_is_gone, start, end),
		cmocka_unit_test_setup_teardown(a_zombie_is_gone_too, start, end),
		cmocka_unit_test_setup_teardown(another_start_time_is_another_process, start, end),
		cmocka_unit_test_setup_teardown(another_program_is_not_read_as_the_first, start,
						end),
		cmocka_unit_test_setup_teardown(the_next_with_its_pid_is_not_read, start, end),
		cmocka_unit_test(a_pid_that_is_not_there),
		cmocka_unit_test(a_kernel_thread_has_no_program),
		cmocka_unit_test_setup_teardown(what_belongs_to_others_is_refused, start, end),
		cmocka_unit_test_setup_teardown(the_deadline_ends_a_long_read, start, end),
		cmocka_unit_test_setup_teardown(a_guarded_page_is_not_zeros, start, end),
	};

	(void)argv;
	if (argc > 1) {
		pause();
		return 0;
	}
	large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
