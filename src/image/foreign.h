/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreign: why a program cannot be read, in words: it is no Go program, or one
 * of a kind that this version does not know.
 */
#ifndef IMAGE_FOREIGN_H
#define IMAGE_FOREIGN_H

#include "image/finder.h"

/* 0, or -ENOTSUP for 32-bit programs and other architectures. */
int foreign_headers(const struct mem *m, const struct exe_headers *h, struct err *err) _must_use_;

/* 0, or -ENOTSUP for a function table of another Go: older, newer, obfuscated. */
int foreign_table(const struct mem *m, const struct finder_table *t, struct err *err) _must_use_;

/*
 * The program has no table at all: -ENOTSUP where it is of another Go compiler,
 * which its libraries or its strings tell, else -ENOENT; others as mem_readv().
 */
int foreign_program(struct scan *s, struct err *err) _must_use_;

#endif /* IMAGE_FOREIGN_H */
