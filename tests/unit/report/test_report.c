/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <math.h>

#include "base/clock.h"
#include "report/causes_text.h"
#include "report/layout.h"
#include "report/report.h"

#define BUDGET (16 * 1024 * 1024)

static const struct report_options plain = { .lang = LANG_EN };

/* Whatever a target, a log or a file holds: no line is too long, no control character gets out. */
static void hostile_names_do_no_harm(void **state)
{
	static char name[5000];
	static struct verdict v;
	ARENA(a, BUDGET);
	BUF(out, 1024 * 1024);
	struct str text, line;
	struct case_kill k;
	struct whycase c;
	struct err err;
	const char *lines[1] = { name };

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = (char)(i % 251 + 1);
	case_init(&c, &a);
	case_kill_init(&k);
	k.comm = k.oom_memcg = c.subject.comm = c.subject.exe = c.subject.module = name;
	c.subject.container_name = c.subject.go_version = name;
	k.lines = lines;
	k.n_lines = 1;
	k.kind = OOM_MEMCG;
	c.end.kill = &k;
	case_add_missing(&c, name, name);
	assert_ok(verdict_make(&c, &a, &v, &err), &err);
	report_text(&v, &plain, &out);
	assert_int_equal(out.failed, 0);
	text = buf_view(&out);
	while (str_take_line(&text, &line)) {
		assert_true(layout_columns(line) <= LAYOUT_COLUMNS);
		for (size_t i = 0; i < line.n; i++)
			assert_true((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
	}
}

static void json_has_null_for_what_is_not_known(void **state)
{
	static struct verdict v;
	ARENA(a, BUDGET);
	BUF(out, 1024 * 1024);
	struct whycase c;
	struct err err;

	(void)state;
	case_init(&c, &a);
	assert_ok(verdict_make(&c, &a, &v, &err), &err);
	report_json(&v, LANG_EN, &out);
	assert_int_equal(out.failed, 0);
	assert_non_null(strstr(out.p, "\"limit_bytes\": null"));
	assert_non_null(strstr(out.p, "\"total_bytes\": null"));
	assert_non_null(strstr(out.p, "\"victim\": null"));
	assert_non_null(strstr(out.p, "\"killer\": null"));
	assert_non_null(strstr(out.p, "\"causes\": []"));
	assert_null(strstr(out.p, "nan"));
}

/* The wall clock of a kill is not known, its place since boot is. */
static void uptime_stands_beside_a_null_time(void **state)
{
	static struct verdict v;
	ARENA(a, BUDGET);
	BUF(out, 1024 * 1024);
	struct case_kill k;
	struct whycase c;
	struct err err;

	(void)state;
	case_init(&c, &a);
	case_kill_init(&k);
	k.kind = OOM_GLOBAL;
	k.uptime_ns = 1500 * NS_PER_MS;
	c.end.kill = &k;
	assert_ok(verdict_make(&c, &a, &v, &err), &err);
	report_json(&v, LANG_EN, &out);
	assert_non_null(strstr(out.p, "\"time\": null,"));
	assert_non_null(strstr(out.p, "\"uptime_seconds\": 1.5"));
	k.wall_ns = 0;
	buf_clear(&out);
	report_json(&v, LANG_EN, &out);
	assert_non_null(strstr(out.p, "\"time\": \"1970-01-01T00:00:00Z\""));
	assert_null(strstr(out.p, "uptime_seconds"));
}

static void colour_only_when_asked_for(void **state)
{
	static struct verdict v;
	const struct report_options colour = { .lang = LANG_EN, .colour = true };
	ARENA(a, BUDGET);
	BUF(out, 1024 * 1024);
	struct whycase c;
	struct err err;

	(void)state;
	case_init(&c, &a);
	assert_ok(verdict_make(&c, &a, &v, &err), &err);
	report_text(&v, &plain, &out);
	assert_null(strchr(out.p, '\033'));
	report_text(&v, &colour, &out);
	assert_non_null(strchr(out.p, '\033'));
}

static void every_cause_has_its_page_built_in(void **state)
{
	(void)state;
	for (const struct cause *const *c = all_causes; *c; c++) {
		BUF(out, 256 * 1024);
		struct str text, line;

		assert_true(causes_page((*c)->id, &out));
		assert_int_equal(out.failed, 0);
		assert_int_equal(strncmp(out.p, (*c)->id, strlen((*c)->id)), 0);
		assert_non_null(strstr(out.p, "\nCertain when\n"));
		text = buf_view(&out);
		while (str_take_line(&text, &line))
			assert_true(layout_columns(line) <= LAYOUT_COLUMNS);
	}
}

static void unknown_cause_has_no_page(void **state)
{
	BUF(out, 1024);

	(void)state;
	assert_false(causes_page("no-such-cause", &out));
	assert_int_equal(out.n, 0);
}

static void list_names_every_cause(void **state)
{
	BUF(text, 64 * 1024);
	BUF(json, 64 * 1024);

	(void)state;
	causes_list(LANG_EN, &text);
	causes_json(LANG_EN, &json);
	for (const struct cause *const *c = all_causes; *c; c++) {
		assert_non_null(strstr(text.p, (*c)->id));
		assert_non_null(strstr(json.p, (*c)->id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_names_do_no_harm),
		cmocka_unit_test(json_has_null_for_what_is_not_known),
		cmocka_unit_test(uptime_stands_beside_a_null_time),
		cmocka_unit_test(colour_only_when_asked_for),
		cmocka_unit_test(every_cause_has_its_page_built_in),
		cmocka_unit_test(unknown_cause_has_no_page),
		cmocka_unit_test(list_names_every_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
