/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole: whole numbers from doubles that may be anything.
 *
 * C leaves the conversion undefined where the value does not fit (infinities,
 * NAN, sums of what a hostile case claims): here it stops at the ends of the
 * range, and NAN is 0. Fractions are cut off.
 */
#ifndef BASE_WHOLE_H
#define BASE_WHOLE_H

#include <stdint.h>

static inline int64_t whole_i64(double v)
{
	if (v >= 0x1p63)
		return INT64_MAX;
	if (v <= -0x1p63)
		return INT64_MIN;
	return v == v ? (int64_t)v : 0;
}

/* Bytes and counts: 0 to INT64_MAX, never one of the values above that mean "unknown" or "none". */
static inline uint64_t whole_u64(double v)
{
	return v > 0 ? (uint64_t)whole_i64(v) : 0;
}

#endif /* BASE_WHOLE_H */
