/* SPDX-License-Identifier: Apache-2.0 */
/* t: cmocka with the headers it wants, and a few checks that say more on failure. */
#ifndef TESTS_T_H
#define TESTS_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define assert_ok(call, err)                                            \
	do {                                                            \
		int ok_ = (call);                                       \
		if (ok_ < 0)                                            \
			fail_msg("%s: %d: %s", #call, ok_, (err)->msg); \
	} while (0)

/* The message of a failed call holds these words. */
#define assert_says(err, words)                                                      \
	do {                                                                         \
		if (!strstr((err)->msg, (words)))                                    \
			fail_msg("\"%s\" does not say \"%s\"", (err)->msg, (words)); \
	} while (0)

/*
 * Leaves a test that this machine cannot run, and says why. Not cmocka's skip():
 * under TAP that is "not ok N # SKIP", which meson counts as a failure.
 * tests/run.py counts the line as a test skipped.
 */
#undef skip
#define skip_test(why)                            \
	do {                                      \
		printf("# skipped: %s\n", (why)); \
		return;                           \
	} while (0)

#endif /* TESTS_T_H */
