/* SPDX-License-Identifier: Apache-2.0 */
/* The bitmaps of Go 1.18 to 1.21 as one bit a word, where they end early too. */
#include "t.h"

#include "heap/arena_bits.h"

/* A byte for four words: the low half says pointer, the high half that more follow. */
static void two_bits_end_where_no_more_follow(void **state)
{
	/* Objects of 4 words: P.P| then |P.. with the rest stale, then all four. */
	static const uint8_t two[] = { 0x70 | 0x5, 0x10 | 0xf, 0xf0 | 0xf };
	uint8_t bits[2] = { 0 };

	(void)state;
	heap_bits_of_two(two, 12, 4, bits);
	assert_int_equal(bits[0], 0x5 | 0x1 << 4);
	assert_int_equal(bits[1], 0xf);
}

static void an_object_may_begin_inside_a_byte(void **state)
{
	/* Objects of 6 words; the first has no pointers, so its bits are stale. */
	static const uint8_t two[] = { 0x0f, 0xc0 | 0xf, 0xf0 | 0x2 };
	uint8_t bits[2] = { 0 };

	(void)state;
	heap_bits_of_two(two, 12, 6, bits);
	assert_int_equal(bits[0], 0xc0);
	assert_int_equal(bits[1], 0x2);
}

static void no_more_pointers_ends_a_large_object(void **state)
{
	/* Two objects of 128 words: the first has none past its 64th, the second has. */
	static const uint8_t no_more[] = { 0x1 };
	uint8_t bits[32];

	(void)state;
	memset(bits, 0xff, sizeof(bits));
	heap_bits_cut(bits, no_more, 256, 128);
	for (size_t i = 0; i < sizeof(bits); i++)
		assert_int_equal(bits[i], i >= 8 && i < 16 ? 0 : 0xff);
}

static void small_objects_are_not_cut(void **state)
{
	static const uint8_t no_more[] = { 0xff };
	uint8_t bits[32];

	(void)state;
	memset(bits, 0xff, sizeof(bits));
	heap_bits_cut(bits, no_more, 256, 8);
	for (size_t i = 0; i < sizeof(bits); i++)
		assert_int_equal(bits[i], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_bits_end_where_no_more_follow),
		cmocka_unit_test(an_object_may_begin_inside_a_byte),
		cmocka_unit_test(no_more_pointers_ends_a_large_object),
		cmocka_unit_test(small_objects_are_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
