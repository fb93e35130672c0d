/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_scan: over the part of a log that says nothing of memory, fast.
 *
 * A log is gigabytes of other things. One pass with vectors looks for three
 * bytes of each of a score of words; only where those match is anything
 * compared, and only a line that holds such a word is parsed.
 */
#ifndef HOST_KERNLOG_SCAN_H
#define HOST_KERNLOG_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The first byte of the first word in @s, or s.n. */
size_t scan_word(struct str s);

/* How many newlines. */
uint64_t scan_newlines(struct str s);

#endif /* HOST_KERNLOG_SCAN_H */
