/* SPDX-License-Identifier: Apache-2.0 */
/* lines: what two sides say, compared as sets of lines. */
#ifndef TESTS_LINES_H
#define TESTS_LINES_H

#include <stddef.h>

/*
 * Fails the test unless the lines of @got and @want that begin with @prefix are
 * the same, in any order, and shows those that only one has. Returns how many.
 */
size_t same_lines(const char *got, const char *want, const char *prefix, const char *where);

#endif /* TESTS_LINES_H */
