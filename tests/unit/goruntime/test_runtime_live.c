/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real Go programs, read from outside: the layout proved, and each number equal
 * to what the program's own runtime.ReadMemStats says.
 *
 * WHYOOM_GO_VERSIONS="1.19.13 1.27.2" tests those toolchains instead of PATH's go.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "go_child.h"
#include "goruntime/spans.h"
#include "goruntime/stats.h"
#include "target/live.h"

struct looked {
	struct go_child child;
	struct mem *m;
	struct image *img;
	struct goruntime rt;
	const char *what; /* for messages */
};

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void look_into(struct looked *l, const char *path, const char *const env[])
{
	const struct live_options opt = { 0 };
	struct err err = { 0 };

	l->what = path;
	assert_true(go_child_start(&l->child, path, env));
	assert_ok(live_open(l->child.pid, &opt, &l->m, &err), &err);
	assert_ok(image_find(l->m, &l->img, &err), &err);
}

static void attach(struct looked *l)
{
	struct err err = { 0 };

	assert_ok(goruntime_attach(l->m, l->img, &l->rt, &err), &err);
}

static void look_away(struct looked *l)
{
	image_free(l->img);
	mem_close(l->m);
	go_child_end(&l->child);
}

static void tell(struct looked *l, const char *commands)
{
	char reply[4096];

	for (; *commands; commands++)
		assert_true(go_child_ask(&l->child, *commands, reply, sizeof(reply)));
}

static void ask_memstats(struct looked *l, char reply[4096])
{
	assert_true(go_child_ask(&l->child, 'm', reply, 4096));
}

/* Each version and each way of building that this machine has. */
static void each_program(void (*test)(struct looked *l, const char *path, const char *version,
				      enum go_build how))
{
	char version[32], path[128];
	unsigned tested = 0;

	for (unsigned v = 0; go_version_at(v, version); v++) {
		for (unsigned how = 0; how < GO_BUILDS; how++) {
			struct looked l;

			if (!go_program_build("served", version, how, path, sizeof(path))) {
				print_message("go %s, %s: cannot be built here\n", version,
					      go_build_names[how]);
				continue;
			}
			test(&l, path, version, how);
			tested++;
		}
	}
	if (!tested)
		skip();
}

static void attach_one(struct looked *l, const char *path, const char *version, enum go_build how)
{
	(void)how;
	look_into(l, path, NULL);
	tell(l, "ags");
	attach(l);
	for (unsigned i = 0; i < l->rt.n_checks; i++)
		if (!l->rt.checks[i].ok)
			fail_msg("%s: %s", path, l->rt.checks[i].name);
	assert_in_range(l->rt.n_checks, 13, GO_CHECKS_MAX);
	if (*version)
		assert_memory_equal(l->rt.lay->name + 2, version, 4);
	assert_int_equal(l->rt.lay->minor, image_go_minor(l->img));
	assert_true(l->rt.at.mbuckets && l->rt.at.mprof_cycle && l->rt.at.mem_profile_rate);
	assert_true(l->rt.at.sched && l->rt.at.work && l->rt.at.runtime_init_time &&
		    l->rt.at.gc_cpu_limiter && l->rt.at.allm);
	look_away(l);
}

static void every_build_is_proved(void **state)
{
	(void)state;
	each_program(attach_one);
}

#define STAT(name, member)                                                                       \
	{                                                                                        \
		name, offsetof(struct gostats, member), sizeof(((struct gostats *)NULL)->member) \
	}

/* What a flush of the caches cannot change. */
static const struct stat_field {
	const char *name;
	size_t at, size;
} stats_counted[] = {
	STAT("Alloc", alloc),
	STAT("TotalAlloc", total_alloc),
	STAT("Lookups", lookups),
	STAT("Mallocs", mallocs),
	STAT("Frees", frees),
	STAT("HeapAlloc", heap_alloc),
	STAT("HeapInuse", heap_inuse),
	STAT("HeapObjects", heap_objects),
	STAT("LastGC", last_gc),
	STAT("PauseTotalNs", pause_total_ns),
	STAT("NumGC", num_gc),
	STAT("NumForcedGC", num_forced_gc),
	STAT("GCCPUFraction", gc_cpu_fraction),
	STAT("EnableGC", enable_gc),
};

