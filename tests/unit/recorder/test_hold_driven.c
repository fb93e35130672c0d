/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold, driven as `run` does it, which waits for all of its children at once: what a child
 * with a held thread does then, and that it always comes to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/hold.h"
#include "t.h"

#define PATIENCE (10 * NS_PER_S)

struct plan {
	void (*held)(void);  /* what the thread does that is held; NULL: it waits */
	void (*other)(void); /* what the other thread does */
};

static int go[2]; /* both threads begin when a byte of each comes */

static void *thread(void *arg)
{
	void (*act)(void) = *(void (**)(void))arg;
	char c;

	if (!act)
		for (;;)
			pause();
	if (read(go[0], &c, 1) == 1)
		act();
	return NULL;
}

static void child(const struct plan *p, int ready)
{
	pthread_t t;
	struct plan mine = *p;

	/* In this order: the held one is the thread that was started first. */
	if (pthread_create(&t, NULL, thread, &mine.held) != 0 ||
	    pthread_create(&t, NULL, thread, &mine.other) != 0 || write(ready, "", 1) != 1)
		_exit(9);
	for (;;)
		pause();
}

static pid_t start(const struct plan *p)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(p, ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void let_begin(void)
{
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[0]);
	close(go[1]);
}

/* One word about any of ours, fails the test when none comes. */
static pid_t hear(int *status)
{
	int64_t end = clock_mono() + PATIENCE;
	const struct timespec pause = { .tv_nsec = NS_PER_MS };
	pid_t pid;

	while ((pid = waitpid(-1, status, WNOHANG | WUNTRACED | __WALL)) == 0) {
		assert_true(clock_mono() < end);
		nanosleep(&pause, NULL);
	}
	assert_true(pid > 0);
	return pid;
}

/* Drives one child to its end as `run` does; the events of the hold in order, and its end. */
static int drive(pid_t pid, struct hold *h, enum hold_event *events, size_t room, size_t *n)
{
	int status;

	*n = 0;
	for (;;) {
		pid_t of = hear(&status);

		if (h->tid && of == h->tid) {
			enum hold_event e = hold_handle(h, status);

			if (e != HOLD_NOTHING && *n < room)
				events[(*n)++] = e;
			if (e == HOLD_DYING)
				hold_let_go(h);
		} else if (!hold_handle_stray(of == pid ? h : NULL, of, status) && of == pid &&
			   !WIFSTOPPED(status)) {
			return status;
		}
	}
}

static void exits_with_7(void)
{
	_exit(7);
}

static void exits_with_0(void)
{
	_exit(0);
}

static void execs(void)
{
	execl("/bin/sh", "sh", "-c", "exit 5", NULL);
	_exit(8);
}

static void kills_all(void)
{
	kill(getpid(), SIGKILL);
}

static void stops_all(void)
{
	raise(SIGSTOP); /* to this thread: another would leave us time to exit */
	_exit(6);
}

static bool arms(struct hold *h, pid_t pid, struct err *err)
{
	if (hold_arm(h, pid, err) == 0)
		return true;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return false;
}

static void expect_one(const struct plan *p, enum hold_event wanted, int wanted_exit)
{
	enum hold_event events[4];
	struct hold h = { 0 };
	struct err err;
	pid_t pid = start(p);
	size_t n;
	int status;

	if (!arms(&h, pid, &err))
		skip_test(err.msg);
	let_begin();
	status = drive(pid, &h, events, 4, &n);
	assert_int_equal(n, 1);
	assert_int_equal(events[0], wanted);
	assert_int_equal(h.tid, 0);
	if (wanted_exit < 0) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), -wanted_exit);
	} else {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), wanted_exit);
	}
}

static void a_kill_is_a_death(void **state)
{
	(void)state;
	expect_one(&(struct plan){ .other = kills_all }, HOLD_DYING, -SIGKILL);
}

static void an_exit_is_a_death(void **state)
{
	(void)state;
	expect_one(&(struct plan){ .other = exits_with_7 }, HOLD_DYING, 7);
	expect_one(&(struct plan){ .other = exits_with_0 }, HOLD_DYING, 0);
	expect_one(&(struct plan){ .held = exits_with_0 }, HOLD_DYING, 0);
}

static void an_exec_is_no_death(void **state)
{
	(void)state;
	expect_one(&(struct plan){ .other = execs }, HOLD_THREAD_GONE, 5);
}

/* It goes on under the PID, and would stop at its end for ever. */
static void an_exec_by_the_thread_itself(void **state)
{
	enum hold_event events[4];
	struct hold h = { 0 };
	struct err err;
	pid_t pid = start(&(struct plan){ .held = execs });
	size_t n;
	int status;

	(void)state;
	if (!arms(&h, pid, &err))
		skip_test(err.msg);
	let_begin();
	status = drive(pid, &h, events, 4, &n);
	assert_int_equal(n, 0);
	assert_int_equal(h.tid, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

static void a_stop_stays_a_stop_and_goes_on(void **state)
{
	enum hold_event events[4];
	struct hold h = { 0 };
	struct err err;
	pid_t pid = start(&(struct plan){ .other = stops_all });
	int status;
	size_t n;

	(void)state;
	if (!arms(&h, pid, &err))
		skip_test(err.msg);
	let_begin();
	while (hear(&status) != pid)
		assert_int_equal(hold_handle(&h, status), HOLD_NOTHING);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(pid, SIGCONT), 0);
	status = drive(pid, &h, events, 4, &n);
	assert_int_equal(n, 1);
	assert_int_equal(WEXITSTATUS(status), 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_is_a_death),
		cmocka_unit_test(an_exit_is_a_death),
		cmocka_unit_test(an_exec_is_no_death),
		cmocka_unit_test(an_exec_by_the_thread_itself),
		cmocka_unit_test(a_stop_stays_a_stop_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
