/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quantity.h"

#include <ctype.h>

#include "base/clock.h"

#define LARGEST 0x1p62

/* Digits with at most one point among or before them. */
static bool take_number(struct str *s, double *ret)
{
	double v = 0, scale = 1;
	bool point = false;
	size_t digits = 0, i;

	for (i = 0; i < s->n; i++) {
		char c = s->p[i];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		v = v * 10 + (c - '0');
		scale *= point ? 10 : 1;
		digits++;
	}
	if (digits == 0 || digits > 19)
		return false;
	*s = str_skip(*s, i);
	*ret = v / scale;
	return true;
}

bool quantity_number(struct str s, double *ret)
{
	double v;

	if (!take_number(&s, &v) || s.n || v <= 0)
		return false;
	*ret = v;
	return true;
}

static bool is_word(struct str s, const char *word)
{
	for (; s.n && *word; s = str_skip(s, 1), word++) {
		if (tolower((unsigned char)s.p[0]) != *word)
			return false;
	}
	return s.n == 0 && !*word;
}

bool quantity_size(struct str s, uint64_t *ret_bytes)
{
	static const char units[] = "kmgt";
	double v;

	if (!take_number(&s, &v))
		return false;
	for (unsigned i = 0; s.n && units[i]; i++) {
		if (tolower((unsigned char)s.p[0]) != units[i])
			continue;
		for (unsigned k = 0; k <= i; k++)
			v *= 1024;
		s = str_skip(s, 1);
		break;
	}
	if (s.n && !is_word(s, "b") && !is_word(s, "ib"))
		return false;
	if (v < 1 || v > LARGEST)
		return false;
	*ret_bytes = (uint64_t)v;
	return true;
}

bool quantity_duration(struct str s, int64_t *ret_ns)
{
	double v, ns = (double)NS_PER_S;

	if (!take_number(&s, &v) || s.n > 1)
		return false;
	if (s.n == 1 && s.p[0] == 'm')
		ns *= 60;
	else if (s.n == 1 && s.p[0] == 'h')
		ns *= 3600;
	else if (s.n == 1 && s.p[0] != 's')
		return false;
	if (v <= 0 || v * ns > LARGEST)
		return false;
	*ret_ns = (int64_t)(v * ns);
	return true;
}
