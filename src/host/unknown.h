/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unknown: how this room says "not there" and "without limit".
 *
 * A counter that this kernel lacks, or that could not be read, is HOST_UNKNOWN,
 * never 0. The values are those of case/case.h (UNKNOWN_U64, CASE_NO_LIMIT), so
 * that a case takes them over as they are.
 */
#ifndef HOST_UNKNOWN_H
#define HOST_UNKNOWN_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_UNKNOWN UINT64_MAX
#define HOST_NO_LIMIT (UINT64_MAX - 1) /* observed: there is none */

static inline bool host_known(uint64_t v)
{
	return v != HOST_UNKNOWN;
}

/* A limit that binds: known, and not "without". */
static inline bool host_limited(uint64_t v)
{
	return v < HOST_NO_LIMIT;
}

/* @a - @b, 0 where @b is the larger; unknown if one of them is. */
static inline uint64_t host_less(uint64_t a, uint64_t b)
{
	if (!host_known(a) || !host_known(b))
		return HOST_UNKNOWN;
	return a > b ? a - b : 0;
}

#endif /* HOST_UNKNOWN_H */
