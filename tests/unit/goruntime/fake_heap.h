/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_heap: a Go heap made of bytes, by the layout of any release.
 *
 * One arena at 0xc000000000, spans that a test adds, mheap, memstats and
 * gcController; everything else is zero. The memory can be changed between reads.
 */
#ifndef TESTS_FAKE_HEAP_H
#define TESTS_FAKE_HEAP_H

#include "goruntime/runtime.h"

#define FAKE_ARENA UINT64_C(0xc000000000)
#define FAKE_SWEEPGEN 8u

struct fake_span {
	uint64_t page, npages; /* of the arena */
	uint8_t state, spanclass;
	uint64_t elemsize, nelems;
	uint16_t alloc_count;
	uint32_t sweepgen;
	uint64_t alloc_bits, mark_bits; /* the first 64 */
	uint64_t large_type;
};

struct fake_heap;

/* The tables of the release; fails the test if there are none. */
const struct layout *fake_layout(int minor);

struct fake_heap *fake_heap_new(const struct layout *lay);
void fake_heap_free(struct fake_heap *h);

const struct goruntime *fake_heap_runtime(const struct fake_heap *h);
struct mem *fake_heap_mem(const struct fake_heap *h);

/* Returns the address of the mspan. */
uint64_t fake_heap_add(struct fake_heap *h, const struct fake_span *s);

/* Any address that the fake has; fails the test elsewhere. */
void fake_heap_put(struct fake_heap *h, uint64_t addr, uint64_t value, size_t n);

/* Sets gcController.heapInUse to what the spans added amount to, plus @extra. */
void fake_heap_close(struct fake_heap *h, uint64_t extra);

/* From now on small spans have their mark bits in themselves. */
void fake_heap_inline_marks(struct fake_heap *h);

#endif /* TESTS_FAKE_HEAP_H */
