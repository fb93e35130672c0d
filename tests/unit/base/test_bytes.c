/* SPDX-License-Identifier: Apache-2.0 */
/* arena, buf, cur and json: bounds hold, failures stick, output is valid. */
#include "t.h"

#include <errno.h>

#include "base/arena.h"
#include "base/cur.h"
#include "base/json.h"

static void arena_keeps_its_budget(void **state)
{
	ARENA(a, 1000);

	(void)state;
	assert_non_null(arena_alloc(&a, 600, 8));
	assert_null(arena_alloc(&a, 600, 8));
	assert_null(arena_array(&a, SIZE_MAX / 2, 4, 8));
}

static void buf_stops_at_its_maximum_and_says_so(void **state)
{
	BUF(b, 10);

	(void)state;
	buf_cstr(&b, "12345");
	buf_cstr(&b, "6789012");
	buf_cstr(&b, "x");
	assert_int_equal(b.failed, -EFBIG);
	assert_string_equal(b.p, "12345");
}

static void cursor_names_the_first_bad_offset(void **state)
{
	static const uint8_t bytes[] = { 1, 0, 2 };
	struct cur c = cur_over(bytes, sizeof(bytes), "x.bin");
	struct err err;

	(void)state;
	assert_int_equal(cur_u16(&c), 1);
	assert_int_equal(cur_u32(&c), 0);
	assert_int_equal(cur_u64(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cur_error(&c, "cut", &err), -EBADMSG);
	assert_string_equal(err.msg, "x.bin: offset 2: cut");
}

static void overlong_varint_is_bad(void **state)
{
	static const uint8_t bytes[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 1 };
	struct cur c = cur_over(bytes, sizeof(bytes), "x");

	(void)state;
	cur_uvarint(&c);
	assert_true(c.bad);
}

static void json_is_valid_whatever_the_bytes(void **state)
{
	BUF(b, 1000);
	struct json j = json_into(&b);

	(void)state;
	j.compact = true;
	json_open(&j, NULL, '{');
	json_str(&j, "a", STR("q\"\\\n\x01\xff\xc3\xa9"));
	json_open(&j, "e", '[');
	json_close(&j, ']');
	json_double(&j, "n", 0.0 / 0.0);
	json_close(&j, '}');
	assert_string_equal(b.p,
			    "{\"a\":\"q\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\",\"e\":[],\"n\":null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_keeps_its_budget),
		cmocka_unit_test(buf_stops_at_its_maximum_and_says_so),
		cmocka_unit_test(cursor_names_the_first_bad_offset),
		cmocka_unit_test(overlong_varint_is_bad),
		cmocka_unit_test(json_is_valid_whatever_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
