/* SPDX-License-Identifier: Apache-2.0 */
/* quantity: SIZE and DURATION of the command line (README, "Options"). */
#ifndef CLI_QUANTITY_H
#define CLI_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* "256M", "1.5g", "64MiB", "4096": 1024-based; false if it is not one, or over 2^62. */
bool quantity_size(struct str s, uint64_t *ret_bytes) _must_use_;

/* "30s", "5m", "2h", "1.5m", a bare number is seconds; more than 0. */
bool quantity_duration(struct str s, int64_t *ret_ns) _must_use_;

/* "2", "0.5": more than 0. */
bool quantity_number(struct str s, double *ret) _must_use_;

#endif /* CLI_QUANTITY_H */
