/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <string.h>

struct str str_from(const char *cstr)
{
	return (struct str){ .p = cstr, .n = strlen(cstr) };
}

bool str_eq(struct str a, struct str b)
{
	/* memcmp(NULL, NULL, 0) is undefined, so the empty view is its own case */
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_take_until(struct str *s, char stop, struct str *ret)
{
	const char *hit = s->n ? memchr(s->p, stop, s->n) : NULL;

	if (!hit)
		return false;
	*ret = (struct str){ .p = s->p, .n = (size_t)(hit - s->p) };
	s->p += ret->n + 1;
	s->n -= ret->n + 1;
	return true;
}

bool str_take_line(struct str *s, struct str *ret_line)
{
	if (s->n == 0)
		return false;
	if (str_take_until(s, '\n', ret_line))
		return true;
	*ret_line = *s;
	s->p += s->n;
	s->n = 0;
	return true;
}

bool str_take_u64(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
			return false;
	}
	if (i == 0)
		return false;
	s->p += i;
	s->n -= i;
	*ret = v;
	return true;
}

bool str_has_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool str_has_suffix(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	const char *hit;

	if (needle.n == 0)
		return 0;
	hit = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return hit ? hit - s.p : -1;
}

ptrdiff_t str_find_last(struct str s, char c)
{
	while (s.n--)
		if (s.p[s.n] == c)
			return (ptrdiff_t)s.n;
	return -1;
}

struct str str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return n ? (struct str){ s.p + n, s.n - n } : s;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_take_word(struct str *s, struct str *ret)
{
	struct str rest = *s;
	size_t n = 0;

	while (rest.n && blank(rest.p[0]))
		rest = str_skip(rest, 1);
	while (n < rest.n && !blank(rest.p[n]))
		n++;
	if (n == 0)
		return false;
	*ret = (struct str){ rest.p, n };
	*s = str_skip(rest, n);
	return true;
}

bool str_take_prefix(struct str *s, struct str prefix)
{
	if (!str_has_prefix(*s, prefix))
		return false;
	*s = str_skip(*s, prefix.n);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool str_take_hex(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->n && hex_digit(s->p[i]) >= 0; i++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)hex_digit(s->p[i]);
	}
	if (i == 0)
		return false;
	*s = str_skip(*s, i);
	*ret = v;
	return true;
}

bool str_take_i64(struct str *s, int64_t *ret)
{
	struct str rest = *s;
	bool negative = str_take_prefix(&rest, STR("-"));
	uint64_t v;

	if (!str_take_u64(&rest, &v) || v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	*s = rest;
	return true;
}
