/* SPDX-License-Identifier: Apache-2.0 */
/* hold: what a thread that is seized means to its process, alive and at its end. */
#include "t.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../target/child.h"
#include "base/clock.h"
#include "recorder/hold.h"

#define THREADS 3 /* beside the leader */
#define PATIENCE (10 * NS_PER_S)

/* Of the child, seen by both. */
struct state {
	_Atomic pid_t tid[THREADS];
	_Atomic char order[THREADS]; /* for the thread: 'x' end, 'e' exec, '0' and '3' exit() */
	_Atomic unsigned usr1;
	_Atomic pid_t usr1_tid;
};

static struct state *shared;
static uint8_t *area;
#define AREA ((size_t)1 << 20)

static void on_usr1(int sig)
{
	(void)sig;
	shared->usr1_tid = (pid_t)syscall(SYS_gettid);
	shared->usr1++;
}

static void *thread(void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;

	shared->tid[i] = (pid_t)syscall(SYS_gettid);
	for (;;) {
		if (shared->order[i] == 'x')
			return NULL;
		if (shared->order[i] == 'e')
			execlp("sleep", "sleep", "1000", NULL);
		if (shared->order[i] == '0' || shared->order[i] == '3')
			_exit(shared->order[i] - '0');
		usleep(1000);
	}
}

static void prepare(void)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	sigaction(SIGUSR1, &sa, NULL);
	memset(area, 'm', AREA);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_t t;

		pthread_create(&t, NULL, thread, (void *)(uintptr_t)i);
		while (!shared->tid[i])
			usleep(1000);
	}
}

static void command(char c)
{
	if (c == 'e')
		execlp("sleep", "sleep", "1000", NULL);
	if (c == '0' || c == '3')
		_exit(c - '0');
}

/* The child, and its first thread held. */
struct held {
	struct child c;
	struct hold h;
	bool armed;
};

static int start(void **state)
{
	static struct held held;
	struct err err;
	int r;

	memset(shared, 0, sizeof(*shared));
	held = (struct held){ 0 };
	child_start(&held.c, prepare, command);
	r = hold_arm(&held.h, held.c.pid, &err);
	if (r != -EPERM)
		assert_ok(r, &err);
	held.armed = r == 0;
	*state = &held;
	return 0;
}

static int end(void **state)
{
	struct held *held = *state;

	hold_disarm(&held->h);
	child_end(&held->c);
	return 0;
}

#define HELD(name)                  \
	struct held *name = *state; \
	if (!name->armed)           \
	skip_test("ptrace is refused")

/* Passes on what the thread has to say until @until is true or something happens to it. */
static enum hold_event serve(struct hold *h, bool (*until)(const struct hold *h))
{
	int64_t end = clock_mono() + PATIENCE;
	int status;

	while (clock_mono() < end) {
		if (waitpid(h->tid, &status, __WALL | WNOHANG) > 0) {
			enum hold_event e = hold_handle(h, status);

			if (e != HOLD_NOTHING)
				return e;
		} else if (until && until(h)) {
			return HOLD_NOTHING;
		} else {
			usleep(1000);
		}
	}
	fail_msg("nothing happened");
	return HOLD_NOTHING;
}

/* The text behind @key in a status file of /proc, or "". */
static const char *said(pid_t pid, pid_t tid, const char *key)
{
	static char line[256];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			fclose(f);
			return line + strlen(key) + 1;
		}
	}
	if (f)
		fclose(f);
	return "";
}

static pid_t tracer_of(pid_t pid, pid_t tid)
{
	return (pid_t)strtol(said(pid, tid, "TracerPid:"), NULL, 10);
}

static bool is_stopped(const struct hold *h)
{
	return *said(h->pid, h->pid, "State:") == 'T';
}

static bool parent_hears_of_stop(const struct hold *h)
{
	int status;

	return waitpid(h->pid, &status, WUNTRACED | WNOHANG) == h->pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGSTOP;
}

static bool runs(const struct hold *h)
{
	return *said(h->pid, h->pid, "State:") == 'S';
}

