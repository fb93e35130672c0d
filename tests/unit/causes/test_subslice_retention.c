/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#define ID "subslice-retention"

static void yes_views_pin_the_growth(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_pinned(o, "main.other", 3, 1 * MIB, 6 * MIB);
	world_pinned(o, "main.documents", 90000, 4 * MIB, 150 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_string_equal(w.f.culprits[0].name, "main.documents.byID[].title (string)");
	assert_int_equal(w.f.culprits[0].bytes, 150 * MIB);
	assert_string_equal(w.f.culprits[1].name, "main.other.byID[].title (string)");
	assert_int_equal(w.f.bytes, 151 * MIB);
	assert_says_text(&w, w.f.remedy[0], "strings.Clone");
}

static void yes_growth_between_two_graphs(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = world_snapshot(&w, S(1), SNAP_START);

	(void)state;
	world_pinned(world_objects(&w, s, 20 * MIB), "main.documents", 90, 4 * KIB, 2 * MIB);
	world_pinned(world_objects(&w, world_leak(&w), 180 * MIB), "main.documents", 90000, 4 * MIB,
		     150 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_true(w.f.confidence > 0.94);
}

/* The nearest NO: the views together see most of the arrays. */
static void arrays_that_are_seen_are_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_pinned(o, "main.documents", 90000, 100 * MIB, 150 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
}

/* Looks like it: as much is pinned, but it was so from the start; something else grows. */
static void confounder_pinned_from_the_start_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = world_snapshot(&w, S(1), SNAP_START);

	(void)state;
	world_pinned(world_objects(&w, s, 180 * MIB), "main.documents", 90000, 4 * MIB, 150 * MIB);
	world_pinned(world_objects(&w, world_leak(&w), 300 * MIB), "main.documents", 90000, 4 * MIB,
		     150 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
	assert_says_text(&w, w.f.why, "did not grow");
}

static void flat_heap_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_pinned(o, "main.documents", 90000, 4 * MIB, 150 * MIB);
	world_pattern(&w, PATTERN_PLATEAU, 100 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
}

/* No more is pinned than was live when the record began. */
static void one_graph_that_decides_nothing_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_objects *o = world_objects(&w, world_leak(&w), 180 * MIB);

	(void)state;
	world_pinned(o, "main.documents", 90000, 4 * MIB, 60 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

static void few_types_are_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_objects(&w, world_leak(&w), 180 * MIB)->typed_bytes = 20 * MIB;
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

static void without_a_graph_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_leak(&w);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_views_pin_the_growth),
		cmocka_unit_test(yes_growth_between_two_graphs),
		cmocka_unit_test(arrays_that_are_seen_are_no),
		cmocka_unit_test(confounder_pinned_from_the_start_is_no),
		cmocka_unit_test(flat_heap_is_no),
		cmocka_unit_test(one_graph_that_decides_nothing_is_unknown),
		cmocka_unit_test(few_types_are_unknown),
		cmocka_unit_test(without_a_graph_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
