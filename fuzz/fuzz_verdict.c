/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any case that can be read is judged: each cause answers once, bytes are not
 * claimed twice, the report keeps its columns and lets no control character
 * out, and a second judgement is the same as the first.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "case/case_file.h"
#include "report/layout.h"
#include "report/report.h"

/* Of jansson, whose header cannot stand beside base/json.h: both have a json_null(). */
struct json_t;
struct json_t *json_loadb(const char *buffer, size_t buflen, size_t flags, void *error);
struct json_t *json_object_get(const struct json_t *object, const char *key);
size_t json_array_size(const struct json_t *array);
void json_delete(struct json_t *json);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_findings(const struct verdict *v)
{
	double shares = 0;
	size_t n = 0;

	while (all_causes[n])
		n++;
	require(v->n_findings == n);
	for (size_t i = 0; i < n; i++)
		require(v->findings[i].cause == all_causes[i]);
	for (size_t i = 0; i < v->n_yes; i++) {
		const struct finding *f = v->yes[i];

		require(f->answer == ANSWER_YES && f->n_evidence > 0 && f->n_remedy > 0);
		require(f->confidence > 0 && f->confidence <= 1);
		shares += isnan(f->share) ? 0 : f->share;
	}
	require(shares <= 1.000001);
	require(v->exit_status == 0 || v->exit_status == 1 || v->exit_status == 3);
}

static void check_text(struct str text)
{
	struct str line;

	while (str_take_line(&text, &line)) {
		require(layout_columns(line) <= LAYOUT_COLUMNS);
		for (size_t i = 0; i < line.n; i++)
			require((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
	}
}

/* Each cause stands in it once, whatever it was called in the case. */
static void check_json(const struct buf *json)
{
	static const char *const lists[] = { "causes", "ruled_out", "undecided" };
	struct json_t *root = json_loadb(json->p, json->n, 0, NULL);
	size_t n = 0, all = 0;

	require(root != NULL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		n += json_array_size(json_object_get(root, lists[i]));
	while (all_causes[all])
		all++;
	require(n == all);
	json_delete(root);
}

static int judged(const struct whycase *c, struct arena *a, struct buf *text, struct buf *json)
{
	static struct verdict v;
	const struct report_options plain = { .lang = LANG_EN };

	if (verdict_make(c, a, &v, NULL) < 0)
		return -1; /* the arena is spent */
	check_findings(&v);
	report_text(&v, &plain, text);
	report_json(&v, LANG_EN, json);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(a, (size_t)32 << 20);
	BUF(text, (size_t)8 << 20);
	BUF(json, (size_t)8 << 20);
	BUF(text2, (size_t)8 << 20);
	BUF(json2, (size_t)8 << 20);
	struct whycase c;

	if (case_json_parse((struct str){ (const char *)data, size }, "x", &a, &c, NULL) < 0)
		return 0;
	if (judged(&c, &a, &text, &json) < 0 || judged(&c, &a, &text2, &json2) < 0)
		return 0;
	check_text(buf_view(&text));
	check_json(&json);
	require(str_eq(buf_view(&text), buf_view(&text2)));
	require(str_eq(buf_view(&json), buf_view(&json2)));
	return 0;
}
