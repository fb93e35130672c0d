/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_heap.h"

#include "t.h"

#include <stdlib.h>

#include "goruntime/size_classes.h"
#include "target/buffer.h"

#define SPANS_MAX 64

enum part { GLOBALS, ALLSPANS, SPANS, BITS, ARENA_INDEX, HEAP_ARENA, HEAP, ARENA_LIST, N_PARTS };

static const struct {
	uint64_t addr;
	size_t n;
} places[N_PARTS] = {
	[GLOBALS] = { 0x500000, 0x40000 },	    [ALLSPANS] = { 0x7f0000000000, 0x1000 },
	[SPANS] = { 0x7f0000100000, 0x4000 },	    [BITS] = { 0x7f0000200000, 0x1000 },
	[ARENA_INDEX] = { 0x7f0000300000, 0x1000 }, [HEAP_ARENA] = { 0x7f0000400000, 0x240000 },
	[HEAP] = { FAKE_ARENA, 0x100000 },	    [ARENA_LIST] = { 0x7f0000800000, 0x1000 },
};

struct fake_heap {
	struct goruntime rt;
	struct mem *m;
	uint8_t *bytes[N_PARTS];
	size_t n_spans;
	uint64_t inuse;
};

const struct layout *fake_layout(int minor)
{
	for (unsigned i = 0; i < n_layouts; i++)
		if (layouts[i].minor == minor && !*layouts[i].experiment)
			return &layouts[i];
	fail_msg("no layout for 1.%d", minor);
	return NULL;
}

void fake_heap_put(struct fake_heap *h, uint64_t addr, uint64_t value, size_t n)
{
	for (int i = 0; i < N_PARTS; i++) {
		if (addr < places[i].addr || addr - places[i].addr >= places[i].n - n)
			continue;
		memcpy(h->bytes[i] + (addr - places[i].addr), &value, n); /* little-endian */
		return;
	}
	fail_msg("the fake heap has no 0x%llx", (unsigned long long)addr);
}

static void put_field(struct fake_heap *h, uint64_t base, enum layout_field f, uint64_t v, size_t n)
{
	if (layout_has(h->rt.lay, f))
		fake_heap_put(h, base + h->rt.lay->at[f], v, n);
}

static void put_slice(struct fake_heap *h, uint64_t addr, uint64_t array, uint64_t n)
{
	fake_heap_put(h, addr, array, 8);
	fake_heap_put(h, addr + 8, n, 8);
	fake_heap_put(h, addr + 16, n, 8);
}

static void put_arena(struct fake_heap *h)
{
	const uint32_t *at = h->rt.lay->at;
	uint64_t index =
		(FAKE_ARENA - (uint64_t)h->rt.lay->arena_base_offset) / at[L_HEAP_ARENA_BYTES];

	/* only the page of the index that holds the one arena exists */
	fake_heap_put(h, h->rt.at.mheap + at[L_MHEAP_ARENAS], places[ARENA_INDEX].addr - 8 * index,
		      8);
	fake_heap_put(h, places[ARENA_INDEX].addr, places[HEAP_ARENA].addr, 8);
	fake_heap_put(h, places[ARENA_LIST].addr, index, 8);
	put_slice(h, h->rt.at.mheap + at[L_MHEAP_ALL_ARENAS], places[ARENA_LIST].addr, 1);
}

struct fake_heap *fake_heap_new(const struct layout *lay)
{
	struct fake_heap *h = calloc(1, sizeof(*h));
	struct buffer_part parts[N_PARTS];
	struct err err;

