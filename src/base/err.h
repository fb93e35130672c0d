/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: why a call failed, in words a report can print.
 *
 * A function that can fail returns 0 or a negative errno and takes a
 * `struct err *` as its last parameter. The caller owns the struct, usually on
 * its stack; nothing is allocated, so an error can be described on a machine
 * that has no memory left. NULL is allowed where the words are not wanted.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/cleanup.h"

struct err {
	int code;      /* negative errno, 0 if unset */
	char msg[240]; /* one line, no full stop, cut at the end if too long */
};

/* Set code and words. Returns @code, so that it can be the return statement. */
int err_set(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

/* As err_set() with errno: ": <its text>" is added. Returns -errno. */
int err_sys(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* Put "<words>: " before what is there. Returns @code. */
int err_wrap(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

#endif /* BASE_ERR_H */
