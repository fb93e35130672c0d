/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void large(struct world *w, struct case_snapshot *s, uint64_t size, const char *type)
{
	if (!s->have_spans)
		s->large = arena_new_array(&w->arena, struct case_large, 32);
	assert_non_null(s->large);
	s->have_spans = true;
	s->large[s->n_large++] = (struct case_large){ .size = size, .type = type };
	s->large_bytes += size;
	s->large_count++;
}

/* A calm server; at the kill @jump more than five seconds before. */
static struct case_snapshot *jump(struct world *w, uint64_t bytes)
{
	large(w, world_snapshot(w, S(30), SNAP_PERIODIC), 4 * MIB, "[]uint8");
	world_pattern(w, PATTERN_PEAK, bytes);
	world_samples(w, 60);
	w->c.samples[60].charge = 256 * MIB;
	w->e.pattern.jump_bytes = bytes;
	w->e.pattern.jump_ns = S(2);
	return world_snapshot(w, S(60), SNAP_KILL);
}

static const struct case_frame *handler(struct world *w)
{
	return world_frame(w, "main.(*ledger).statement", "/src/ledger.go", 85);
}

/* What io.ReadAll does: the published profile knows nothing of it yet. */
static struct case_site *pending(struct world *w, struct case_snapshot *s, int64_t objects,
				 int64_t bytes)
{
	struct case_site *p = world_site(
		w, s, world_stack(w, world_frame(w, "io.ReadAll", "io.go", 1), handler(w), NULL),
		objects, bytes);

	p->alloc_objects = p->alloc_bytes = p->inuse_objects = p->inuse_bytes = 0;
	return p;
}

static void yes_one_object_path_from_pending_cycles(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 190 * MIB);

	(void)state;
	large(&w, s, 100 * MIB, "[]uint8");
	large(&w, s, 80 * MIB, "[]uint8");
	large(&w, s, 4 * MIB, "[]uint8");
	pending(&w, s, 20, 400 * MIB);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_YES);
	assert_int_equal(w.f.bytes, 180 * MIB); /* without the one that was there before */
	assert_string_equal(w.f.culprits[0].name, "main.(*ledger).statement");
	assert_int_equal(w.f.culprits[0].line, 85);
	assert_string_equal(w.f.culprits[1].name, "[]uint8");
	assert_true(w.f.confidence > 0.9);
	assert_says_text(&w, w.f.summary, "ledger.go:85");
}

/* No profile: the goroutine that stands in the allocation is the witness. */
static void yes_path_from_the_goroutine(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 150 * MIB);

	(void)state;
	large(&w, s, 140 * MIB, "[]uint8");
	world_group(&w, s, 1, "GC assist wait", -1,
		    world_stack(&w, world_frame(&w, "runtime.mallocgcLarge", "malloc.go", 1),
				world_frame(&w, "runtime.growslice", "slice.go", 1),
				world_frame(&w, "io.ReadAll", "io.go", 1), handler(&w), NULL),
		    NULL);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].line, 85);
}

static void yes_path_unknown_says_type(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, jump(&w, 150 * MIB), 140 * MIB, "[]main.row");
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_YES);
	assert_says_text(&w, w.f.summary, "[]main.row");
	assert_string_equal(w.f.culprits[0].name, "[]main.row");
	assert_true(w.f.confidence < 0.8);
}

/* Only part of a huge object was touched when it met the limit. */
static void yes_counts_what_is_resident(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 150 * MIB);

	(void)state;
	large(&w, s, 1024 * MIB, "[]uint8");
	world_resident(&w, s)->heap_nonresident = 880 * MIB;
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_YES);
	assert_int_equal(w.f.bytes, 144 * MIB);
}

/* Looks like it: a share each of many requests. */
static void confounder_many_requests_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 190 * MIB);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		large(&w, s, 19 * MIB, "[]uint8");
	pending(&w, s, 10, 190 * MIB);
	world_group(&w, s, 10, "IO wait", S(1),
		    world_stack(&w, world_frame(&w, "io.ReadAll", "io.go", 1), handler(&w), NULL),
		    NULL);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "a share each");
}

/* Looks like it: the large backing array of a slice that grew all along. */
static void confounder_backing_array_of_a_leak_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 190 * MIB);

	(void)state;
	large(&w, s, 120 * MIB, "[]*main.entry");
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
}

static void object_that_was_there_before_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = world_snapshot(&w, S(20), SNAP_PERIODIC);

	(void)state;
	large(&w, s, 120 * MIB, "[]uint8");
	large(&w, world_snapshot(&w, S(25), SNAP_PERIODIC), 120 * MIB, "[]uint8");
	world_pattern(&w, PATTERN_PEAK, 100 * MIB);
	w.e.pattern.jump_bytes = 100 * MIB;
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
}

static void small_objects_only_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, jump(&w, 150 * MIB), 1 * MIB, "[]uint8");
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
}

static void alive_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, jump(&w, 150 * MIB), 140 * MIB, "[]uint8");
	w.c.end.alive = true;
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
}

static void heap_not_read_at_the_end_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	jump(&w, 190 * MIB); /* the last look at the spans was 30 s before */
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_UNKNOWN);
}

static void one_call_or_many_not_told_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_snapshot *s = jump(&w, 150 * MIB);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		large(&w, s, 30 * MIB, NULL);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_UNKNOWN);
}

static void jump_not_sampled_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, jump(&w, 150 * MIB), 140 * MIB, "[]uint8");
	w.e.pattern.kind = PATTERN_UNKNOWN;
	w.e.pattern.jump_bytes = UNKNOWN_U64;
	w.e.pattern.jump_ns = UNKNOWN_I64;
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_UNKNOWN);
}

/* Large and new, but memory rose by little in the last seconds: it came before them. */
static void small_jump_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, jump(&w, 40 * MIB), 140 * MIB, "[]uint8");
	w.e.pattern.kind = PATTERN_UNKNOWN;
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "only 40.0 MiB");
}

/* The heap was read at the kill alone: nothing to compare with, the jump tells. */
static void yes_only_look_is_at_the_kill(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	large(&w, world_snapshot(&w, S(60), SNAP_KILL), 140 * MIB, "[]uint8");
	world_pattern(&w, PATTERN_PEAK, 150 * MIB);
	w.e.pattern.jump_bytes = 150 * MIB;
	w.e.pattern.jump_ns = S(2);
	assert_int_equal(world_judge(&w, "large-object-load"), ANSWER_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_one_object_path_from_pending_cycles),
		cmocka_unit_test(yes_path_from_the_goroutine),
		cmocka_unit_test(yes_path_unknown_says_type),
		cmocka_unit_test(yes_counts_what_is_resident),
		cmocka_unit_test(confounder_many_requests_is_no),
		cmocka_unit_test(confounder_backing_array_of_a_leak_is_no),
		cmocka_unit_test(object_that_was_there_before_is_no),
		cmocka_unit_test(small_objects_only_is_no),
		cmocka_unit_test(alive_is_no),
		cmocka_unit_test(heap_not_read_at_the_end_is_unknown),
		cmocka_unit_test(one_call_or_many_not_told_is_unknown),
		cmocka_unit_test(jump_not_sampled_is_unknown),
		cmocka_unit_test(small_jump_is_no),
		cmocka_unit_test(yes_only_look_is_at_the_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
