/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

/* @n readings over a minute; native memory from 5 MiB to @last, of it @brk in malloc's mapping. */
static void readings(struct world *w, unsigned n, uint64_t last, uint64_t brk)
{
	world_pattern(w, PATTERN_LEAK, 200 * MIB);
	w->c.subject.has_cgo = TRI_YES;
	for (unsigned i = 0; i < n; i++) {
		struct case_resident *r = world_resident(
			w, world_snapshot(w, S(60) * i / (n > 1 ? n - 1 : 1), SNAP_PERIODIC));

		r->native = 5 * MIB + (last - 5 * MIB) * i / (n > 1 ? n - 1 : 1);
		r->brk = 1 * MIB + brk * i / (n > 1 ? n - 1 : 1);
		r->thread_stacks = 1 * MIB;
	}
}

static void yes_names_the_caller_of_c(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 5, 185 * MIB, 0);
	world_group(&w, &w.c.snapshots[3], 2, "syscall", -1,
		    world_stack(&w, world_frame(&w, "runtime.cgocall", "cgocall.go", 1),
				world_frame(&w, "main._Cfunc_picture_scale", "_cgo_gotypes.go", 90),
				world_frame(&w, "main.(*scaler).scale", "/src/thumbs.go", 88),
				NULL),
		    NULL);
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_YES);
	assert_int_equal(w.f.bytes, 180 * MIB);
	assert_string_equal(w.f.culprits[0].name, "main.(*scaler).scale");
	assert_int_equal(w.f.culprits[0].line, 88);
	assert_says_text(&w, w.f.summary, "C.picture_scale");
}

static void yes_brk_tells_without_build_info(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 4, 185 * MIB, 170 * MIB);
	w.c.subject.has_cgo = TRI_UNKNOWN;
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_YES);
	assert_true(w.f.confidence > 0.9);
	assert_string_equal(w.f.culprits[0].name, "[heap]");
}

/* Two readings, but the series of samples shows the same growth. */
static void yes_two_readings_and_the_series(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 2, 185 * MIB, 0);
	world_samples(&w, 60);
	for (size_t i = 0; i < w.c.n_samples; i++) {
		w.c.samples[i].mapped_ready = 30 * MIB;
		w.c.samples[i].rss_anon = 30 * MIB + 3 * MIB * i;
	}
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_YES);
}

static void flat_native_memory_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 5, 6 * MIB, 0);
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "1.0 MiB more");
}

/* Looks like it: Go code maps memory itself in a binary without cgo. */
static void confounder_mmap_by_go_code_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 5, 185 * MIB, 0);
	w.c.subject.has_cgo = TRI_NO;
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "no cgo");
}

/* Looks like it: thread stacks and the Go heap grew; native memory is told apart from them. */
static void confounder_thread_stacks_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 5, 6 * MIB, 0);
	for (unsigned i = 0; i < 5; i++) {
		struct case_resident *r = world_resident(&w, &w.c.snapshots[i]);

		r->native = 5 * MIB;
		r->thread_stacks = 40 * MIB * (i + 1);
	}
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_NO);
}

static void resident_memory_never_read_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_UNKNOWN);
}

static void read_once_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 1, 5 * MIB, 0);
	world_resident(&w, &w.c.snapshots[0])->native = 180 * MIB;
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_UNKNOWN);
}

static void cgo_not_known_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 5, 185 * MIB, 0);
	w.c.subject.has_cgo = TRI_UNKNOWN;
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_UNKNOWN);
}

static void two_readings_alone_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	readings(&w, 2, 185 * MIB, 0);
	assert_int_equal(world_judge(&w, "cgo-leak"), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_names_the_caller_of_c),
		cmocka_unit_test(yes_brk_tells_without_build_info),
		cmocka_unit_test(yes_two_readings_and_the_series),
		cmocka_unit_test(flat_native_memory_is_no),
		cmocka_unit_test(confounder_mmap_by_go_code_is_no),
		cmocka_unit_test(confounder_thread_stacks_is_no),
		cmocka_unit_test(resident_memory_never_read_is_unknown),
		cmocka_unit_test(read_once_is_unknown),
		cmocka_unit_test(cgo_not_known_is_unknown),
		cmocka_unit_test(two_readings_alone_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
