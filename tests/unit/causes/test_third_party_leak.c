/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#define ID "third-party-leak"
#define LIBRARY "github.com/some/registry"

/* All grew in a variable of @holder's module; @maker's module made it (NULL: no profile). */
static struct case_holder *grows(struct world *w, const char *holder, const char *maker)
{
	struct case_snapshot *s = world_leak(w);
	struct case_objects *o = world_objects(w, s, 180 * MIB);
	struct case_holder *h =
		world_holder(o, HOLDER_GLOBAL, LIBRARY ".series", ".byLabels[]", 150 * MIB, 9000);
	struct case_frame *f = arena_new(&w->arena, struct case_frame);

	w->c.subject.module = "example.org/api";
	h->module = holder;
	*f = (struct case_frame){ LIBRARY ".(*vec).with", "/mod/vec.go", maker, 71 };
	if (maker)
		world_site(w, s, world_stack(w, f, NULL), 10000, 100 * MIB);
	return h;
}

static void yes_library_holds_what_it_made(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, LIBRARY, LIBRARY);
	assert_int_equal(world_judge(&w, ID), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].kind, CULPRIT_MODULE);
	assert_string_equal(w.f.culprits[0].name, LIBRARY);
	assert_int_equal(w.f.culprits[1].kind, CULPRIT_GLOBAL);
	assert_string_equal(w.f.culprits[2].file, "vec.go");
	assert_int_equal(w.f.heap_bytes, w.f.bytes);
}

/* The nearest NO: the variable is the program's own, whoever made what is in it. */
static void own_variable_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, "example.org/api", LIBRARY);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
	assert_says_text(&w, w.f.why, "the program's own");
}

static void standard_library_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, "std", "std");
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
}

/* Looks like it: the program registers ever more in the library's global. */
static void confounder_program_fills_the_librarys_variable_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, LIBRARY, "example.org/api");
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
	assert_says_text(&w, w.f.why, "vec.go:71");
}

static void flat_heap_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, LIBRARY, LIBRARY);
	world_pattern(&w, PATTERN_SAWTOOTH, 100 * MIB);
	assert_int_equal(world_judge(&w, ID), ANSWER_NO);
}

static void without_a_profile_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, LIBRARY, NULL);
	assert_int_equal(world_judge(&w, ID), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "heap profile");
}

static void module_not_known_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	grows(&w, NULL, LIBRARY);
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
		cmocka_unit_test(yes_library_holds_what_it_made),
		cmocka_unit_test(own_variable_is_no),
		cmocka_unit_test(standard_library_is_no),
		cmocka_unit_test(confounder_program_fills_the_librarys_variable_is_no),
		cmocka_unit_test(flat_heap_is_no),
		cmocka_unit_test(without_a_profile_is_unknown),
		cmocka_unit_test(module_not_known_is_unknown),
		cmocka_unit_test(without_a_graph_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
