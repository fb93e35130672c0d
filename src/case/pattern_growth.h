/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_growth: do the floors grow, and is that what brought the end about. Private to src/case/.
 */
#ifndef CASE_PATTERN_GROWTH_H
#define CASE_PATTERN_GROWTH_H

#include "case/pattern_facts.h"

/* Used by the rules too; what each stands for: docs/patterns.md. */
#define FLOORS_MIN 5
#define FLOORS_MANY 10
#define EXPLAINS 0.5
#define RISE_OF_SCALE 0.10
#define LATE_FLOORS 2
#define CLIMBS_LATE 0.90

/* The floors tell of the record, not only of its first moments. */
bool growth_is_spread(const struct facts *f);

/* They rise, through the record. */
bool growth_rises(const struct facts *f);

/* Which part of the way from the healthy state to the end the rising floor accounts for. */
double growth_share(const struct facts *f);

/* They rise surely, by a tenth of the end, and account for half of the way there. */
bool growth_explains(const struct facts *f);

/* The slope's interval is narrow enough for a rise of @rise bytes. */
bool growth_is_sure(const struct facts *f, const struct course *y, double rise);

/* Live memory grows as the load does, and no faster. */
bool growth_follows_load(const struct facts *f);

/*
 * Which part of the charge's climb since the first tenth of the record fell into its second half:
 * of a steady one five ninths; NAN where too little was sampled to say.
 */
double growth_late_part(const struct facts *f);

/* The lowest charge about @share of the way through the record. */
double growth_charge_at(const struct facts *f, double share);

double growth_share_of(double part, double from, double to); /* part / (to - from), or 0 */

#endif /* CASE_PATTERN_GROWTH_H */
