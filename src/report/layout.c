/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layout.h"

/* Bytes of the character at the front of @s, and its value; a bad byte is one character. */
static size_t character(struct str s, uint32_t *ret)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 1;
	uint32_t v = n == 1 ? c : c & (0x7fu >> n);

	if (n > s.n)
		n = 1;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80) {
			*ret = c;
			return 1;
		}
		v = v << 6 | ((unsigned char)s.p[i] & 0x3fu);
	}
	*ret = v;
	return n;
}

static unsigned columns_of(uint32_t v)
{
	bool wide = (v >= 0x1100 && v <= 0x115f) || (v >= 0x2e80 && v <= 0xa4cf) ||
		    (v >= 0xac00 && v <= 0xd7a3) || (v >= 0xf900 && v <= 0xfaff) ||
		    (v >= 0xfe30 && v <= 0xfe6f) || (v >= 0xff00 && v <= 0xff60) ||
		    (v >= 0x1f300 && v <= 0x1faff);

	return wide ? 2 : 1;
}

/* The bytes at the front of @s that fit into @columns. */
static size_t fitting(struct str s, unsigned columns)
{
	size_t at = 0;
	unsigned used = 0;

	while (at < s.n) {
		uint32_t v;
		size_t n = character(str_skip(s, at), &v);

		used += columns_of(v);
		if (used > columns)
			break;
		at += n;
	}
	return at;
}

unsigned layout_columns(struct str s)
{
	unsigned columns = 0;

	while (s.n > 0) {
		uint32_t v;

		s = str_skip(s, character(s, &v));
		columns += columns_of(v);
	}
	return columns;
}

void layout_shortened(struct buf *out, struct str s, unsigned columns)
{
	unsigned whole = layout_columns(s), keep;
	size_t tail;

	if (whole <= columns || columns < 8) {
		buf_add(out, s.p, fitting(s, columns));
		return;
	}
	keep = columns - 3;
	buf_add(out, s.p, fitting(s, keep / 2));
	buf_cstr(out, "...");
	/* From the first place where what is left fits. */
	tail = fitting(s, whole - (keep - keep / 2));
	while (tail < s.n && layout_columns(str_skip(s, tail)) > keep - keep / 2) {
		uint32_t v;

		tail += character(str_skip(s, tail), &v);
	}
	buf_str(out, str_skip(s, tail));
}

void layout_pad(struct buf *out, unsigned written, unsigned column)
{
	for (; written < column; written++)
		buf_char(out, ' ');
}

static unsigned next_line(struct buf *out, unsigned indent)
{
	buf_char(out, '\n');
	layout_pad(out, 0, indent);
	return indent;
}

/* A word that no line can hold, from column @at of the current line on; the column it ends at. */
static unsigned cut_word(struct buf *out, struct str word, unsigned at, unsigned indent)
{
	for (;;) {
		size_t n = fitting(word, LAYOUT_COLUMNS - at);

		if (n == 0 && at == indent) /* no room for even one: drop it */
			return at;
		buf_add(out, word.p, n);
		at += layout_columns((struct str){ .p = word.p, .n = n });
		word = str_skip(word, n);
		if (word.n == 0)
			return at;
		at = next_line(out, indent);
	}
}

static bool is_unit(struct str s)
{
	static const char *const units[] = { "%",     "B",     "KiB",	"MiB", "GiB", "TiB", "PiB",
					     "KiB/s", "MiB/s", "GiB/s", "ms",  "s",   "min", "h" };

	while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ',' || s.p[s.n - 1] == ';' ||
			   s.p[s.n - 1] == ':' || s.p[s.n - 1] == ')'))
		s.n--;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_eq(s, str_from(units[i])))
			return true;
	}
	return false;
}

/* The next word; a number and its unit stay together. */
static bool take_unbroken(struct str *words, struct str *ret)
{
	struct str after, unit;

	if (!str_take_word(words, ret))
		return false;
	after = *words;
	if (ret->p[ret->n - 1] < '0' || ret->p[ret->n - 1] > '9' || !str_take_word(&after, &unit) ||
	    !is_unit(unit) || unit.p != ret->p + ret->n + 1)
		return true;
	ret->n += 1 + unit.n;
	*words = after;
	return true;
}

void layout_words(struct buf *out, struct str words, const char *first, unsigned indent,
		  enum long_words how)
{
	unsigned at = layout_columns(str_from(first)), start = at;
	struct str word;
	bool empty = true;

	while (take_unbroken(&words, &word)) {
		unsigned wide = layout_columns(word);

		if (empty)
			buf_cstr(out, first);
		if (!empty && at + 1 + wide > LAYOUT_COLUMNS) {
			at = start = next_line(out, indent);
		} else if (!empty && at > start) {
			buf_char(out, ' ');
			at++;
		}
		empty = false;
		if (at + wide <= LAYOUT_COLUMNS) {
			buf_str(out, word);
			at += wide;
		} else if (how == LONG_WORDS_CUT) {
			at = cut_word(out, word, at, indent);
		} else {
			layout_shortened(out, word, LAYOUT_COLUMNS - at);
			at = LAYOUT_COLUMNS;
		}
	}
	if (!empty)
		buf_char(out, '\n');
}
