/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "recorder/history.h"

static void a_long_record_keeps_its_shape_and_its_last_half(void **state)
{
	struct history h;
	const size_t n = 5 * HISTORY_SAMPLES;

	(void)state;
	assert_int_equal(history_init(&h), 0);
	for (size_t i = 0; i < n; i++) {
		struct case_sample s = { .t = (int64_t)i };

		history_sample(&h, &s);
	}
	assert_in_range(h.n_samples, HISTORY_SAMPLES / 2, HISTORY_SAMPLES);
	assert_int_equal(h.n_samples + h.samples_dropped, n);
	assert_int_equal(h.samples[0].t, 0);
	for (size_t i = 1; i < h.n_samples; i++)
		assert_true(h.samples[i].t > h.samples[i - 1].t);
	for (size_t i = 0; i < HISTORY_SAMPLES / 4; i++) /* the newest are all there */
		assert_int_equal(h.samples[h.n_samples - 1 - i].t, (int64_t)(n - 1 - i));
	history_release(&h);
}

static void of_many_snapshots_the_first_the_newest_and_a_spread_stay(void **state)
{
	struct history h;

	(void)state;
	assert_int_equal(history_init(&h), 0);
	for (int i = 0; i < 200; i++) {
		struct history_snapshot *p = history_place(&h, 4096);

		assert_non_null(arena_alloc(&p->arena, 100, 8));
		p->snap.t = i;
		history_keep(&h);
	}
	assert_int_equal(h.n_snapshots, HISTORY_SNAPSHOTS);
	assert_int_equal(h.snapshots[0].snap.t, 0);
	assert_int_equal(h.snapshots[1].snap.t, 1);
	assert_int_equal(h.snapshots[HISTORY_SNAPSHOTS - 1].snap.t, 199);
	for (size_t i = 1; i < h.n_snapshots; i++) {
		assert_true(h.snapshots[i].snap.t > h.snapshots[i - 1].snap.t);
		assert_true(h.snapshots[i].snap.t - h.snapshots[i - 1].snap.t < 40);
	}
	history_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_record_keeps_its_shape_and_its_last_half),
		cmocka_unit_test(of_many_snapshots_the_first_the_newest_and_a_spread_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