	assert_non_null(h);
	for (int i = 0; i < N_PARTS; i++) {
		h->bytes[i] = calloc(1, places[i].n);
		assert_non_null(h->bytes[i]);
		parts[i] = (struct buffer_part){ .addr = places[i].addr,
						 .bytes = h->bytes[i],
						 .n = places[i].n,
						 .prot = MEM_R | MEM_W };
	}
	assert_ok(buffer_open("fake heap", parts, N_PARTS, &h->m, &err), &err);
	h->rt.lay = lay;
	h->rt.at = (struct go_globals){ .mheap = 0x500000,
					.memstats = 0x520000,
					.gc_controller = 0x524000,
					.allgs = 0x525000,
					.allglen = 0x525020,
					.allgptr = 0x525028,
					.allp = 0x525030,
					.gcphase = 0x525050 };
	put_field(h, h->rt.at.mheap, L_MHEAP_SWEEPGEN, FAKE_SWEEPGEN, 4);
	put_arena(h);
	return h;
}

void fake_heap_free(struct fake_heap *h)
{
	mem_close(h->m);
	for (int i = 0; i < N_PARTS; i++)
		free(h->bytes[i]);
	free(h);
}

const struct goruntime *fake_heap_runtime(const struct fake_heap *h)
{
	return &h->rt;
}

struct mem *fake_heap_mem(const struct fake_heap *h)
{
	return h->m;
}

static void put_header(struct fake_heap *h, uint64_t span, const struct fake_span *s)
{
	const uint32_t *at = h->rt.lay->at;
	uint64_t start = FAKE_ARENA + s->page * GO_PAGE_SIZE;

	put_field(h, span, L_MSPAN_START_ADDR, start, 8);
	put_field(h, span, L_MSPAN_NPAGES, s->npages, 8);
	put_field(h, span, L_MSPAN_ELEMSIZE, s->elemsize, 8);
	put_field(h, span, L_MSPAN_LIMIT, start + s->elemsize * s->nelems, 8);
	put_field(h, span, L_MSPAN_NELEMS, s->nelems, at[L_WIDTH_MSPAN_NELEMS]);
	put_field(h, span, L_MSPAN_ALLOC_COUNT, s->alloc_count, 2);
	put_field(h, span, L_MSPAN_SWEEPGEN, s->sweepgen, 4);
	put_field(h, span, L_MSPAN_STATE, s->state, 1);
	put_field(h, span, L_MSPAN_SPANCLASS, s->spanclass, 1);
	put_field(h, span, L_MSPAN_LARGE_TYPE, s->large_type, 8);
}

uint64_t fake_heap_add(struct fake_heap *h, const struct fake_span *s)
{
	size_t i = h->n_spans++;
	uint64_t span = places[SPANS].addr + i * h->rt.lay->at[L_SIZEOF_MSPAN];
	uint64_t bits = places[BITS].addr + i * 16;

	assert_true(i < SPANS_MAX);
	put_header(h, span, s);
	put_field(h, span, L_MSPAN_ALLOC_BITS, bits, 8);
	put_field(h, span, L_MSPAN_GCMARK_BITS, bits + 8, 8);
	fake_heap_put(h, bits, s->alloc_bits, 8);
	fake_heap_put(h, bits + 8, s->mark_bits, 8);
	fake_heap_put(h, places[ALLSPANS].addr + 8 * i, span, 8);
	put_slice(h, h->rt.at.mheap + h->rt.lay->at[L_MHEAP_ALLSPANS], places[ALLSPANS].addr,
		  h->n_spans);
	put_field(h, places[HEAP_ARENA].addr + 8 * s->page, L_HEAP_ARENA_SPANS, span, 8);
	if (s->state == h->rt.lay->at[L_MSPAN_IN_USE])
		h->inuse += s->npages * GO_PAGE_SIZE;
	return span;
}

void fake_heap_close(struct fake_heap *h, uint64_t extra)
{
	put_field(h, h->rt.at.gc_controller, L_GCC_HEAP_IN_USE, h->inuse + extra, 8);
}

void fake_heap_inline_marks(struct fake_heap *h)
{
	put_field(h, places[HEAP_ARENA].addr, L_HEAP_ARENA_PAGE_INLINE_MARKS, 1, 1);
}
