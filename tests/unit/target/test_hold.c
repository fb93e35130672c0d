/* SPDX-License-Identifier: Apache-2.0 */
/* live_hold: the memory of a process whose leader is dead, by way of its last thread. */
#include "t.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"

#define AREA ((size_t)8 << 20)
#define LOW ((uint64_t)1 << 20) /* below everything else of a program */

static uint8_t *area, *shared;
static volatile pid_t *tid; /* of the child's second thread */
static size_t page;
static const char constant[] = "in the program's file";

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void *second(void *unused)
{
	*tid = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return unused;
}

static void prepare(void)
{
	pthread_t thread;

	for (size_t i = 0; i < AREA; i += 2 * page)
		memset(area + i, (int)(i / page % 251 + 1), page);
	memset(mmap((void *)(uintptr_t)LOW, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
	       'l', page);
	pthread_create(&thread, NULL, second, NULL);
	while (*tid == 0)
		usleep(1000);
}

static void command(char c)
{
	if (c == 'd')
		madvise((void *)(uintptr_t)LOW, page, MADV_DONTNEED);
}

static int start(void **state)
{
	static struct child c;

	*tid = 0;
	child_start(&c, prepare, command);
	*state = &c;
	return 0;
}

static int end(void **state)
{
	child_end(*state);
	return 0;
}

static char state_of(pid_t pid)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	return strrchr(line, ')')[2];
}

static bool seize(pid_t thread)
{
	return ptrace(PTRACE_SEIZE, thread, NULL, (void *)(uintptr_t)PTRACE_O_TRACEEXIT) == 0;
}

/* Kills, and waits for the exit stop of the thread and the end of the leader. */
static void kill_and_hold(const struct child *c)
{
	int status = 0;

	kill(c->pid, SIGKILL);
	assert_int_equal(waitpid(*tid, &status, __WALL), *tid);
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	for (int i = 0; i < 2000 && state_of(c->pid) != 'Z'; i++)
		usleep(1000);
	assert_int_equal(state_of(c->pid), 'Z');
}

static void let_go(struct child *c)
{
	int status;

	assert_int_equal(ptrace(PTRACE_CONT, *tid, NULL, NULL), 0);
	assert_int_equal(waitpid(*tid, &status, __WALL), *tid);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	c->pid = 0;
}

static void area_is_right(struct mem *m)
{
	uint8_t *got = malloc(AREA);
	struct err err;

	memset(got, 0xee, AREA);
	assert_ok(mem_read(m, addr(area), got, AREA, &err), &err);
	for (size_t i = 0; i < AREA; i++) {
		size_t n = i / page;

		if (got[i] != (n % 2 ? 0 : n % 251 + 1))
			fail_msg("byte %zu: %d", i, got[i]);
	}
	free(got);
}

static void the_dead_can_be_read(void **state)
{
	struct child *c = *state;
	char got[sizeof(constant)];
	struct err err;
	uint64_t v;

	if (!seize(*tid))
		skip_test("ptrace is refused");
	kill_and_hold(c);
	/* By way of the leader there is nothing any more. */
	assert_int_equal(mem_u64(c->m, addr(area), &v, &err), -ESRCH);
	assert_ok(live_hold(c->m, *tid, &err), &err);
	area_is_right(c->m);
	assert_non_null(mem_region_at(c->m, LOW));
	assert_ok(mem_read(c->m, addr(constant), got, sizeof(got), &err), &err);
	assert_string_equal(got, constant);
	/* Pages shared since the fork go by another way. */
	assert_ok(mem_u64(c->m, addr(shared), &v, &err), &err);
	assert_int_equal(v, 0x7373737373737373);
	assert_ok(mem_refresh(c->m, &err), &err);
	assert_ok(live_sample(c->m, &(struct mem_piece){ addr(area), &v, 8, false }, 1, &err),
		  &err);
	let_go(c);
	assert_int_equal(mem_u64(c->m, addr(area), &v, &err), -ESRCH);
	assert_int_equal(mem_u64(c->m, addr(area) + page, &v, &err), -ESRCH);
	assert_int_equal(mem_refresh(c->m, &err), -ESRCH);
}

static void the_dead_can_be_opened_by_a_thread(void **state)
{
	struct child *c = *state;
	struct live_options opt = { .start_time = live_start_time(c->m) };
	struct mem *m = NULL;
	pid_t pid = c->pid;
	struct err err;

	if (!seize(*tid))
		skip_test("ptrace is refused");
	kill_and_hold(c);
	assert_int_equal(live_open(c->pid, &opt, &m, &err), -ESRCH);
	opt.tid = *tid;
	assert_ok(live_open(c->pid, &opt, &m, &err), &err);
	area_is_right(m);
	mem_close(m);
	let_go(c);
	assert_int_equal(live_open(pid, &opt, &m, &err), -ESRCH);
}

static void a_thread_of_another_process_is_refused(void **state)
{
	struct child *c = *state;
	struct err err;
	uint64_t v;

	assert_int_equal(live_hold(c->m, getpid(), &err), -ESRCH);
	assert_says(&err, "has no thread");
	assert_ok(mem_u64(c->m, addr(area), &v, &err), &err);
}

/* The kernel's reaper leaves pages that look as if they had never been touched. */
static void memory_that_is_taken_away_is_not_zeros(void **state)
{
	struct child *c = *state;
	struct err err;
	uint64_t v = 0;

	assert_ok(live_hold(c->m, *tid, &err), &err);
	assert_ok(mem_u64(c->m, LOW, &v, &err), &err);
	assert_int_equal(v, 0x6c6c6c6c6c6c6c6c);
	child_tell(c, 'd');
	assert_int_equal(mem_u64(c->m, LOW, &v, &err), -ESRCH);
	assert_says(&err, "taking its memory away");
	assert_int_equal(mem_u64(c->m, addr(area) + page, &v, &err), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_dead_can_be_read, start, end),
		cmocka_unit_test_setup_teardown(the_dead_can_be_opened_by_a_thread, start, end),
		cmocka_unit_test_setup_teardown(a_thread_of_another_process_is_refused, start, end),
		cmocka_unit_test_setup_teardown(memory_that_is_taken_away_is_not_zeros, start, end),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tid = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	madvise(area, AREA, MADV_NOHUGEPAGE);
	memset(shared, 's', page);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
