/* SPDX-License-Identifier: Apache-2.0 */
/* headline: the first words of a report. Private to src/verdict/. */
#ifndef VERDICT_HEADLINE_H
#define VERDICT_HEADLINE_H

#include "verdict/verdict.h"

/*
 * What happened, and where a cause was found its title; the report puts the
 * primary cause's summary behind it. All of @v but headline and exit_status is filled.
 */
struct text headline_of(const struct verdict *v, struct arena *a);

/* Exit status of diagnose: 0 nothing wrong with memory, 1 a cause was found, 3 could not tell. */
int exit_status_of(const struct verdict *v);

#endif /* VERDICT_HEADLINE_H */
