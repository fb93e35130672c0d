/* SPDX-License-Identifier: Apache-2.0 */
#include "report/causes_text.h"

#include <string.h>

#include "base/json.h"
#include "report/layout.h"
#include "report/message.h"

#define ID_COLUMNS 19 /* "concurrency-amplification" will need a line of its own */
#define PARAGRAPH_MAX (16 * 1024)

void causes_list(enum lang lang, struct buf *out)
{
	for (const struct cause *const *c = all_causes; *c; c++) {
		char first[ID_COLUMNS + 1];

		if (strlen((*c)->id) >= ID_COLUMNS) {
			buf_printf(out, "%s\n", (*c)->id);
			snprintf(first, sizeof(first), "%*s", ID_COLUMNS, "");
		} else {
			snprintf(first, sizeof(first), "%-*s", ID_COLUMNS, (*c)->id);
		}
		layout_words(out, str_from(message_find((*c)->about, lang)), first, ID_COLUMNS,
			     LONG_WORDS_SHORTENED);
	}
}

void causes_json(enum lang lang, struct buf *out)
{
	struct json j = json_into(out);

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.causes/1");
	json_open(&j, "causes", '[');
	for (const struct cause *const *c = all_causes; *c; c++) {
		json_open(&j, NULL, '{');
		json_cstr(&j, "id", (*c)->id);
		json_cstr(&j, "title", message_find((*c)->title, lang));
		json_cstr(&j, "about", message_find((*c)->about, lang));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

/* Lines that stand as they are: tables, code and quotations; not paragraphs. */
static bool verbatim(struct str line)
{
	return str_has_prefix(line, STR("|")) || str_has_prefix(line, STR("    ")) ||
	       str_has_prefix(line, STR("```"));
}

/* How far the text of a list item is indented: "- ", "1. "; 0 for other lines. */
static unsigned item(struct str line)
{
	if (str_has_prefix(line, STR("- ")) || str_has_prefix(line, STR("* ")))
		return 2;
	return line.n > 3 && line.p[0] >= '0' && line.p[0] <= '9' && line.p[1] == '.' ? 3 : 0;
}

static void flush(struct buf *paragraph, unsigned indent, struct buf *out)
{
	layout_words(out, buf_view(paragraph), "", indent, LONG_WORDS_SHORTENED);
	buf_clear(paragraph);
}

/* Paragraphs and list items are filled anew; headings lose their marks. */
static void markdown(struct str page, struct buf *out)
{
	BUF(paragraph, PARAGRAPH_MAX);
	struct str line;
	unsigned indent = 0;

	while (str_take_line(&page, &line)) {
		bool plain = line.n == 0 || verbatim(line) || line.p[0] == '#';

		if (plain || item(line)) {
			flush(&paragraph, indent, out);
			indent = item(line);
		}
		while (line.n && line.p[0] == '#')
			line = str_skip(line, 1);
		if (plain) {
			buf_str(out, line.n && line.p[0] == ' ' ? str_skip(line, 1) : line);
			buf_char(out, '\n');
		} else {
			buf_str(&paragraph, line);
			buf_char(&paragraph, ' ');
		}
	}
	flush(&paragraph, indent, out);
}

bool causes_page(const char *id, struct buf *out)
{
	for (const struct cause_page *p = cause_pages; p->id; p++) {
		if (strcmp(p->id, id) != 0)
			continue;
		markdown(str_from(p->markdown), out);
		return true;
	}
	return false;
}
