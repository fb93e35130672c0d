/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: a view of bytes that somebody else owns.
 *
 * Not NUL-terminated and may hold NUL bytes; never passed to libc's str*.
 * Passed by value. The str_take_* functions parse: they eat from the front of
 * the view they are given and leave it untouched when they return false.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct str {
	const char *p;
	size_t n;
};

#define STR_INIT(lit)                             \
	{                                         \
		.p = "" lit, .n = sizeof(lit) - 1 \
	} /* in a static table */
#define STR(lit) ((struct str)STR_INIT(lit))
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

struct str str_from(const char *cstr);
bool str_eq(struct str a, struct str b);

/* The next line without its newline; false at the end of the text. */
bool str_take_line(struct str *s, struct str *ret_line) _must_use_;

/* Everything before @stop, and @stop itself; false if there is no @stop. */
bool str_take_until(struct str *s, char stop, struct str *ret) _must_use_;

bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);

/* Where @needle first stands in @s, or -1; an empty needle is at 0. */
ptrdiff_t str_find(struct str s, struct str needle);

/* Where @c stands for the last time in @s, or -1. */
ptrdiff_t str_find_last(struct str s, char c);

/* @n bytes less in front; the whole view if it is shorter. */
struct str str_skip(struct str s, size_t n);

/* Without blanks (space, tab, CR, newline) at both ends. */
struct str str_trim(struct str s);

/* The next word: blanks before it are dropped; false if only blanks are left. */
bool str_take_word(struct str *s, struct str *ret) _must_use_;

/* @prefix itself from the front. */
bool str_take_prefix(struct str *s, struct str prefix) _must_use_;

/* As str_take_u64() in base 16, without "0x". */
bool str_take_hex(struct str *s, uint64_t *ret) _must_use_;

/* As str_take_u64() with an optional sign. */
bool str_take_i64(struct str *s, int64_t *ret) _must_use_;

/* Decimal digits only, at least one, no sign; false on overflow too. */
bool str_take_u64(struct str *s, uint64_t *ret) _must_use_;

#endif /* BASE_STR_H */