/*
 * What ReadMemStats itself may change: it frees the stacks that Ps hold in reserve, and puts
 * spans on lists, which may take memory. Not between two of its calls.
 */
static const struct stat_field stats_changed[] = {
	STAT("Sys", sys),
	STAT("HeapSys", heap_sys),
	STAT("HeapIdle", heap_idle),
	STAT("HeapReleased", heap_released),
	STAT("StackInuse", stack_inuse),
	STAT("StackSys", stack_sys),
	STAT("MSpanInuse", mspan_inuse),
	STAT("MSpanSys", mspan_sys),
	STAT("MCacheInuse", mcache_inuse),
	STAT("MCacheSys", mcache_sys),
	STAT("BuckHashSys", buckhash_sys),
	STAT("GCSys", gc_sys),
	STAT("OtherSys", other_sys),
	STAT("NextGC", next_gc),
};

static void compare(const struct looked *l, const struct gostats *s, const char *said,
		    const struct stat_field *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t ours = 0, theirs = go_child_said(said, v[i].name);

		memcpy(&ours, (const char *)s + v[i].at, v[i].size);
		if (ours != theirs)
			fail_msg("%s: %s: we read %llu, the program says %llu", l->what, v[i].name,
				 (unsigned long long)ours, (unsigned long long)theirs);
	}
}

/*
 * Our read between two of the program's own that agree: the scavenger, which
 * gives memory back a while after a collection, was not at work then.
 */
static void read_between(struct looked *l, struct gostats *s, struct gospans *spans,
			 struct arena *a, char said[4096])
{
	char before[4096];
	struct err err = { 0 };

	for (int try = 0; try < 400; try++) {
		ask_memstats(l, before);
		assert_ok(gostats_read(&l->rt, l->m, s, &err), &err);
		if (spans)
			assert_ok(gospans_read(&l->rt, l->m, 50, NULL, a, spans, &err), &err);
		ask_memstats(l, said);
		if (!strcmp(before, said))
			return;
		sleep_ms(5);
	}
	fail_msg("%s does not come to rest", l->what);
}

