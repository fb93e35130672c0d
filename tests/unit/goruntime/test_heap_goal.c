/* SPDX-License-Identifier: Apache-2.0 */
/* heapGoalInternal of Go's mgcpacer.go, case by case. */
#include "t.h"

#include "fake_heap.h"
#include "goruntime/heap_goal.h"

#define MIB (UINT64_C(1) << 20)

static struct go_counters quiet(void)
{
	return (struct go_counters){ .gogc = 100,
				     .memory_limit = INT64_MAX,
				     .gc_percent_heap_goal = 40 * MIB,
				     .triggered = UINT64_MAX,
				     .heap_marked = 20 * MIB,
				     .heap_free = 3 * MIB,
				     .total_alloc = 130 * MIB,
				     .total_free = 100 * MIB,
				     .mapped_ready = 38 * MIB }; /* 5 MiB are not heap */
}

static void by_gogc(void **state)
{
	struct go_counters c = quiet();

	(void)state;
	assert_int_equal(go_heap_goal(fake_layout(26), &c), 40 * MIB);
	c.sweep_dist_min_trigger = 41 * MIB;
	assert_int_equal(go_heap_goal(fake_layout(26), &c), 41 * MIB);
	c.triggered = 41 * MIB;
	assert_int_equal(go_heap_goal(fake_layout(26), &c), 41 * MIB + 65536);
	c.triggered = 30 * MIB;
	assert_int_equal(go_heap_goal(fake_layout(26), &c), 41 * MIB);
}

static void by_limit(void **state)
{
	struct go_counters c = quiet();

	(void)state;
	c.memory_limit = 45 * MIB; /* less 5 that are not heap: not below GOGC's goal but for 3 % */
	assert_int_equal(go_heap_goal(fake_layout(20), &c), 39 * MIB);
	assert_int_equal(go_heap_goal(fake_layout(21), &c), 40 * MIB - 40 * MIB / 100 * 3);
	c.memory_limit = 25 * MIB;				       /* 13 over it */
	assert_int_equal(go_heap_goal(fake_layout(21), &c), 20 * MIB); /* what is live */
	c.memory_limit = 4 * MIB; /* less than what is not heap */
	assert_int_equal(go_heap_goal(fake_layout(21), &c), 20 * MIB);
	c.heap_marked = 0;
	c.memory_limit = 22 * MIB; /* 22 - 5 - 16 = 1: no room for the headroom */
	assert_int_equal(go_heap_goal(fake_layout(21), &c), 1 * MIB);
}

static void off(void **state)
{
	struct go_counters c = quiet();

	(void)state;
	c.gogc = -1;
	c.gc_percent_heap_goal = UINT64_MAX;
	assert_true(go_heap_goal(fake_layout(27), &c) > (uint64_t)INT64_MAX / 100 * 96);
	c.memory_limit = 1000 * MIB;
	assert_int_equal(go_heap_goal(fake_layout(27), &c), 995 * MIB - 995 * MIB / 100 * 3);
}

static void torn_counters_do_no_harm(void **state)
{
	struct go_counters c = quiet();

	(void)state;
	c.total_free = c.total_alloc + 1;
	c.heap_free = UINT64_MAX;
	c.memory_limit = 100 * MIB;
	c.mapped_ready = UINT64_MAX;
	assert_int_equal(go_heap_goal(fake_layout(27), &c), 20 * MIB);
	c.memory_limit = -1;
	(void)go_heap_goal(fake_layout(27), &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_gogc),
		cmocka_unit_test(by_limit),
		cmocka_unit_test(off),
		cmocka_unit_test(torn_counters_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
