/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_scan.h"

#include <string.h>

#define WIDTH 16

typedef unsigned char vec __attribute__((vector_size(WIDTH)));
typedef uint64_t vec64 __attribute__((vector_size(WIDTH)));

/* Three rare bytes of each word, and how far into the word they stand. */
struct word {
	struct str text;
	size_t at;
};

/* clang-format off */
static const struct word words[] = {
	{ STR_INIT("oom-kill"),             0 }, /* header, constraint line, unit results */
	{ STR_INIT("oomd"),                 0 },
	{ STR_INIT("out_of_memory+"),       3 }, /* frames of a trace without its header */
	{ STR_INIT("dump_header+"),         3 },
	{ STR_INIT("ut of memory"),         1 }, /* kill line, Kill process, no killable */
	{ STR_INIT("illed process "),       6 },
	{ STR_INIT("illing process "),      7 },
	{ STR_INIT("lt of limit of "),      6 },
	{ STR_INIT("y: usage "),            1 },
	{ STR_INIT("total_vm"),             4 },
	{ STR_INIT("]  "),                  0 }, /* a row of a table without its header */
	{ STR_INIT("anual OOM"),            6 },
	{ STR_INIT("the OOM killer"),       4 },
	{ STR_INIT("ending SIG"),           7 },
	{ STR_INIT("low on resource: mem"), 2 },
	{ STR_INIT("vict pod(s)"),          1 },
	{ STR_INIT("victed success"),       1 },
	{ STR_INIT("inux version "),        3 },
	{ STR_INIT("omm: "),                1 }, /* CPU line: the kernel's release */
	{ STR_INIT("\"dmesg\""),            0 },
};
/* clang-format on */
#define WORDS (sizeof(words) / sizeof(words[0]))

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

/* Where a word begins whose rare bytes stand at @i; false if none does. */
static bool word_at(struct str s, size_t i, size_t *ret)
{
	for (size_t w = 0; w < WORDS; w++) {
		size_t begin = i - words[w].at;

		if (i >= words[w].at && begin + words[w].text.n <= s.n &&
		    memcmp(s.p + begin, words[w].text.p, words[w].text.n) == 0) {
			*ret = begin;
			return true;
		}
	}
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

size_t scan_word(struct str s)
{
	size_t i = 0, found;

	for (; i + WIDTH + 2 <= s.n; i += WIDTH) {
		vec a = load(s.p + i), b = load(s.p + i + 1), c = load(s.p + i + 2);
		vec hit = { 0 };

		for (size_t w = 0; w < WORDS; w++) {
			const char *rare = words[w].text.p + words[w].at;

			hit |= (vec)(a == (unsigned char)rare[0]) &
			       (vec)(b == (unsigned char)rare[1]) &
			       (vec)(c == (unsigned char)rare[2]);
		}
		if (any(hit) && word_in(s, i, i + WIDTH, &found))
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
