/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <math.h>

#include "report/message.h"

#define SHOWS(want, call)                                                            \
	do {                                                                         \
		BUF(out, 256);                                                       \
		call;                                                                \
		if (strcmp(out.p ? out.p : "", (want)) != 0)                         \
			fail_msg("%s gives \"%s\", not \"%s\"", #call, out.p, want); \
	} while (0)

static void counts_have_thousands(void **state)
{
	(void)state;
	SHOWS("0", show_count(&out, 0));
	SHOWS("999", show_count(&out, 999));
	SHOWS("1,000", show_count(&out, 1000));
	SHOWS("10,342", show_count(&out, 10342));
	SHOWS("-1,002,003", show_count(&out, -1002003));
	SHOWS("9,223,372,036,854,775,807", show_count(&out, INT64_MAX));
	SHOWS("-9,223,372,036,854,775,808", show_count(&out, INT64_MIN));
}

static void bytes_are_of_1024(void **state)
{
	(void)state;
	SHOWS("0 B", show_bytes(&out, 0));
	SHOWS("1023 B", show_bytes(&out, 1023));
	SHOWS("1.0 KiB", show_bytes(&out, 1024));
	SHOWS("128.0 MiB", show_bytes(&out, 128 << 20));
	SHOWS("1.0 MiB", show_bytes(&out, (1 << 20) - 1)); /* not 1024.0 KiB */
	SHOWS("-92.0 KiB", show_bytes(&out, -92 * 1024));
	SHOWS("8.0 EiB", show_bytes(&out, INT64_MAX));
}

static void shares_and_times(void **state)
{
	(void)state;
	SHOWS("84 %", show_percent(&out, 0.836));
	SHOWS("0.4 %", show_percent(&out, 0.004));
	SHOWS("0 %", show_percent(&out, -0.0001));
	SHOWS("100 %", show_percent(&out, 1));
	SHOWS("?", show_percent(&out, NAN));
	SHOWS("140 ms", show_seconds(&out, 0.14));
	SHOWS("3.2 s", show_seconds(&out, 3.2));
	SHOWS("41 s", show_seconds(&out, 41));
	SHOWS("10 s", show_seconds(&out, 9.96));
	SHOWS("3 min", show_seconds(&out, 180));
	SHOWS("2 h", show_seconds(&out, 7200));
	SHOWS("3 days", show_seconds(&out, 3 * 86400));
	SHOWS("?", show_seconds(&out, INFINITY));
}

static void foreign_text_cannot_steer_a_terminal(void **state)
{
	(void)state;
	SHOWS("api?[31m", show_foreign(&out, STR("api\033[31m")));
	SHOWS("a?b?c", show_foreign(&out, STR("a\nb\x7f"
					      "c")));
	SHOWS("x?y", show_foreign(&out, STR("x\xc2\x9by"))); /* U+009B: CSI */
	SHOWS("caf\xc3\xa9", show_foreign(&out, STR("caf\xc3\xa9")));
}

static void arguments_are_filled_in_by_name(void **state)
{
	const struct arg args[] = { ARG_STR("pattern", "pattern.leak"),
				    ARG_PERCENT("confidence", 0.9), ARG_END };
	const struct arg lacking[] = { ARG_END };

	(void)state;
	SHOWS("Leak: memory grows through the whole record (confidence 90 %)",
	      message_render((struct text){ "report.pattern", args }, LANG_EN, &out));
	SHOWS("{pattern} (confidence {confidence})",
	      message_render((struct text){ "report.pattern", lacking }, LANG_EN, &out));
	SHOWS("no such key", message_render((struct text){ "no such key", NULL }, LANG_EN, &out));
	SHOWS("", message_render((struct text){ 0 }, LANG_EN, &out));
}

/* A value that happens to be a key is not looked up unless the message asks for it. */
static void values_are_not_taken_for_keys(void **state)
{
	const struct arg args[] = { ARG_STR("comm", "pattern.leak"), ARG_INT("pid", 1), ARG_END };

	(void)state;
	SHOWS("OOM kill of pattern.leak (pid 1); the cause could not be told.",
	      message_render((struct text){ "headline.killed.unknown", args }, LANG_EN, &out));
}

static void every_cause_has_a_title_and_a_line(void **state)
{
	(void)state;
	for (const struct cause *const *c = all_causes; *c; c++) {
		assert_non_null(message_find((*c)->title, LANG_EN));
		assert_non_null(message_find((*c)->about, LANG_EN));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_thousands),
		cmocka_unit_test(bytes_are_of_1024),
		cmocka_unit_test(shares_and_times),
		cmocka_unit_test(foreign_text_cannot_steer_a_terminal),
		cmocka_unit_test(arguments_are_filled_in_by_name),
		cmocka_unit_test(values_are_not_taken_for_keys),
		cmocka_unit_test(every_cause_has_a_title_and_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
