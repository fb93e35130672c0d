/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#define ID "unbounded-collection"

/* A graph at the start and one at the kill; all grew in main.store. */
static struct case_holder *grows(struct world *w, uint64_t before, uint64_t after)
{
	struct case_snapshot *s = world_snapshot(w, S(1), SNAP_START);
	struct case_objects *o = world_objects(w, s, 20 * MIB + before);
	struct case_holder *h;

	world_holder(o, HOLDER_GLOBAL, "main.index", "", 15 * MIB, UNKNOWN_U64);
	world_holder(o, HOLDER_GLOBAL, "main.store", ".users[]", before, before / KIB);
	o = world_objects(w, world_leak(w), 40 * MIB + after);
	h = world_holder(o, HOLDER_GLOBAL, "main.store", ".users[]", after, after / KIB);
	h->type = "map[string]*main.User";
	h->module = "example.org/api";
	world_holder(o, HOLDER_GLOBAL, "main.index", "", 15 * MIB, UNKNOWN_U64);
	return h;
}

static void yes_growth_between_two_graphs(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 3 * MIB, 150 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].kind, CULPRIT_GLOBAL);
	assert_string_equal(w.f.culprits[0].name, "main.store.users[] (map[string]*main.User)");
	assert_string_equal(w.f.culprits[0].module, "example.org/api");
	assert_int_equal(w.f.culprits[0].count, 150 * KIB);
	assert_true(w.f.confidence > 0.94);
	/* What it had when the record began is no growth. */
	assert_int_equal(w.f.bytes, 147 * MIB);
	assert_int_equal(w.f.heap_bytes, w.f.bytes);
	assert_says_text(&w, w.f.summary, "153,600 elements");
	assert_says_text(&w, w.f.evidence[1].text, "more elements");
}

/* One graph only: what is more than all that was live at first must have come since. */
static void yes_one_graph_with_more_than_was_live_at_first(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_holder(o, HOLDER_GLOBAL, "main.store", "", 150 * MIB, 1000);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_true(w.f.confidence <= 0.8);
	assert_says_text(&w, w.f.evidence[0].text, "120.9 MiB are more than was live at first");
}

/* A variable of a goroutine that never ends. */
static void yes_held_by_one_goroutine(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_holder(o, HOLDER_GOROUTINE, "main.main", ".entries", 150 * MIB, UNKNOWN_U64);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].kind, CULPRIT_GOROUTINE);
	assert_true(w.f.confidence <= 0.7);
}

static void yes_names_what_made_it(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s;

	(void)state;
	grows(&w, 3 * MIB, 150 * MIB);
	s = &w.c.snapshots[1];
	world_site(&w, s,
		   world_stack(&w, world_frame(&w, "example.org/api.put", "/src/api.go", 12), NULL),
		   1000, 100 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_string_equal(w.f.culprits[1].file, "api.go");
	assert_says_text(&w, w.f.remedy[1], "api.go:12");
}

/* The nearest NO: a cache at its bound. The floor is flat. */
static void cache_at_its_bound_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 150 * MIB, 150 * MIB);
	world_pattern(&w, PATTERN_PLATEAU, 250 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
	assert_says_text(&w, w.f.why, "stands still");
}

/* Two graphs, and no holder's share rose. */
static void growth_in_no_holder_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 150 * MIB, 151 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
}

/* Looks like it: goroutines pile up, and a map keeps what they made. One leak. */
static void confounder_goroutines_own_the_growth_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 3 * MIB, 150 * MIB);
	world_earlier(&w, "goroutine-leak", ANSWER_YES, 190 * MIB, 170 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
	assert_says_text(&w, w.f.why, "goroutine leak");
}

/* Looks like it: an index loaded at the start is the largest, but it is not what grows. */
static void confounder_large_but_static_index_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o;

	(void)state;
	o = world_objects(&w, world_leak(&w), 180 * MIB);
	world_holder(o, HOLDER_GLOBAL, "main.index", "", 20 * MIB, 1000);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "one object graph only");
}

/* A crowd of goroutines is no collection. */
static void crowd_of_goroutines_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_holder(o, HOLDER_GOROUTINE, "main.worker", "", 150 * MIB, UNKNOWN_U64)->goroutines =
		9000;
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

static void kept_by_several_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_holder(o, HOLDER_SHARED, NULL, NULL, 150 * MIB, UNKNOWN_U64);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "several");
}

/* The runtime's own variables lead to what others made: named by nobody. */
static void confounder_held_by_way_of_the_runtime_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_holder(o, HOLDER_RUNTIME, "runtime.allp", "", 150 * MIB, UNKNOWN_U64);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

static void without_a_graph_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_leak(&w);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "object graph");
}

static void without_cycles_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 3 * MIB, 150 * MIB);
	w.c.n_cycles = 0;
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

static void without_a_pattern_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, 3 * MIB, 150 * MIB);
	world_pattern(&w, PATTERN_UNKNOWN, UNKNOWN_U64);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_growth_between_two_graphs),
		cmocka_unit_test(yes_one_graph_with_more_than_was_live_at_first),
		cmocka_unit_test(yes_held_by_one_goroutine),
		cmocka_unit_test(yes_names_what_made_it),
		cmocka_unit_test(cache_at_its_bound_is_no),
		cmocka_unit_test(growth_in_no_holder_is_no),
		cmocka_unit_test(confounder_goroutines_own_the_growth_is_no),
		cmocka_unit_test(confounder_large_but_static_index_is_unknown),
		cmocka_unit_test(crowd_of_goroutines_is_unknown),
		cmocka_unit_test(kept_by_several_is_unknown),
		cmocka_unit_test(confounder_held_by_way_of_the_runtime_is_unknown),
		cmocka_unit_test(without_a_graph_is_unknown),
		cmocka_unit_test(without_cycles_is_unknown),
		cmocka_unit_test(without_a_pattern_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
