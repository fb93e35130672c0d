/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

/* A leak with a floor that rose from 20 to 120 MiB, killed at 256. */
static struct case_snapshot *leak(struct world *w)
{
	struct case_snapshot *s;
	struct case_gostats *g;

	world_pattern(w, PATTERN_LEAK, 200 * MIB);
	world_samples(w, 60);
	for (size_t i = 0; i < w->c.n_samples; i++)
		w->c.samples[i].total_alloc = 2 * MIB * i;
	world_cycles(w, 12, 60, 20 * MIB, 120 * MIB);
	s = world_snapshot(w, S(60), SNAP_KILL);
	g = world_stats(w, s);
	g->heap_marked = 120 * MIB;
	g->heap_live = 220 * MIB;
	g->mem_profile_rate = 512 * KIB;
	return s;
}

static struct case_stack put(struct world *w)
{
	return world_stack(w, world_frame(w, "runtime.makeslice", "slice.go", 1),
			   world_frame(w, "bytes.Clone", "bytes.go", 1),
			   world_frame(w, "example.org/api.(*store).put", "/src/store.go", 57),
			   world_frame(w, "example.org/api.post", "/src/api.go", 12), NULL);
}

static void yes_with_profile_names_the_place(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = leak(&w);

	(void)state;
	world_site(&w, s, put(&w), 100000, 150 * MIB);
	world_site(
		&w, s,
		world_stack(&w, world_frame(&w, "example.org/api.config", "/src/conf.go", 3), NULL),
		10, 2 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_string_equal(w.f.culprits[0].name, "example.org/api.(*store).put");
	assert_string_equal(w.f.culprits[0].file, "store.go");
	assert_int_equal(w.f.culprits[0].line, 57);
	assert_int_equal(w.f.n_culprits, 1);
	/* 100 marked more, and of 100 allocated since the share that stayed before: about 5/6 */
	assert_in_range(w.f.bytes, 170 * MIB, 200 * MIB);
	assert_says_text(&w, w.f.summary, "store.go:57");
}

/* Of two profiles it is the growth that counts, not the size. */
static void yes_growth_between_profiles_counts(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_stack index =
		world_stack(&w, world_frame(&w, "example.org/api.load", "/src/index.go", 8), NULL);
	struct case_snapshot *s = world_snapshot(&w, S(1), SNAP_START);

	(void)state;
	world_site(&w, s, index, 1000, 80 * MIB);
	s = leak(&w);
	world_site(&w, s, index, 1000, 80 * MIB);
	world_site(&w, s, put(&w), 1000, 60 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].line, 57);
	assert_int_equal(w.f.n_culprits, 1);
}

static void yes_without_profile_holder_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = leak(&w);
	struct case_gostats *g = world_stats(&w, s);

	(void)state;
	g->mem_profile_rate = 0;
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_int_equal(w.f.n_culprits, 0);
	assert_true(w.f.confidence <= 0.8);
	assert_says_text(&w, w.f.summary, "not known");
	assert_says_text(&w, w.f.remedy[0], "net/http/pprof");
}

static void flat_heap_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	leak(&w);
	world_pattern(&w, PATTERN_SAWTOOTH, 100 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_NO);
}

/* The nearest NO: the charge leaks, but outside of the heap. */
static void growth_outside_of_the_heap_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	world_cycles(&w, 12, 60, 20 * MIB, 24 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "explains only 3.6 MiB");
}

/* Looks like it: the growth is what leaked goroutines hold. */
static void confounder_explained_by_finer_leak_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	leak(&w);
	world_earlier(&w, "goroutine-leak", ANSWER_YES, 190 * MIB, 170 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "goroutine leak");
}

/* A second leak beside the finer one: what is left is claimed, no more. */
static void yes_rest_beside_a_finer_leak(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	leak(&w);
	world_earlier(&w, "goroutine-leak", ANSWER_YES, 70 * MIB, 60 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_in_range(w.f.bytes, 110 * MIB, 140 * MIB);
	assert_true(w.f.confidence <= 0.6);
}

static void pattern_not_known_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	leak(&w);
	world_pattern(&w, PATTERN_UNKNOWN, 100 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_UNKNOWN);
}

static void heap_not_read_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "could not be read");
}

/* What a finer leak leaves over is less than the error of its estimate. */
static void small_rest_beside_a_finer_leak_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	leak(&w);
	world_earlier(&w, "goroutine-leak", ANSWER_YES, 155 * MIB, 145 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_NO);
}

/* Sites that a finer leak claims are not named again. */
static void claimed_place_is_not_named(void **state)
{
	static const bool claimed[2] = { true, false };
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = leak(&w);

	(void)state;
	world_site(&w, s, world_stack(&w, world_frame(&w, "main.pump", "/src/hub.go", 9), NULL),
		   1000, 90 * MIB);
	world_site(&w, s, put(&w), 1000, 60 * MIB);
	world_earlier(&w, "goroutine-leak", ANSWER_YES, 95 * MIB, 90 * MIB);
	w.earlier[0].sites = claimed;
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].line, 57);
	assert_int_equal(w.f.n_culprits, 1);
}

/* Of what a site made since the profile was published only the share that survives stays. */
static void garbage_not_swept_yet_does_not_count(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = leak(&w);
	struct case_site *p;

	(void)state;
	p = world_site(&w, s,
		       world_stack(&w, world_frame(&w, "main.render", "/src/page.go", 7), NULL),
		       1000, 100 * MIB);
	p->inuse_bytes = 5 * MIB;
	p->latest_alloc_bytes = 200 * MIB;
	p->latest_inuse_bytes = 105 * MIB; /* of the 100 since then none is swept */
	world_site(&w, s, put(&w), 1000, 60 * MIB);
	assert_int_equal(world_judge(&w, "heap-growth"), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].line, 57);
	assert_int_equal(w.f.culprits[1].bytes, 10 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_with_profile_names_the_place),
		cmocka_unit_test(yes_growth_between_profiles_counts),
		cmocka_unit_test(yes_without_profile_holder_is_unknown),
		cmocka_unit_test(flat_heap_is_no),
		cmocka_unit_test(growth_outside_of_the_heap_is_no),
		cmocka_unit_test(confounder_explained_by_finer_leak_is_no),
		cmocka_unit_test(yes_rest_beside_a_finer_leak),
		cmocka_unit_test(pattern_not_known_is_unknown),
		cmocka_unit_test(heap_not_read_is_unknown),
		cmocka_unit_test(small_rest_beside_a_finer_leak_is_no),
		cmocka_unit_test(claimed_place_is_not_named),
		cmocka_unit_test(garbage_not_swept_yet_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