static void stats_of_one(struct looked *l, const char *path, const char *version, enum go_build how)
{
	static const char *const steps[] = { "", "a", "d", "gas", "ddg", "gg" };
	struct gostats s;
	char said[4096];

	(void)version;
	(void)how;
	look_into(l, path, NULL);
	attach(l);
	for (size_t i = 0; i < COUNT(steps); i++) {
		tell(l, steps[i]);
		read_between(l, &s, NULL, NULL, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		compare(l, &s, said, stats_changed, COUNT(stats_changed));
		assert_int_equal(s.gogc, 100);
		assert_true(s.memory_limit == GO_NO_LIMIT);
		assert_true(s.limiter_known && !s.limiter_on);
		assert_true(s.goroutines >= go_child_said(said, "Goroutines"));
		assert_int_equal(s.mem_profile_rate, 0); /* the program has no use for one */
	}
	look_away(l);
}

static void stats_equal_memstats(void **state)
{
	(void)state;
	each_program(stats_of_one);
}

/* The Ps hold allocations that the counters do not show yet; the next ReadMemStats adds them. */
static void unflushed_of_one(struct looked *l, const char *path, const char *version,
			     enum go_build how)
{
	struct gostats s;
	struct err err = { 0 };
	char said[4096];

	(void)version;
	(void)how;
	look_into(l, path, (const char *const[]){ "GOGC", "off", NULL });
	attach(l);
	for (int i = 0; i < 5; i++) {
		tell(l, i % 2 ? "ad" : "a");
		assert_ok(gostats_read(&l->rt, l->m, &s, &err), &err);
		ask_memstats(l, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		assert_int_equal(s.gogc, -1);
		assert_int_equal(s.heap_minimum, 0);
	}
	look_away(l);
}

static void unflushed_allocations_are_counted(void **state)
{
	(void)state;
	each_program(unflushed_of_one);
}

static void limit_of_one(struct looked *l, const char *path, const char *version, enum go_build how)
{
	static const char *const envs[][7] = {
		{ "GOMEMLIMIT", "60MiB", "GOGC", "off", NULL },
		{ "GOMEMLIMIT", "1MiB", "GOGC", "1000", NULL },
		{ "GOMEMLIMIT", "40MiB", "GOGC", "50", NULL },
	};
	static const int64_t limits[] = { 60 << 20, 1 << 20, 40 << 20 };
	static const int32_t percents[] = { -1, 1000, 50 };
	struct gostats s;
	char said[4096];

	(void)version;
	if (how != GO_STRIPPED)
		return;
	for (size_t i = 0; i < COUNT(envs); i++) {
		look_into(l, path, envs[i]);
		attach(l);
		tell(l, "adag");
		read_between(l, &s, NULL, NULL, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		compare(l, &s, said, stats_changed, COUNT(stats_changed));
		assert_true(s.memory_limit == limits[i]);
		assert_int_equal(s.gogc, percents[i]);
		look_away(l);
	}
}

static void settings_and_goals_by_memory_limit(void **state)
{
	(void)state;
	each_program(limit_of_one);
}

static void spans_of_one(struct looked *l, const char *path, const char *version, enum go_build how)
{
	static const char *const steps[] = { "", "a", "ag", "d", "dsg" };
	struct gospans spans;
	struct gostats s;
	char said[4096];

	(void)version;
	(void)how;
	look_into(l, path, NULL);
	attach(l);
	for (size_t i = 0; i < COUNT(steps); i++) {
		ARENA(a, 64 << 20);

		tell(l, steps[i]);
		read_between(l, &s, &spans, &a, said);
		assert_int_equal(spans.torn_bytes, 0);
		assert_int_equal(spans.bad_spans, 0);
		assert_int_equal(spans.marks_unknown, 0);
		assert_int_equal(spans.inuse_bytes, go_child_said(said, "HeapInuse"));
		assert_int_equal(spans.object_bytes, go_child_said(said, "HeapAlloc"));
		assert_int_equal(spans.objects, go_child_said(said, "HeapObjects"));
		assert_int_equal(spans.stack_bytes, go_child_said(said, "StackInuse"));
		/* Stdin, Stdout and Stderr have finalizers: counted twice by the collector */
		if (s.num_gc)
			assert_int_equal(spans.marked_bytes + 3 * 96, s.heap_marked);
		else
			assert_int_equal(spans.marked_bytes, 0);
		if (i == 2) {
			assert_in_range(spans.large_count, 20, 40);
			assert_int_equal(spans.n_large, spans.large_count);
			assert_int_equal(spans.large[0].size, 163840);
			assert_true(spans.large[0].marked && !spans.large[0].unswept);
		}
	}
	look_away(l);
}

static void spans_add_up(void **state)
{
	(void)state;
	each_program(spans_of_one);
}

/* Stopped in the middle of a sweep: marks are where the sweeper has not been yet. */
static void unswept_of_one(struct looked *l, const char *path, const char *version,
			   enum go_build how)
{
	bool seen = false;

	(void)version;
	if (how != GO_PLAIN)
		return;
	look_into(l, path, (const char *const[]){ "GOMAXPROCS", "1", NULL });
	attach(l);
	tell(l, "aaaadddd");
	for (int try = 0; try < 300 && !seen; try++) {
		ARENA(a, 64 << 20);
		struct gospans spans;
		struct gostats s;
		struct err err = { 0 };
		uint64_t unswept = 0;

		tell(l, "c"); /* begins a collection and does not help to sweep */
		kill(l->child.pid, SIGSTOP);
		sleep_ms(2);
		assert_ok(gostats_read(&l->rt, l->m, &s, &err), &err);
		assert_ok(gospans_read(&l->rt, l->m, 0, NULL, &a, &spans, &err), &err);
		kill(l->child.pid, SIGCONT);
		for (unsigned i = 0; i < spans.n_classes; i++)
			unswept += spans.classes[i].unswept_spans;
		if (s.gcphase || unswept < 20)
			continue;
		seen = true;
		assert_int_equal(spans.marks_unknown, 0);
		assert_int_equal(spans.marked_bytes + 3 * 96, s.heap_marked);
		assert_true(spans.unswept_dead_bytes <= spans.object_bytes - spans.marked_bytes);
	}
	if (!seen)
		fail_msg("%s was never seen with its sweep unfinished", path);
	look_away(l);
}

static void marks_of_unswept_spans(void **state)
{
	(void)state;
	each_program(unswept_of_one);
}

/* Two goroutines allocate as fast as they can: attach must not take a tear for a wrong layout. */
static void busy_one(struct looked *l, const char *path, const char *version, enum go_build how)
{
	(void)version;
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

static void sample_equals_stats(void **state)
{
	char version[32], path[128];
	struct looked l;
	struct gosampler sampler;
	struct gosample sample;
	struct gostats s;
	struct err err = { 0 };

	(void)state;
	if (!go_version_at(0, version) ||
	    !go_program_build("served", version, GO_STRIPPED, path, sizeof(path)))
		skip();
	look_into(&l, path, NULL);
	attach(&l);
	tell(&l, "agm");
	assert_ok(gosampler_init(&sampler, &l.rt, &err), &err);
	assert_ok(live_sample(l.m, sampler.pieces, sampler.n_pieces, &err), &err);
	gosampler_decode(&sampler, &sample);
	assert_ok(gostats_read(&l.rt, l.m, &s, &err), &err);
	assert_int_equal(sample.heap_marked, s.heap_marked);
	assert_int_equal(sample.heap_live, s.heap_live);
	assert_int_equal(sample.heap_goal, s.heap_goal);
	assert_int_equal(sample.heap_inuse, s.heap_inuse);
	assert_int_equal(sample.stack_inuse, s.stack_inuse);
	assert_int_equal(sample.num_gc, s.num_gc);
	assert_int_equal(sample.allglen, s.goroutines);
	assert_int_equal(sample.total_alloc - sample.total_free, s.heap_alloc);
	assert_true(sample.memory_limit == s.memory_limit && sample.gogc == s.gogc);
	assert_int_equal(sample.heap_inuse + sample.heap_free + sample.heap_released +
				 sample.stack_inuse + sample.sys_other,
			 s.sys + s.stack_inuse - s.stack_sys);
	assert_true(sample.last_gc_mono > s.init_time && s.init_time > 0);
	gosampler_release(&sampler);
	look_away(&l);
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
	char version[32], path[128];
	unsigned early = 0, ready = 0;
	struct image *img;
	struct mem *m;
	struct err err = { 0 };
	pid_t pid;
	int status;

	(void)state;
	if (!go_version_at(0, version) ||
	    !go_program_build("served", version, GO_STRIPPED, path, sizeof(path)))
		skip();
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
	print_message("attached after %u system calls\n", early);
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
		cmocka_unit_test(stats_equal_memstats),
		cmocka_unit_test(unflushed_allocations_are_counted),
		cmocka_unit_test(settings_and_goals_by_memory_limit),
		cmocka_unit_test(spans_add_up),
		cmocka_unit_test(marks_of_unswept_spans),
		cmocka_unit_test(busy_process_is_attached_to),
		cmocka_unit_test(sample_equals_stats),
		cmocka_unit_test(just_started_is_not_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
