/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_bits: where pointers are, as Go 1.18 to 1.21 keep it: in the heapArena.
 *
 * 1.18, 1.19: two bits a word, a byte holds four of each: is it a pointer; does the
 * object have any from here on. 1.20, 1.21: one bit a word, and one for 64 words that
 * says that the object has no more. Both become one bit a word. Private to heap/.
 * Source: Go src/runtime/mbitmap.go of these releases.
 */
#ifndef HEAP_ARENA_BITS_H
#define HEAP_ARENA_BITS_H

#include "heap/copied.h"

/* Sets s->bits of all spans with POINTERS_BITS. */
int heap_arena_bits_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m,
			 struct err *err) _must_use_;

/*
 * For one span whose objects are @elem words: from the two-bit form (@n_words / 4 bytes)
 * into @bits, which is zero.
 */
void heap_bits_of_two(const uint8_t *two, uint64_t n_words, uint64_t elem, uint8_t *bits);
/* Clears in @bits what @no_more (a bit for 64 words) says is stale. */
void heap_bits_cut(uint8_t *bits, const uint8_t *no_more, uint64_t n_words, uint64_t elem);

#endif /* HEAP_ARENA_BITS_H */
