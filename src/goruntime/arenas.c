/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/arenas.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cur.h"
#include "goruntime/size_classes.h"
#include "goruntime/slice.h"

#define ARENAS_MAX (1u << 16) /* 4 TiB of heap */
#define PAGE_BITS 1024	      /* bytes of a bitmap of one bit a page */

static uint64_t arena_base(const struct layout *lay, uint64_t index)
{
	return index * lay->at[L_HEAP_ARENA_BYTES] + (uint64_t)lay->arena_base_offset;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct span64 *)a)->from, y = ((const struct span64 *)b)->from;

	return x < y ? -1 : x > y;
}

/* One of the runtime's lists of arena numbers, behind the @n that are there already. */
static int read_list(const struct goruntime *rt, struct mem *m, enum layout_field list,
		     struct span64 *out, size_t max, size_t *n, struct err *err)
{
	uint64_t bytes = rt->lay->at[L_HEAP_ARENA_BYTES];
	struct go_slice s;
	uint8_t raw[512];
	int r = go_slice_read(m, layout_addr(rt->lay, rt->at.mheap, list), 8, &s, err);

	if (r < 0)
		return r;
	if (s.len > ARENAS_MAX)
		return err_set(err, -EBADMSG, "%s: %llu heap arenas", m->name,
			       (unsigned long long)s.len);
	for (uint64_t i = 0; i < s.len; i += sizeof(raw) / 8) {
		size_t k = s.len - i < sizeof(raw) / 8 ? (size_t)(s.len - i) : sizeof(raw) / 8;

		r = mem_read(m, s.array + 8 * i, raw, 8 * k, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < k; j++) {
			uint64_t from = arena_base(rt->lay, le64(raw + 8 * j));

			if (*n < max)
				out[*n] = (struct span64){ from, from + bytes };
			++*n;
		}
	}
	return 0;
}

int goarenas_read(const struct goruntime *rt, struct mem *m, struct span64 *out, size_t max,
		  struct err *err)
{
	size_t n = 0;
	int r = read_list(rt, m, L_MHEAP_ALL_ARENAS, out, max, &n, err);

	if (r >= 0 && layout_has(rt->lay, L_MHEAP_USER_ARENAS))
		r = read_list(rt, m, L_MHEAP_USER_ARENAS, out, max, &n, err);
	if (r < 0)
		return r;
	if (n && max)
		qsort(out, n < max ? n : max, sizeof(*out), by_address);
	return (int)n;
}

/* mheap.arenas is [1<<L1]*[1<<L2]*heapArena. */
int go_heap_arena_of(const struct goruntime *rt, struct mem *m, uint64_t addr, uint64_t *ret,
		     struct err *err)
{
	const uint32_t *at = rt->lay->at;
	uint64_t index = (addr - (uint64_t)rt->lay->arena_base_offset) / at[L_HEAP_ARENA_BYTES];
	uint64_t l1 = index >> at[L_ARENA_L2_BITS], l2, arena = 0;
	int r;

	if (l1 >> at[L_ARENA_L1_BITS])
		return err_set(err, -EFAULT, "%s: 0x%llx: not in the Go heap", m->name,
			       (unsigned long long)addr);
	r = mem_u64(m, rt->at.mheap + at[L_MHEAP_ARENAS] + 8 * l1, &l2, err);
	if (r >= 0 && l2)
		r = mem_u64(m, l2 + 8 * (index & ((1ull << at[L_ARENA_L2_BITS]) - 1)), &arena, err);
	if (r >= 0 && !arena)
		r = err_set(err, -EFAULT, "%s: 0x%llx: not in the Go heap", m->name,
			    (unsigned long long)addr);
	if (r >= 0)
		*ret = arena;
	return r;
}

int go_arena_span_of(const struct goruntime *rt, struct mem *m, uint64_t addr, uint64_t *ret,
		     struct err *err)
{
	uint64_t arena, page = addr % rt->lay->at[L_HEAP_ARENA_BYTES] / GO_PAGE_SIZE;
	int r = go_heap_arena_of(rt, m, addr, &arena, err);

	return r < 0 ? r : mem_u64(m, arena + rt->lay->at[L_HEAP_ARENA_SPANS] + 8 * page, ret, err);
}

static bool any_set(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return true;
	return false;
}

/* The first small spans are made at start-up, in the first arena: few are looked at. */
int go_arenas_have_inline_marks(const struct goruntime *rt, struct mem *m, bool *ret,
				struct err *err)
{
	struct span64 arenas[8];
	uint8_t bits[PAGE_BITS];
	bool found = false;
	int n;

	if (!layout_has(rt->lay, L_HEAP_ARENA_PAGE_INLINE_MARKS) ||
	    !layout_has(rt->lay, L_INLINE_MARKS_MARKS)) {
		*ret = false;
		return 0;
	}
	n = goarenas_read(rt, m, arenas, 8, err);
	for (int i = 0; i < n && i < 8 && !found; i++) {
		uint64_t arena;
		int r = go_heap_arena_of(rt, m, arenas[i].from, &arena, err);

		if (r >= 0)
			r = mem_read(m, arena + rt->lay->at[L_HEAP_ARENA_PAGE_INLINE_MARKS], bits,
				     sizeof(bits), err);
		if (r < 0)
			return r;
		found = any_set(bits, sizeof(bits));
	}
	if (n < 0)
		return n;
	*ret = found;
	return 0;
}
