/* SPDX-License-Identifier: Apache-2.0 */
/* kernlog_take: eating log text from the front, in the ways that log lines need. */
#ifndef HOST_KERNLOG_TAKE_H
#define HOST_KERNLOG_TAKE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Past the first @needle; false and untouched if it is not there. */
static inline bool take_past(struct str *s, struct str needle)
{
	ptrdiff_t at = str_find(*s, needle);

	if (at < 0)
		return false;
	*s = str_skip(*s, (size_t)at + needle.n);
	return true;
}

/* Past @prefix where it stands; what may be there or not. */
static inline void skip_if(struct str *s, struct str prefix)
{
	if (str_has_prefix(*s, prefix))
		*s = str_skip(*s, prefix.n);
}

static inline void skip_word(struct str *s)
{
	struct str w;

	if (!str_take_word(s, &w))
		s->n = 0;
}

static inline void skip_blanks(struct str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = str_skip(*s, 1);
}

/* A process id: 1 to INT_MAX. */
static inline bool take_pid(struct str *s, int *ret)
{
	struct str rest = *s;
	uint64_t v;

	if (!str_take_u64(&rest, &v) || v == 0 || v > INT_MAX)
		return false;
	*s = rest;
	*ret = (int)v;
	return true;
}

#endif /* HOST_KERNLOG_TAKE_H */
