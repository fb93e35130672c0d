/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: the clocks of this machine, in nanoseconds.
 *
 * Series are kept on CLOCK_MONOTONIC, which is Go's nanotime() too, so that
 * goroutine wait times need no conversion. The kernel log counts on
 * CLOCK_BOOTTIME-like printk time; clock_boot() is its nearest relative.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/buf.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t clock_mono(void);
int64_t clock_boot(void);
int64_t clock_wall(void); /* since 1970, UTC */
int64_t clock_cpu(void);  /* CPU time of the calling thread */

/* RFC 3339 in UTC with seconds: "2026-11-22T10:00:00Z". */
void clock_rfc3339(struct buf *out, int64_t wall_ns);

/* As above for file names: "20261122T101500Z". */
void clock_compact(struct buf *out, int64_t wall_ns);

#endif /* BASE_CLOCK_H */
