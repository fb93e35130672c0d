/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct json json_into(struct buf *out)
{
	return (struct json){ .out = out };
}

static void line(struct json *j)
{
	if (j->compact)
		return;
	buf_char(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		buf_char(j->out, ' ');
}

/* The length of the well-formed UTF-8 sequence at @p, 0 if there is none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char lead_from, lead_to, next_from, next_to;
		size_t n;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		size_t n = forms[f].n;

		if (p[0] < forms[f].lead_from || p[0] > forms[f].lead_to || n > left)
			continue;
		if (n > 1 && (p[1] < forms[f].next_from || p[1] > forms[f].next_to))
			return 0;
		for (size_t i = 2; i < n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
		}
		return n;
	}
	return 0;
}

static void quoted(struct buf *out, struct str s)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	buf_char(out, '"');
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = utf8_length((const unsigned char *)s.p + i, s.n - i);
		const char *e = NULL;

		for (const char *k = escapes; *k && !e; k += 2)
			e = (unsigned char)*k == c ? k + 1 : NULL;
		if (n == 0)
			buf_cstr(out, "\\ufffd");
		else if (e)
			buf_printf(out, "\\%c", *e);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_add(out, s.p + i, n);
		i += n ? n : 1;
	}
	buf_char(out, '"');
}

static void begin(struct json *j, const char *key)
{
	if (j->comma)
		buf_char(j->out, ',');
	if (j->depth)
		line(j);
	if (key) {
		quoted(j->out, str_from(key));
		buf_cstr(j->out, j->compact ? ":" : ": ");
	}
	j->comma = true;
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	buf_char(j->out, bracket);
	j->depth++;
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	bool empty = !j->comma;

	j->depth--;
	if (!empty)
		line(j);
	buf_char(j->out, bracket);
	j->comma = true;
	if (j->depth == 0 && !j->compact)
		buf_char(j->out, '\n');
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	begin(j, key);
	buf_printf(j->out, "%" PRIu64, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	begin(j, key);
	buf_printf(j->out, "%" PRId64, v);
}

void json_double(struct json *j, const char *key, double v)
{
	char text[40];

	if (!isfinite(v)) {
		json_none(j, key);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v) /* the shorter one where it says the same */
		snprintf(text, sizeof(text), "%.17g", v);
	begin(j, key);
	buf_cstr(j->out, text);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin(j, key);
	buf_cstr(j->out, v ? "true" : "false");
}

void json_none(struct json *j, const char *key)
{
	begin(j, key);
	buf_cstr(j->out, "null");
}

void json_str(struct json *j, const char *key, struct str s)
{
	begin(j, key);
	quoted(j->out, s);
}

void json_cstr(struct json *j, const char *key, const char *s)
{
	if (s)
		json_str(j, key, str_from(s));
	else
		json_none(j, key);
}
