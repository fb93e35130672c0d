/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>

#include "base/clock.h"
#include "target/buffer.h"

static uint8_t low[64], high[64];

static const struct buffer_part parts[] = {
	{ .addr = 0x2040, .bytes = high, .n = sizeof(high), .prot = MEM_R | MEM_W },
	{ .addr = 0x2000,
	  .bytes = low,
	  .n = sizeof(low),
	  .prot = MEM_R,
	  .flags = BUFFER_EXE,
	  .file_offset = 0x400,
	  .name = "api" },
	{ .addr = 0x3000, .bytes = low, .n = sizeof(low), .prot = 0 },
	{ .addr = 0x4000, .n = 0x1000, .prot = MEM_R | MEM_W, .name = "[anon: Go: heap]" },
	{ .addr = UINT64_MAX - 0x100, .bytes = low, .n = 64, .prot = MEM_R },
};

static struct mem *opened(void)
{
	struct mem *m = NULL;
	struct err err;

	memset(low, 'l', sizeof(low));
	memset(high, 'h', sizeof(high));
	assert_ok(buffer_open("test", parts, COUNT(parts), &m, &err), &err);
	return m;
}

static void a_piece_is_had_whole_or_not(void **state)
{
	_cleanup_mem_ struct mem *m = opened();
	uint8_t b[128] = { 0 };
	struct err err;
	/* clang-format off */
	struct {
		const char *why;
		struct mem_piece p;
		bool want;
	} cases[] = {
		{ "inside", { 0x2010, b, 4, false }, true },
		{ "over the border of two", { 0x2000, b, 128, false }, true },
		{ "over the end", { 0x2041, b, 64, false }, false },
		{ "in front", { 0x1fff, b, 2, false }, false },
		{ "nowhere", { 0x9000, b, 1, false }, false },
		{ "nothing of nowhere", { 0x9000, b, 0, false }, true },
		{ "not readable", { 0x3000, b, 1, false }, false },
		{ "never touched", { 0x4ff8, b, 8, false }, true },
		{ "end of the addresses", { UINT64_MAX - 1, b, 8, false }, false },
		{ "last bytes of the last", { UINT64_MAX - 0x100 + 63, b, 1, false }, true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_ok(mem_readv(m, &cases[i].p, 1, &err), &err);
		if (cases[i].p.ok != cases[i].want)
			fail_msg("%s: %d", cases[i].why, cases[i].p.ok);
	}
	assert_ok(mem_read(m, 0x203f, b, 2, &err), &err);
	assert_memory_equal(b, "lh", 2);
	memset(b, 1, sizeof(b));
	assert_ok(mem_read(m, 0x4000, b, 8, &err), &err);
	assert_memory_equal(b, "\0\0\0\0\0\0\0\0", 8);
}

static void one_that_fails_says_where(void **state)
{
	_cleanup_mem_ struct mem *m = opened();
	uint64_t v = 17;
	uint32_t v32 = 17;
	struct err err;

	(void)state;
	assert_int_equal(mem_u64(m, 0x9000, &v, &err), -EFAULT);
	assert_says(&err, "test: 0x9000 +8: cannot be read");
	assert_int_equal(mem_u32(m, 0x9000, &v32, &err), -EFAULT);
	assert_true(v == 17 && v32 == 17);
	assert_ok(mem_u32(m, 0x2000, &v32, &err), &err);
	assert_int_equal(v32, 0x6c6c6c6c);
}

static void regions_are_sorted_and_found(void **state)
{
	_cleanup_mem_ struct mem *m = opened();

	(void)state;
	assert_int_equal(m->n_regions, COUNT(parts));
	assert_null(mem_region_at(m, 0x1fff));
	assert_ptr_equal(mem_region_at(m, 0x2000), &m->regions[0]);
	assert_ptr_equal(mem_region_at(m, 0x203f), &m->regions[0]);
	assert_ptr_equal(mem_region_at(m, 0x2040), &m->regions[1]);
	assert_null(mem_region_at(m, 0x2080));
	assert_null(mem_region_at(m, UINT64_MAX));
	assert_true(m->regions[0].exe && !m->regions[0].anonymous);
	assert_int_equal(m->regions[0].file_offset, 0x400);
	assert_string_equal(m->regions[0].name, "api");
	assert_true(m->regions[3].anonymous);
}

static void holes_fail_what_touches_them(void **state)
{
	_cleanup_mem_ struct mem *m = opened();
	uint8_t b[64];
	struct err err;
	struct mem_piece v[] = { { 0x2000, b, 0x10, true },
				 { 0x200f, b, 2, true },
				 { 0x2020, b, 0x20, true } };

	(void)state;
	assert_ok(buffer_hole(m, 0x2010, 0x2020, &err), &err);
	assert_ok(mem_readv(m, v, COUNT(v), &err), &err);
	assert_true(v[0].ok);
	assert_false(v[1].ok);
	assert_true(v[2].ok);
}

static void it_ends_when_told(void **state)
{
	_cleanup_mem_ struct mem *m = opened();
	uint64_t v;
	struct err err;

	(void)state;
	buffer_fail(m, 2, -ESRCH);
	assert_ok(mem_u64(m, 0x2000, &v, &err), &err);
	assert_ok(mem_u64(m, 0x2000, &v, &err), &err);
	assert_int_equal(mem_u64(m, 0x2000, &v, &err), -ESRCH);
	assert_int_equal(mem_refresh(m, &err), -ESRCH);
}

static void the_deadline_ends_it(void **state)
{
	_cleanup_mem_ struct mem *m = opened();
	uint64_t v;
	struct err err;

	(void)state;
	m->deadline = clock_mono() + NS_PER_S * 60;
	assert_ok(mem_u64(m, 0x2000, &v, &err), &err);
	m->deadline = clock_mono() - 1;
	assert_int_equal(mem_u64(m, 0x2000, &v, &err), -ETIME);
	assert_says(&err, "out of time");
}

static void parts_that_make_no_sense_are_refused(void **state)
{
	static const struct buffer_part bad[][2] = {
		{ { .addr = 0x1000, .n = 0x20 }, { .addr = 0x101f, .n = 1 } },
		{ { .addr = 0x1000, .n = 0 }, { .addr = 0x2000, .n = 1 } },
		{ { .addr = UINT64_MAX - 3, .n = 5 }, { .addr = 0x2000, .n = 1 } },
	};
	struct mem *m = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(buffer_open("bad", bad[i], 2, &m, &err), -EINVAL);
	assert_null(m);
	assert_ok(buffer_open("empty", NULL, 0, &m, &err), &err);
	assert_null(mem_region_at(m, 0));
	mem_close(m);
	mem_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_is_had_whole_or_not),
		cmocka_unit_test(one_that_fails_says_where),
		cmocka_unit_test(regions_are_sorted_and_found),
		cmocka_unit_test(holes_fail_what_touches_them),
		cmocka_unit_test(it_ends_when_told),
		cmocka_unit_test(the_deadline_ends_it),
		cmocka_unit_test(parts_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
