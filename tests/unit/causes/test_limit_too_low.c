/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

/* 180 MiB live and 20 beside: 245 with the tightest collector. */
static struct case_gostats *server(struct world *w, enum pattern_kind kind)
{
	struct case_gostats *g = world_stats(w, world_snapshot(w, S(60), SNAP_KILL));

	world_pattern(w, kind, 256 * MIB);
	world_samples(w, 60);
	w->c.samples[60].charge = 256 * MIB;
	world_cycles(w, 20, 60, 180 * MIB, 180 * MIB);
	w->e.pattern.last_floor = 200 * MIB;
	w->e.pattern.tight_need = 245 * MIB;
	w->e.pattern.predicted_peak = 380 * MIB;
	w->e.pattern.floor = (struct trend){ .known = true, .flat = true };
	g->gogc = 100;
	g->memory_limit = CASE_MEMORY_LIMIT_OFF;
	return g;
}

static void yes_names_the_limit_and_computes_it(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	server(&w, PATTERN_PLATEAU);
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_YES);
	assert_string_equal(w.f.culprits[0].name, "/sys/fs/cgroup/api/memory.max");
	assert_int_equal(w.f.culprits[0].bytes, 256 * MIB);
	assert_int_equal(w.f.bytes, 256 * MIB);
	assert_says_text(&w, w.f.summary, "the container limit is 256.0 MiB");
	assert_says_text(&w, w.f.remedy[0], "448MiB"); /* 380 / 0.9, in steps of 64 */
	assert_says_text(&w, w.f.remedy[1], "320MiB"); /* 245 / 0.9 */
}

/* The nearest NO: a tighter collector would fit; that is gogc-too-high. */
static void tight_collector_fits_is_no(void **state)
{
	WORLD(w, 280 * MIB);

	(void)state;
	server(&w, PATTERN_SAWTOOTH);
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_NO);
}

static void confounder_slow_leak_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	server(&w, PATTERN_LEAK);
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_NO);
}

/* It lives with nine tenths of the limit taken: tight, but nothing has happened. */
static void living_under_its_limit_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	server(&w, PATTERN_PLATEAU);
	w.c.end.alive = true;
	w.e.killed_for_memory = TRI_NO;
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_NO);
}

static void pattern_not_known_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	server(&w, PATTERN_UNKNOWN);
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_UNKNOWN);
}

static void live_heap_not_seen_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	server(&w, PATTERN_PLATEAU);
	w.e.pattern.last_floor = UNKNOWN_U64;
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_UNKNOWN);
}

static void limit_not_seen_is_unknown(void **state)
{
	WORLD(w, UNKNOWN_U64);

	(void)state;
	server(&w, PATTERN_PLATEAU);
	assert_int_equal(world_judge(&w, "limit-too-low"), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_names_the_limit_and_computes_it),
		cmocka_unit_test(tight_collector_fits_is_no),
		cmocka_unit_test(confounder_slow_leak_is_no),
		cmocka_unit_test(living_under_its_limit_is_no),
		cmocka_unit_test(pattern_not_known_is_unknown),
		cmocka_unit_test(live_heap_not_seen_is_unknown),
		cmocka_unit_test(limit_not_seen_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
