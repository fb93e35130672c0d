/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "base/clock.h"
#include "cli/quantity.h"

static void sizes_are_1024_based_in_any_case(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
	} cases[] = {
		{ "4096", 4096 },
		{ "256M", 256u << 20 },
		{ "256m", 256u << 20 },
		{ "256MB", 256u << 20 },
		{ "256MiB", 256u << 20 },
		{ "1.5G", UINT64_C(3) << 29 },
		{ "0.5k", 512 },
		{ ".5K", 512 },
		{ "2T", UINT64_C(2) << 40 },
		{ "1b", 1 },
		{ "", 0 },
		{ "M", 0 },
		{ "-1M", 0 },
		{ "1.2.3M", 0 },
		{ "1 M", 0 },
		{ "1MM", 0 },
		{ "0", 0 },
		{ "99999999T", 0 },
		{ "1e3", 0 },
		{ "123456789012345678901", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t v = 7;
		bool ok = quantity_size(str_from(cases[i].text), &v);

		if (ok != (cases[i].bytes != 0) || v != (ok ? cases[i].bytes : 7))
			fail_msg("%s: %d %lu", cases[i].text, ok, (unsigned long)v);
	}
}

static void durations_take_one_unit(void **state)
{
	int64_t ns = 7;

	(void)state;
	assert_true(quantity_duration(STR("30s"), &ns) && ns == 30 * NS_PER_S);
	assert_true(quantity_duration(STR("1.5m"), &ns) && ns == 90 * NS_PER_S);
	assert_true(quantity_duration(STR("2h"), &ns) && ns == 7200 * NS_PER_S);
	assert_true(quantity_duration(STR("5"), &ns) && ns == 5 * NS_PER_S);
	assert_false(quantity_duration(STR("5ms"), &ns));
	assert_false(quantity_duration(STR("0s"), &ns));
	assert_false(quantity_duration(STR("s"), &ns));
	assert_true(ns == 5 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_1024_based_in_any_case),
		cmocka_unit_test(durations_take_one_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
