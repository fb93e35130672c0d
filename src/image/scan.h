/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: looks through mapped memory for words, within a budget.
 *
 * Memory is read in chunks; what cannot be read looks like zeros, so a hole
 * hides only what lies in it. The budget bounds what one image may cost,
 * whatever a hostile target maps.
 */
#ifndef IMAGE_SCAN_H
#define IMAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/mem.h"

#define SCAN_CHUNK (1U << 20)
#define SCAN_OVERLAP \
	128U /* so many bytes behind a word are in the same chunk, but at the range's end */

struct scan {
	struct mem *m;
	uint64_t left; /* bytes that may still be read */
	uint8_t *chunk;
};

int scan_init(struct scan *s, struct mem *m, uint64_t budget, struct err *err) _must_use_;
void scan_release(struct scan *s);

/*
 * Looks at @n bytes that stand at @addr (8-aligned), of which the words that
 * begin before @own are its own: the rest comes again. False ends the scan.
 */
typedef bool scan_look(void *ctx, uint64_t addr, const uint8_t *p, size_t own, size_t n);

/*
 * The range [from, to), inner 8-aligned part. 1 when @look ended it, 0 when all
 * was seen or the budget is spent; negative as mem_readv().
 */
int scan_range(struct scan *s, uint64_t from, uint64_t to, scan_look *look, void *ctx,
	       struct err *err) _must_use_;

#endif /* IMAGE_SCAN_H */
