/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real Go programs: their runtime is found and its layout proved, also while they
 * start and while they are busy.
 *
 * WHYOOM_GO_VERSIONS="1.19.13 1.27.2" tests those toolchains instead of PATH's go.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "looked.h"
#include "target/live.h"

static void attach_one(struct looked *l, const char *path, enum go_build how)
{
	(void)how;
	look_into(l, path, NULL);
	tell(l, "ags");
	attach(l);
	for (unsigned i = 0; i < l->rt.n_checks; i++)
		if (!l->rt.checks[i].ok)
			fail_msg("%s: %s", path, l->rt.checks[i].name);
	/* 1.18 keeps neither mappedReady nor totalAlloc, has no limiter */
	assert_in_range(l->rt.n_checks, l->rt.lay->minor <= 18 ? 11 : 13, GO_CHECKS_MAX);
	assert_int_equal(l->rt.lay->minor, image_go_minor(l->img));
	assert_true(l->rt.at.mbuckets && l->rt.at.mprof_cycle && l->rt.at.mem_profile_rate);
	assert_true(l->rt.at.sched && l->rt.at.work && l->rt.at.runtime_init_time &&
		    l->rt.at.allm && !l->rt.at.gc_cpu_limiter == (l->rt.lay->minor <= 18));
	look_away(l);
}

static void every_build_is_proved(void **state)
{
	(void)state;
	each_program(attach_one);
}

/* Two goroutines allocate as fast as they can: attach must not take a tear for a wrong layout. */
static void busy_one(struct looked *l, const char *path, enum go_build how)
{
	if (how != GO_STRIPPED)
		return;
	look_into(l, path, NULL);
	tell(l, "asb");
	for (int i = 0; i < 60; i++) {
		ARENA(a, 64 << 20);
		struct gospans spans;
		struct gostats s;
		struct err err = { 0 };

		attach(l);
		assert_int_equal(l->rt.lay->minor, image_go_minor(l->img));
		assert_ok(gostats_read(&l->rt, l->m, &s, &err), &err);
		assert_ok(gospans_read(&l->rt, l->m, 0, NULL, &a, &spans, &err), &err);
		assert_true(s.heap_alloc <= s.heap_inuse + (64 << 20));
		assert_true(spans.bad_spans < 20);
	}
	look_away(l);
}

static void busy_process_is_attached_to(void **state)
{
	(void)state;
	each_program(busy_one);
}

/* A child that stops at each of its first system calls, from execve() on. */
static pid_t start_traced(const char *path)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execl(path, path, (char *)NULL);
	_exit(127);
}

/* What is not there yet is "again", never a refusal, and in the end there is an answer. */
static void just_started_is_not_refused(void **state)
{
	const struct live_options opt = { 0 };
	char path[128];
	unsigned early = 0, ready = 0;
	struct image *img;
	struct mem *m;
	struct err err = { 0 };
	pid_t pid;
	int status;

	(void)state;
	if (!first_program(path, sizeof(path)))
		skip_test("no go that builds the program");
	pid = start_traced(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_ok(live_open(pid, &opt, &m, &err), &err);
	assert_ok(image_find(m, &img, &err), &err);
	while (WIFSTOPPED(status)) {
		struct goruntime rt;
		int r;

		assert_ok(mem_refresh(m, &err), &err);
		r = goruntime_attach(m, img, &rt, &err);
		if (r < 0 && r != -EAGAIN)
			fail_msg("after %u: %d: %s", early, r, err.msg);
		early += r < 0;
		ready += r >= 0;
		if (ready > 20)
			break;
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	assert_true(early > 20 && ready);
	image_free(img);
	mem_close(m);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_build_is_proved),
		cmocka_unit_test(busy_process_is_attached_to),
		cmocka_unit_test(just_started_is_not_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
