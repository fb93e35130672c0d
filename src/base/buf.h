/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes that grow up to a maximum.
 *
 * The maximum is mandatory, so no input can grow the process without bound.
 * The first failure (no memory, maximum reached) is kept in @failed and every
 * later append is a no-op: a writer appends freely and checks once at the end.
 * @p is always NUL-terminated once something was appended; the NUL is not in @n.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, room, max;
	int failed; /* 0, or the negative errno of the first append that did not fit */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* Forget the contents and the failure, keep the memory. */
void buf_clear(struct buf *b);

/* Room for @n more bytes behind the contents, or NULL; buf_took() says how many were used. */
void *buf_reserve(struct buf *b, size_t n) _must_use_;
void buf_took(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){ .p = b->p ? b->p : "", .n = b->n };
}

#define BUF(name, max)                          \
	_cleanup_(buf_release) struct buf name; \
	buf_init(&name, (max))

#endif /* BASE_BUF_H */
