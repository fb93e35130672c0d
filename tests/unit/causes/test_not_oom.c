/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

/* Killed with SIGKILL; counter and log were read and know of no OOM kill; 40 % of the limit. */
static void killed(struct world *w)
{
	w->e.killed_for_memory = TRI_NO;
	w->c.end.group_counted_kill = TRI_NO;
	w->c.limits[0].usage_bytes = 100 * MIB;
	world_samples(w, 10);
	w->c.samples[10].charge = 100 * MIB;
	world_pattern(w, PATTERN_PLATEAU, 100 * MIB);
}

static void yes_killed_by_somebody_else(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_YES);
	assert_true(w.f.bytes == UNKNOWN_U64);
	w.c.end.signal = 0;
	w.c.end.exit_status = 137; /* a shell's or a container's way to say it */
	w.c.end.sender = "pid 77 (supervise)";
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_YES);
	assert_says_text(&w, w.f.summary, "supervise");
}

static void oom_kill_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_NO);
}

/* The nearest NO: it ended by itself, or lives. */
static void normal_end_and_life_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.c.end.signal = 0;
	w.c.end.exit_status = 0;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_NO);
	w.c.end.alive = true;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_NO);
}

/* Looks like it: no OOM kill, but it stood at its limit and may have been killed for that. */
static void confounder_thrashing_at_the_limit_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.c.samples[10].charge = 254 * MIB;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "99 % of its limit");
}

static void counter_not_read_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.e.killed_for_memory = TRI_UNKNOWN;
	w.c.end.group_counted_kill = TRI_UNKNOWN;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_UNKNOWN);
}

static void log_not_read_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.e.killed_for_memory = TRI_UNKNOWN;
	w.c.end.kernel_log_read = TRI_UNKNOWN;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "log");
}

static void usage_not_known_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.c.samples[10].charge = UNKNOWN_U64;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_UNKNOWN);
}

static void end_not_seen_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	killed(&w);
	w.e.killed_for_memory = TRI_UNKNOWN;
	w.c.end.observed = false;
	w.c.end.signal = -1;
	assert_int_equal(world_judge(&w, "not-oom"), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_killed_by_somebody_else),
		cmocka_unit_test(oom_kill_is_no),
		cmocka_unit_test(normal_end_and_life_is_no),
		cmocka_unit_test(confounder_thrashing_at_the_limit_is_unknown),
		cmocka_unit_test(counter_not_read_is_unknown),
		cmocka_unit_test(log_not_read_is_unknown),
		cmocka_unit_test(usage_not_known_is_unknown),
		cmocka_unit_test(end_not_seen_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
