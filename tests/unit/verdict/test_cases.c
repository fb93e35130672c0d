/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorded and made cases of tests/cases/: each NAME.json is judged anew,
 * and its whole report compared with NAME.txt, its whole JSON with
 * NAME.verdict.json. WHYOOM_UPDATE_CASES=1 writes them instead; read the diff.
 */
#include "t.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "case/case_file.h"
#include "report/layout.h"
#include "report/report.h"

#define CASES_MAX 128
#define BUDGET ((size_t)64 << 20)
#define OUTPUT_MAX ((size_t)4 << 20)

static char *names[CASES_MAX];
static size_t n_names;

static void path_of(struct buf *out, const char *name, const char *suffix)
{
	buf_clear(out);
	buf_printf(out, "%s/tests/cases/%s%s", getenv("WHYOOM_SOURCE"), name, suffix);
}

static bool read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char block[8192];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	fclose(f);
	return true;
}

static void compare(const char *name, const char *suffix, const struct buf *got)
{
	BUF(path, 4096);
	BUF(want, OUTPUT_MAX);

	path_of(&path, name, suffix);
	if (getenv("WHYOOM_UPDATE_CASES")) {
		FILE *f = fopen(path.p, "w");

		assert_non_null(f);
		fwrite(got->p, 1, got->n, f);
		fclose(f);
		return;
	}
	if (!read_file(path.p, &want))
		fail_msg("%s is missing", path.p);
	if (!str_eq(buf_view(got), buf_view(&want)))
		fail_msg("%s%s has changed; now it is:\n%s", name, suffix, got->p);
}

static void lines_fit(const char *name, const struct buf *report)
{
	struct str text = buf_view(report), line;

	while (str_take_line(&text, &line)) {
		if (layout_columns(line) > LAYOUT_COLUMNS)
			fail_msg("%s: %u columns: " STR_FMT, name, layout_columns(line),
				 STR_ARG(line));
	}
}

static void judge(const char *name)
{
	static struct verdict v;
	const struct report_options plain = { .lang = LANG_EN };
	BUF(path, 4096);
	BUF(json, (size_t)16 << 20);
	BUF(text, OUTPUT_MAX);
	BUF(verdict, OUTPUT_MAX);
	ARENA(a, BUDGET);
	struct whycase c;
	struct err err;

	path_of(&path, name, ".json");
	assert_true(read_file(path.p, &json));
	assert_ok(case_json_parse(buf_view(&json), name, &a, &c, &err), &err);
	assert_ok(verdict_make(&c, &a, &v, &err), &err);
	report_text(&v, &plain, &text);
	report_json(&v, LANG_EN, &verdict);
	buf_printf(&text, "\nexit status %d\n", v.exit_status);
	assert_int_equal(text.failed | verdict.failed, 0);
	lines_fit(name, &text);
	compare(name, ".txt", &text);
	compare(name, ".verdict.json", &verdict);
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The cases: NAME.json, but not NAME.verdict.json. */
static void find_cases(void)
{
	BUF(path, 4096);
	const struct dirent *entry;
	DIR *d;

	path_of(&path, "", "");
	d = opendir(path.p);
	assert_non_null(d);
	while ((entry = readdir(d)) && n_names < CASES_MAX) {
		struct str s = str_from(entry->d_name);

		if (!str_has_suffix(s, STR(".json")) || str_has_suffix(s, STR(".verdict.json")))
			continue;
		names[n_names++] = strndup(s.p, s.n - strlen(".json"));
	}
	closedir(d);
	qsort(names, n_names, sizeof(names[0]), by_name);
}

static void every_case_gives_its_verdict(void **state)
{
	(void)state;
	find_cases();
	assert_true(n_names >= 20);
	for (size_t i = 0; i < n_names; i++)
		judge(names[i]);
}

/* All verdicts there against docs/schema/verdict-1.json, and every cause once in each. */
static void every_verdict_fits_the_schema(void **state)
{
	static const char check[] =
		"import glob, json, os, sys, jsonschema as j\n"
		"root = os.environ['WHYOOM_SOURCE']\n"
		"schema = json.load(open(root + '/docs/schema/verdict-1.json'))\n"
		"j.Draft202012Validator.check_schema(schema)\n"
		"v = j.Draft202012Validator(schema)\n"
		"ids = sorted(schema['$defs']['cause_id']['enum'])\n"
		"for f in sorted(glob.glob(root + '/tests/cases/*.verdict.json')):\n"
		"    d = json.load(open(f))\n"
		"    for e in v.iter_errors(d):\n"
		"        sys.exit(f'{f}: {e.json_path}: {e.message}')\n"
		"    got = sorted(x['id'] for k in ('causes', 'ruled_out', 'undecided') for x in "
		"d[k])\n"
		"    if got != ids: sys.exit(f'{f}: causes {got}')\n"
		"    shares = [x['share'] or 0 for x in d['causes']]\n"
		"    if sum(shares) > 1.000001: sys.exit(f'{f}: shares {shares}')\n";
	BUF(command, 8192);

	(void)state;
	if (system("python3 -c 'import jsonschema' 2>/dev/null") != 0)
		skip_test("no jsonschema of Python");
	buf_cstr(&command, "python3 - <<'EOF'\n");
	buf_cstr(&command, check);
	buf_cstr(&command, "EOF\n");
	assert_int_equal(system(command.p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_gives_its_verdict),
		cmocka_unit_test(every_verdict_fits_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
