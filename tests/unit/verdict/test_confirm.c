/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "base/clock.h"
#include "verdict/confirm.h"

#define BUDGET (1024 * 1024)

struct ending {
	struct arena a;
	struct whycase c;
	struct case_kill k;
	struct oom oom;
};

static void begin(struct ending *e)
{
	memset(e, 0, sizeof(*e));
	arena_init(&e->a, BUDGET);
	case_init(&e->c, &e->a);
	case_kill_init(&e->k);
	e->c.subject.pid = 4242;
	e->c.subject.cgroup = "/docker/3f";
	e->c.host.cgroup_version = 2;
	e->c.end.observed = true;
	e->c.end.signal = 9;
	e->c.end.wall_ns = 1000 * NS_PER_S;
	e->k.pid = 4242;
}

static void end(struct ending *e)
{
	arena_release(&e->a);
}

#define ENDING(name)                       \
	_cleanup_(end) struct ending name; \
	begin(&name)

static void confirmed(struct ending *e, enum tri status, enum oom_kind kind, enum oom_killer killer)
{
	confirm(&e->c, &e->oom);
	assert_int_equal(e->oom.status, status);
	assert_int_equal(e->oom.kind, kind);
	assert_int_equal(e->oom.killer, killer);
}

static void sigkill_alone_proves_nothing(void **state)
{
	ENDING(e);

	(void)state;
	confirmed(&e, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
	e.c.end.group_counted_kill = TRI_NO; /* one of the two sources is not enough */
	confirmed(&e, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
	e.c.end.kernel_log_read = TRI_YES;
	confirmed(&e, TRI_NO, OOM_NONE, KILLER_NONE);
	assert_int_equal(e.oom.n_evidence, 2);
}

static void exit_status_137_alone_proves_nothing(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.signal = 0;
	e.c.end.exit_status = 137;
	confirmed(&e, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
	e.c.end.exit_status = 1;
	confirmed(&e, TRI_NO, OOM_NONE, KILLER_NONE);
}

static void counter_across_the_death_is_proof(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.group_counted_kill = TRI_YES;
	confirmed(&e, TRI_YES, OOM_MEMCG, KILLER_KERNEL);
	assert_non_null(strstr(e.oom.evidence[0], "memory.events"));
}

/* The counter rose for a child; the server died of something else. */
static void counter_that_counted_another_is_no_proof(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.group_counted_kill = TRI_YES;
	e.c.end.kernel_log_read = TRI_YES;
	e.k.pid = 4300;
	e.k.task_memcg = "/docker/3f";
	e.k.wall_ns = 999 * NS_PER_S;
	e.c.kills = &e.k;
	e.c.n_kills = 1;
	confirmed(&e, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
	e.k.wall_ns = 1 * NS_PER_S; /* long before: that one is not what was counted */
	confirmed(&e, TRI_YES, OOM_MEMCG, KILLER_KERNEL);
}

static void log_line_gives_kind_limit_and_words(void **state)
{
	static const char *const lines[] = {
		"a invoked oom-killer", "Memory cgroup out of memory: Killed process 4242 (api)"
	};
	ENDING(e);

	(void)state;
	e.k.kind = OOM_GLOBAL;
	e.k.lines = arena_new_array(&e.a, const char *, 2);
	memcpy(e.k.lines, lines, sizeof(lines));
	e.k.n_lines = 2;
	e.k.limit = 256 << 20;
	e.k.usage = 255 << 20;
	e.c.end.kill = &e.k;
	confirmed(&e, TRI_YES, OOM_GLOBAL, KILLER_KERNEL);
	assert_int_equal(e.oom.n_evidence, 2);
	assert_int_equal(e.oom.limit, 256 << 20);
	assert_int_equal(e.oom.usage, 255 << 20);
	assert_int_equal(confirm_for_memory(&e.oom), TRI_YES);
	e.k.kind = OOM_SYSRQ;
	confirmed(&e, TRI_YES, OOM_SYSRQ, KILLER_KERNEL);
	assert_int_equal(confirm_for_memory(&e.oom), TRI_NO);
}

static void log_alone_stands_for_its_last_kill(void **state)
{
	ENDING(e);
	struct case_kill kills[2] = { e.k, e.k };

	(void)state;
	e.c.end.observed = false;
	e.c.end.signal = -1;
	e.c.run.mode = "kernlog";
	kills[1].kind = OOM_MEMCG;
	e.c.kills = kills;
	e.c.n_kills = 2;
	confirmed(&e, TRI_YES, OOM_MEMCG, KILLER_KERNEL);
	e.c.run.mode = "diagnose";
	confirmed(&e, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
}

static void other_killers_are_named(void **state)
{
	static const struct {
		const char *name;
		enum oom_killer killer;
	} rows[] = {
		{ "systemd-oomd", KILLER_OOMD },
		{ "earlyoom", KILLER_EARLYOOM },
		{ "kubelet", KILLER_KUBELET },
		{ "talos", KILLER_OTHER },
	};
	ENDING(e);

	(void)state;
	e.c.end.other_line = "its own line";
	for (size_t i = 0; i < COUNT(rows); i++) {
		e.c.end.other_killer = rows[i].name;
		confirmed(&e, TRI_YES, OOM_USERSPACE, rows[i].killer);
		assert_string_equal(e.oom.evidence[0], "its own line");
	}
}

static void runtime_that_died_of_itself(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.signal = 0;
	e.c.end.exit_status = 2;
	e.c.end.go_fatal = "runtime: out of memory: cannot allocate 4194304-byte block";
	confirmed(&e, TRI_YES, OOM_GO_RUNTIME, KILLER_SELF);
	e.c.end.go_fatal = "runtime: program exceeds 10000-thread limit";
	confirmed(&e, TRI_NO, OOM_GO_RUNTIME, KILLER_SELF);
}

static void the_living_were_not_killed(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.alive = true;
	e.c.end.observed = false;
	e.c.end.signal = 0;
	confirmed(&e, TRI_NO, OOM_NONE, KILLER_NONE);
}

static void times_at_the_ends_of_the_clock_do_not_overflow(void **state)
{
	ENDING(e);

	(void)state;
	e.c.end.group_counted_kill = TRI_YES;
	e.c.end.kernel_log_read = TRI_YES;
	e.c.end.wall_ns = INT64_MAX;
	e.k.pid = 1;
	e.k.task_memcg = "/docker/3f";
	e.k.wall_ns = INT64_MIN + 1;
	e.c.kills = &e.k;
	e.c.n_kills = 1;
	confirmed(&e, TRI_YES, OOM_MEMCG, KILLER_KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigkill_alone_proves_nothing),
		cmocka_unit_test(exit_status_137_alone_proves_nothing),
		cmocka_unit_test(counter_across_the_death_is_proof),
		cmocka_unit_test(counter_that_counted_another_is_no_proof),
		cmocka_unit_test(log_line_gives_kind_limit_and_words),
		cmocka_unit_test(log_alone_stands_for_its_last_kill),
		cmocka_unit_test(other_killers_are_named),
		cmocka_unit_test(runtime_that_died_of_itself),
		cmocka_unit_test(the_living_were_not_killed),
		cmocka_unit_test(times_at_the_ends_of_the_clock_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