static bool is_other_program(const struct hold *h)
{
	return strcmp(said(h->pid, h->pid, "Name:"), "sleep\n") == 0;
}

static bool got_usr1(const struct hold *h)
{
	(void)h;
	return shared->usr1 > 0;
}

static void the_thread_is_the_first_after_the_leader(void **state)
{
	HELD(held);
	struct hold other;
	struct err err;

	assert_int_equal(held->h.tid, shared->tid[0]);
	assert_int_equal(hold_arm(&other, held->c.pid, &err), -EPERM);
	child_tell(&held->c, 'n');
}

static void a_process_of_one_thread_is_too_young(void **state)
{
	struct hold h = { .tid = 4711 };
	struct child c;
	struct err err;
	pid_t pid;

	(void)state;
	child_start(&c, NULL, NULL);
	assert_int_equal(hold_arm(&h, c.pid, &err), -EAGAIN);
	pid = c.pid;
	child_end(&c);
	assert_int_equal(hold_arm(&h, pid, &err), -ESRCH);
	assert_int_equal(h.tid, 4711);
}

static void a_kill_leaves_the_memory_readable(void **state)
{
	HELD(held);
	uint8_t got[4096];
	struct err err;
	int status;

	kill(held->c.pid, SIGKILL);
	assert_int_equal(serve(&held->h, NULL), HOLD_DYING);
	assert_true(WIFSIGNALED(held->h.exit_code) && WTERMSIG(held->h.exit_code) == SIGKILL);
	assert_ok(live_hold(held->c.m, held->h.tid, &err), &err);
	assert_ok(mem_read(held->c.m, (uintptr_t)area + AREA - 4096, got, 4096, &err), &err);
	assert_int_equal(got[4095], 'm');
	hold_let_go(&held->h);
	assert_int_equal(held->h.tid, 0);
	assert_int_equal(waitpid(held->c.pid, &status, 0), held->c.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	held->c.pid = 0;
}

/* By the leader, by the held thread, by another: the others see it at different moments. */
static void exits_seen(struct held *held, int who, char code)
{
	int status;

	if (who < 0)
		assert_int_equal(write(held->c.to, &code, 1), 1);
	else
		shared->order[who] = code;
	assert_int_equal(serve(&held->h, NULL), HOLD_DYING);
	assert_true(WIFEXITED(held->h.exit_code));
	assert_int_equal(WEXITSTATUS(held->h.exit_code), code - '0');
	hold_let_go(&held->h);
	assert_int_equal(waitpid(held->c.pid, &status, 0), held->c.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == code - '0');
	held->c.pid = 0;
}

static void an_exit_of_the_process_is_its_death(void **state)
{
	for (int i = 0; i < 30; i++) {
		HELD(held);
		exits_seen(held, i / 2 % 3 - 1, i % 2 ? '3' : '0');
		end(state);
		start(state);
	}
}

static void the_end_of_the_thread_alone_is_not(void **state)
{
	HELD(held);
	struct err err;

	shared->order[0] = 'x';
	assert_int_equal(serve(&held->h, NULL), HOLD_THREAD_GONE);
	assert_int_equal(held->h.tid, 0);
	child_tell(&held->c, 'n');
	assert_ok(hold_arm(&held->h, held->c.pid, &err), &err);
	assert_int_equal(held->h.tid, shared->tid[1]);
}

static void wait_for_other_program(const struct hold *h)
{
	for (int i = 0; i < 1000 && !is_other_program(h); i++)
		usleep(10000);
	assert_true(is_other_program(h));
}

static void another_program_in_its_place_is_no_death(void **state)
{
	HELD(held);

	/* exec() waits for the thread, so for us: its answer cannot be waited for yet. */
	assert_int_equal(write(held->c.to, "e", 1), 1);
	assert_int_equal(serve(&held->h, NULL), HOLD_THREAD_GONE);
	wait_for_other_program(&held->h);
}

/* Then the leader is killed like the other threads, and the one that called becomes it. */
static void nor_is_one_that_another_thread_starts(void **state)
{
	HELD(held);

	shared->order[1] = 'e';
	assert_int_equal(serve(&held->h, NULL), HOLD_THREAD_GONE);
	wait_for_other_program(&held->h);
}

static void its_signals_reach_it(void **state)
{
	HELD(held);

	assert_int_equal(syscall(SYS_tgkill, held->c.pid, held->h.tid, SIGUSR1), 0);
	assert_int_equal(serve(&held->h, got_usr1), HOLD_NOTHING);
	assert_int_equal(shared->usr1, 1);
	assert_int_equal(shared->usr1_tid, held->h.tid);
	child_tell(&held->c, 'n');
}

static void a_stop_stops_until_it_goes_on(void **state)
{
	HELD(held);
	int status;

	kill(held->c.pid, SIGSTOP);
	serve(&held->h, parent_hears_of_stop);
	for (int i = 0; i < 50; i++) { /* and stays so, however often we listen */
		if (waitpid(held->h.tid, &status, __WALL | WNOHANG) > 0)
			assert_int_equal(hold_handle(&held->h, status), HOLD_NOTHING);
		usleep(1000);
	}
	assert_true(is_stopped(&held->h));
	kill(held->c.pid, SIGCONT);
	serve(&held->h, runs);
	child_tell(&held->c, 'n');
	kill(held->c.pid, SIGKILL); /* still held */
	assert_int_equal(serve(&held->h, NULL), HOLD_DYING);
}

static void nobody_traces_what_was_let_go(void **state)
{
	HELD(held);
	pid_t tid = held->h.tid;

	assert_int_equal(tracer_of(held->c.pid, tid), getpid());
	hold_disarm(&held->h);
	assert_int_equal(held->h.tid, 0);
	assert_int_equal(tracer_of(held->c.pid, tid), 0);
	assert_null(strchr("tT", *said(held->c.pid, tid, "State:")));
	child_tell(&held->c, 'n');
}

static void what_was_stopped_stays_so_when_it_is_let_go(void **state)
{
	HELD(held);
	struct hold was = held->h;

	kill(held->c.pid, SIGSTOP);
	serve(&held->h, is_stopped);
	hold_disarm(&held->h);
	assert_int_equal(tracer_of(was.pid, was.tid), 0);
	assert_true(is_stopped(&was));
	for (int i = 0; i < 1000 && *said(was.pid, was.tid, "State:") != 'T'; i++)
		usleep(1000); /* it is woken to stop again, without us */
	assert_int_equal(*said(was.pid, was.tid, "State:"), 'T');
	kill(held->c.pid, SIGCONT);
	child_tell(&held->c, 'n');
}

/* Whyoom may be killed at any time, also between the kill of what it holds and its end. */
static void the_tracers_death_leaves_no_stop(void **state)
{
	struct held *held = *state;
	struct err err;
	int status;
	pid_t tracer;

	if (!held->armed)
		skip_test("ptrace is refused");
	hold_disarm(&held->h);
	fflush(NULL);
	tracer = fork();
	if (tracer == 0) {
		struct hold h;

		if (hold_arm(&h, held->c.pid, &err) < 0)
			_exit(1);
		kill(held->c.pid, SIGKILL);
		if (waitpid(h.tid, &status, __WALL) != h.tid ||
		    hold_handle(&h, status) != HOLD_DYING)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(waitpid(held->c.pid, &status, 0), held->c.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	held->c.pid = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_thread_is_the_first_after_the_leader),
		cmocka_unit_test(a_process_of_one_thread_is_too_young),
		TEST(a_kill_leaves_the_memory_readable),
		TEST(an_exit_of_the_process_is_its_death),
		TEST(the_end_of_the_thread_alone_is_not),
		TEST(another_program_in_its_place_is_no_death),
		TEST(nor_is_one_that_another_thread_starts),
		TEST(its_signals_reach_it),
		TEST(a_stop_stops_until_it_goes_on),
		TEST(nobody_traces_what_was_let_go),
		TEST(what_was_stopped_stays_so_when_it_is_let_go),
		TEST(the_tracers_death_leaves_no_stop),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED && area != MAP_FAILED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
