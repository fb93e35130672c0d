/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "report/layout.h"

static void laid_out(const char *words, const char *first, unsigned indent, enum long_words how,
		     const char *want)
{
	BUF(out, 4096);

	layout_words(&out, str_from(words), first, indent, how);
	assert_string_equal(out.p ? out.p : "", want);
}

static void lines_break_between_words(void **state)
{
	(void)state;
	laid_out("one two  three\n four", "- ", 2, LONG_WORDS_SHORTENED, "- one two three four\n");
	laid_out(
		"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 ab c",
		"  ", 4, LONG_WORDS_SHORTENED,
		"  0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\n"
		"    ab c\n");
	laid_out("", "- ", 2, LONG_WORDS_SHORTENED, "");
}

static void number_and_unit_stay_together(void **state)
{
	(void)state;
	laid_out("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456 214.3 "
		 "MiB, 84 % of it",
		 "", 0, LONG_WORDS_SHORTENED,
		 "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456\n"
		 "214.3 MiB, 84 % of it\n");
}

static void long_names_are_shortened_in_the_middle(void **state)
{
	char name[201];
	BUF(out, 4096);

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "begin", 5);
	memcpy(name + 197, "end", 4);
	layout_words(&out, str_from(name), "  ", 2, LONG_WORDS_SHORTENED);
	assert_int_equal(layout_columns(str_from(out.p)) - 1, LAYOUT_COLUMNS);
	assert_non_null(strstr(out.p, "  begin"));
	assert_non_null(strstr(out.p, "..."));
	assert_non_null(strstr(out.p, "end\n"));
}

static void quotations_lose_nothing(void **state)
{
	char line[401];
	BUF(out, 4096);
	size_t n = 0;

	(void)state;
	memset(line, 'q', sizeof(line) - 1);
	line[400] = '\0';
	layout_words(&out, str_from(line), "  > ", 4, LONG_WORDS_CUT);
	for (const char *p = out.p; *p; p++)
		n += *p == 'q';
	assert_int_equal(n, 400);
}

static void wide_and_bad_characters_are_counted(void **state)
{
	(void)state;
	assert_int_equal(layout_columns(STR("caf\xc3\xa9")), 4);
	assert_int_equal(layout_columns(STR("\xe5\x86\x85\xe5\xad\x98")), 4); /* two, wide */
	assert_int_equal(layout_columns(STR("\xff\xc3")), 2);
}

/* Shortened text never exceeds its columns, wherever its wide characters stand. */
static void shortened_text_fits(void **state)
{
	static const char wide[] = "ab\xe5\x86\x85\xe5\xad\x98"
				   "cdefgh\xe5\x86\x85xyz\xe5\xad\x98\xe5\x86\x85";

	(void)state;
	for (unsigned columns = 0; columns < 30; columns++) {
		BUF(out, 256);

		layout_shortened(&out, str_from(wide), columns);
		assert_true(layout_columns(buf_view(&out)) <= columns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_break_between_words),
		cmocka_unit_test(number_and_unit_stay_together),
		cmocka_unit_test(long_names_are_shortened_in_the_middle),
		cmocka_unit_test(quotations_lose_nothing),
		cmocka_unit_test(wide_and_bad_characters_are_counted),
		cmocka_unit_test(shortened_text_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
