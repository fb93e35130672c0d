/* SPDX-License-Identifier: Apache-2.0 */
/* some_case: cases of random contents, by the tables of case_fields.h, and their comparison. */
#ifndef TESTS_CASE_SOME_CASE_H
#define TESTS_CASE_SOME_CASE_H

#include "case/case.h"

uint64_t random_bits(void);

/* Every member of every struct has some value, the special ones among them. Times are in order. */
void some_case(struct whycase *c, struct arena *a);

/* One sample, one snapshot with two groups: a file of about a kilobyte. */
void small_case(struct whycase *c, struct arena *a);

/* NULL, or the name of the first member that differs. Pointers are followed. */
const char *differs(const struct whycase *a, const struct whycase *b);

#endif /* TESTS_CASE_SOME_CASE_H */
