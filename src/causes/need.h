/* SPDX-License-Identifier: Apache-2.0 */
/*
 * need: what the process needs under its limit, by how hard the collector works.
 *
 * live: what each mark leaves. peak: what the collector as it is set lets the
 * charge grow to, non-heap + live x (1 + GOGC/100), bounded by GOMEMLIMIT.
 * tight: non-heap + live x 1.25, below which a collector spends its time
 * collecting. The settings that keep tight apart from peak are the difference
 * between gogc-too-high and limit-too-low: a tight collector fits, or it does
 * not, under nine tenths of the limit. Private to src/causes/.
 */
#ifndef CAUSES_NEED_H
#define CAUSES_NEED_H

#include "causes/cause.h"

/* GOMEMLIMIT is soft: a tenth of the limit is left for what it does not count or overshoots. */
#define NEED_LIMIT_SHARE 0.9
/* A kill's last cycle may have ended a little below what the next would have reached. */
#define NEED_PEAK_SHARE 0.95

struct need {
	double limit, live, non_heap;
	double peak; /* INFINITY: the collector is off */
	double tight;
	double not_go;	     /* of non_heap what the runtime does not govern; NAN unknown */
	double gogc;	     /* percent; INFINITY off; NAN unknown */
	double memory_limit; /* INFINITY off; NAN unknown */
	bool fits;	     /* tight, under nine tenths of the limit */
};

/* NULL and @ret filled, or the key of the message that says what is not known. */
const char *need_of(const struct evidence_base *e, struct need *ret);

/* The live heap stood still: the pattern says so. */
bool need_floor_is_flat(const struct pattern *p);

/* "320MiB": at least @bytes, rounded up as people set limits. In the arena. */
const char *need_size_up(double bytes, struct arena *a);

/* "214MiB": at most @bytes; NULL under 1 MiB. */
const char *need_size_down(double bytes, struct arena *a);

#endif /* CAUSES_NEED_H */
