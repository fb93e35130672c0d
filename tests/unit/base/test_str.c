/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

static void numbers_overflow_is_refused(void **state)
{
	struct str s = STR("18446744073709551616");
	uint64_t v = 7;

	(void)state;
	assert_false(str_take_u64(&s, &v));
	assert_int_equal(v, 7);
	assert_int_equal(s.n, 20);
	s = STR("18446744073709551615,");
	assert_true(str_take_u64(&s, &v));
	assert_true(v == UINT64_MAX);
	assert_int_equal(s.n, 1);
}

static void signed_numbers_keep_their_range(void **state)
{
	struct str low = STR("-9223372036854775808"), over = STR("9223372036854775808");
	int64_t v;

	(void)state;
	assert_true(str_take_i64(&low, &v));
	assert_true(v == INT64_MIN);
	assert_false(str_take_i64(&over, &v));
}

static void words_and_lines(void **state)
{
	struct str s = STR("  one two\nthree"), line, word;

	(void)state;
	assert_true(str_take_line(&s, &line));
	assert_true(str_take_word(&line, &word) && str_eq(word, STR("one")));
	assert_true(str_take_word(&line, &word) && str_eq(word, STR("two")));
	assert_false(str_take_word(&line, &word));
	assert_true(str_take_line(&s, &line) && str_eq(line, STR("three")));
	assert_false(str_take_line(&s, &line));
}

static void the_last_place_of_a_character(void **state)
{
	(void)state;
	assert_int_equal(str_find_last(STR("/a/b"), '/'), 2);
	assert_int_equal(str_find_last(STR("/a"), '/'), 0);
	assert_int_equal(str_find_last(STR("a"), '/'), -1);
	assert_int_equal(str_find_last((struct str){ 0 }, '/'), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_overflow_is_refused),
		cmocka_unit_test(signed_numbers_keep_their_range),
		cmocka_unit_test(words_and_lines),
		cmocka_unit_test(the_last_place_of_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
