/* SPDX-License-Identifier: Apache-2.0 */
/* Records in any order, near and far, whole and cut: each comes to its own, once. */
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#include "goruntime/gather.h"
#include "target/buffer.h"

#define BASE UINT64_C(0x10000)
#define SIZE (1u << 20)

struct got {
	struct gather_want wants[4096]; /* as they were asked */
	unsigned times[4096];
	bool given[4096];
};

static uint8_t byte_at(uint64_t addr)
{
	return (uint8_t)(addr * 167 >> 3);
}

static void take(void *arg, uint32_t tag, const uint8_t *p)
{
	struct got *g = arg;

	g->times[tag]++;
	g->given[tag] = p != NULL;
	for (uint32_t i = 0; p && i < g->wants[tag].len; i++)
		assert_int_equal(p[i], byte_at(g->wants[tag].addr + i));
}

static int gather_all(struct mem *m, struct got *g, size_t n)
{
	_cleanup_gather_ struct gather *gather = NULL;
	struct gather_want wants[4096];
	struct err err;
	int r;

	memset(g->times, 0, sizeof(g->times));
	memcpy(wants, g->wants, n * sizeof(*wants));
	assert_ok(gather_new(&gather, &err), &err);
	r = gather_read(gather, m, wants, n, take, g, &err);
	for (size_t i = 0; r >= 0 && i < n; i++)
		assert_int_equal(g->times[i], 1);
	return r;
}

static struct mem *memory(void)
{
	static uint8_t bytes[SIZE];
	const struct buffer_part part = { .addr = BASE, .bytes = bytes, .n = SIZE, .prot = MEM_R };
	struct mem *m;
	struct err err;

	for (uint64_t i = 0; i < SIZE; i++)
		bytes[i] = byte_at(BASE + i);
	assert_ok(buffer_open("bytes", &part, 1, &m, &err), &err);
	return m;
}

static void any_order(void **state)
{
	static struct got g;
	struct mem *m = memory();

	(void)state;
	srand(7);
	for (uint32_t i = 0; i < 4096; i++) {
		uint32_t len = 1 + (uint32_t)rand() % 300;

		g.wants[i] = (struct gather_want){ BASE + (uint32_t)rand() % (SIZE - len), len, i };
	}
	g.wants[1] = (struct gather_want){ g.wants[0].addr, g.wants[0].len, 1 }; /* twice */
	g.wants[2].len = 0;
	g.wants[3].len = GATHER_RECORD_MAX;
	g.wants[3].addr = BASE + SIZE - GATHER_RECORD_MAX;
	assert_int_equal(gather_all(m, &g, 4096), 0);
	assert_true(m->calls < 200);
	mem_close(m);
}

static void what_is_not_there_is_counted(void **state)
{
	static struct got g;
	struct mem *m = memory();
	struct err err;

	(void)state;
	assert_ok(buffer_hole(m, BASE + 4096, BASE + 8192, &err), &err);
	for (uint32_t i = 0; i < 64; i++)
		g.wants[i] = (struct gather_want){ BASE + 256 * i, 16, i };
	g.wants[64] = (struct gather_want){ UINT64_MAX - 3, 8, 64 };
	g.wants[65] = (struct gather_want){ BASE, GATHER_RECORD_MAX + 1, 65 };
	g.wants[66] = (struct gather_want){ BASE + 4090, 10, 66 }; /* half of it */
	g.wants[67] = (struct gather_want){ BASE + SIZE - 4, 8, 67 };
	g.wants[68] = (struct gather_want){ 0, 8, 68 };
	assert_int_equal(gather_all(m, &g, 69), 16 + 5);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(g.given[i], i < 16 || i >= 32);
	for (uint32_t i = 64; i < 69; i++)
		assert_false(g.given[i]);
	mem_close(m);
}

static void errors_go_up(void **state)
{
	static struct got g;
	struct mem *m = memory();

	(void)state;
	g.wants[0] = (struct gather_want){ BASE, 8, 0 };
	buffer_fail(m, 0, -ESRCH);
	assert_int_equal(gather_all(m, &g, 1), -ESRCH);
	assert_int_equal(gather_all(m, &g, 0), 0);
	mem_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(what_is_not_there_is_counted),
		cmocka_unit_test(errors_go_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
