/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_scan.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH 16

typedef unsigned char vec __attribute__((vector_size(WIDTH)));
typedef uint64_t vec64 __attribute__((vector_size(WIDTH)));

/*
 * Each word once: its text, and how far into it three bytes stand (A B C) that
 * are rare in logs. Unrolled by the macro, so that every byte to compare with
 * is a constant.
 */
/* clang-format off */
#define WORDS(W) \
	W("oom-kill",             0, 'o', 'o', 'm') /* header, constraint line, unit results */ \
	W("oom_kill_process",     0, 'o', 'o', 'm') /* frame of a trace without its header */ \
	W("oomd",                 0, 'o', 'o', 'm') \
	W("ut of memory",         4, 'f', ' ', 'm') /* kill line, Kill process, no killable */ \
	W("lt of limit of ",      4, 'f', ' ', 'l') \
	W("Killed process ",      0, 'K', 'i', 'l') \
	W("Killing process ",     0, 'K', 'i', 'l') \
	W("kB, limit ",           0, 'k', 'B', ',') \
	W("total_vm",             4, 'l', '_', 'v') \
	W("]  ",                  0, ']', ' ', ' ') /* a row of a table without its header */ \
	W("anual OOM",            6, 'O', 'O', 'M') \
	W("the OOM killer",       4, 'O', 'O', 'M') \
	W("ending SIG",           7, 'S', 'I', 'G') \
	W("low on resource: mem", 2, 'w', ' ', 'o') \
	W("vict pod(s)",          8, '(', 's', ')') \
	W("victed success",       1, 'i', 'c', 't') \
	W("inux version ",        3, 'x', ' ', 'v') \
	W("omm: ",                1, 'm', 'm', ':') /* CPU line: the kernel's release */ \
	W("\"dmesg\"",            0, '"', 'd', 'm')
/* clang-format on */

static vec load(const char *p)
{
	vec v;

	memcpy(&v, p, WIDTH);
	return v;
}

static bool any(vec v)
{
	vec64 w = (vec64)v;

	return (w[0] | w[1]) != 0;
}

/* Behind "]  " of a row stands a number; of a call trace, much more often, a name. */
static bool row_follows(const char *p, size_t n)
{
	size_t i = 3;

	while (i < n && i < 12 && p[i] == ' ')
		i++;
	return i < n && p[i] >= '0' && p[i] <= '9';
}

/* Where a word begins whose rare bytes stand at @i; false if none does. */
static bool word_at(struct str s, size_t i, size_t *ret)
{
	const char *p = s.p + i;

	if (s.n - i < 3)
		return false;
#define TRY(text, at, A, B, C)                                                                 \
	if (p[0] == A && p[1] == B && p[2] == C && i + 1 > at &&                               \
	    s.n - i >= sizeof(text) - 1 - at && memcmp(p - at, text, sizeof(text) - 1) == 0 && \
	    (A != ']' || row_follows(p, s.n - i))) {                                           \
		*ret = i - at;                                                                 \
		return true;                                                                   \
	}
	WORDS(TRY)
#undef TRY
	return false;
}

static bool word_in(struct str s, size_t from, size_t to, size_t *ret)
{
	for (size_t i = from; i < to; i++) {
		if (word_at(s, i, ret))
			return true;
	}
	return false;
}

/* As above for one vector of positions, of which those that are not 0 in @hit can match. */
static bool word_hit(struct str s, size_t from, vec hit, size_t *ret)
{
	unsigned char at[WIDTH];

	memcpy(at, &hit, WIDTH);
	for (size_t i = 0; i < WIDTH; i++) {
		if (at[i] && word_at(s, from + i, ret))
			return true;
	}
	return false;
}

size_t scan_word(struct str s)
{
	size_t i = 0, found;

	for (; i + WIDTH + 2 <= s.n; i += WIDTH) {
		const vec a = load(s.p + i), b = load(s.p + i + 1), c = load(s.p + i + 2);
		vec hit = { 0 };

#define COMPARE(text, at, A, B, C) hit |= (vec)(a == A) & (vec)(b == B) & (vec)(c == C);
		WORDS(COMPARE)
#undef COMPARE
		if (any(hit) && word_hit(s, i, hit, &found))
			return found;
	}
	return word_in(s, i, s.n, &found) ? found : s.n;
}

uint64_t scan_newlines(struct str s)
{
	uint64_t n = 0;
	size_t i = 0;

	while (i + WIDTH <= s.n) {
		vec sum = { 0 };

		/* a lane holds at most 255 */
		for (unsigned k = 0; k < 255 && i + WIDTH <= s.n; k++, i += WIDTH)
			sum -= (vec)(load(s.p + i) == '\n');
		for (unsigned lane = 0; lane < WIDTH; lane++)
			n += sum[lane];
	}
	for (; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}
