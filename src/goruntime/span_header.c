/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/span_header.h"

#include "base/cur.h"

#define PAGES_MAX (1ull << 34) /* 128 TiB, all that amd64's user space has */

uint32_t span_header_len(const struct layout *lay)
{
	static const enum layout_field last[] = { L_MSPAN_LIMIT, L_MSPAN_SPECIALS,
						  L_MSPAN_LARGE_TYPE };
	uint32_t end = 0;

	for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++) {
		if (layout_has(lay, last[i]) && lay->at[last[i]] + 8 > end)
			end = lay->at[last[i]] + 8;
	}
	return end;
}

static uint64_t wide_or_narrow(const uint8_t *p, uint32_t width)
{
	return width == 8 ? le64(p) : le16(p);
}

void span_header_decode(const struct layout *lay, const uint8_t *p, struct span_header *ret)
{
	const uint32_t *at = lay->at;

	*ret = (struct span_header){
		.start = le64(p + at[L_MSPAN_START_ADDR]),
		.npages = le64(p + at[L_MSPAN_NPAGES]),
		.elemsize = le64(p + at[L_MSPAN_ELEMSIZE]),
		.limit = le64(p + at[L_MSPAN_LIMIT]),
		.nelems = wide_or_narrow(p + at[L_MSPAN_NELEMS], at[L_WIDTH_MSPAN_NELEMS]),
		.freeindex = wide_or_narrow(p + at[L_MSPAN_FREEINDEX], at[L_WIDTH_MSPAN_FREEINDEX]),
		.alloc_bits = le64(p + at[L_MSPAN_ALLOC_BITS]),
		.gcmark_bits = le64(p + at[L_MSPAN_GCMARK_BITS]),
		.specials = le64(p + at[L_MSPAN_SPECIALS]),
		.large_type =
			layout_has(lay, L_MSPAN_LARGE_TYPE) ? le64(p + at[L_MSPAN_LARGE_TYPE]) : 0,
		.sweepgen = le32(p + at[L_MSPAN_SWEEPGEN]),
		.alloc_count = le16(p + at[L_MSPAN_ALLOC_COUNT]),
		.alloc_count_before_cache = layout_has(lay, L_MSPAN_ALLOC_COUNT_BEFORE_CACHE)
						    ? le16(p + at[L_MSPAN_ALLOC_COUNT_BEFORE_CACHE])
						    : 0,
		.state = p[at[L_MSPAN_STATE]],
		.spanclass = p[at[L_MSPAN_SPANCLASS]],
		.user_arena = layout_has(lay, L_MSPAN_IS_USER_ARENA_CHUNK) &&
			      p[at[L_MSPAN_IS_USER_ARENA_CHUNK]] != 0,
	};
}

static bool place_is_sane(const struct span_header *s)
{
	return s->start && s->start % GO_PAGE_SIZE == 0 && s->npages && s->npages <= PAGES_MAX &&
	       s->start <= UINT64_MAX - span_bytes(s);
}

/* A large object fills its span; a user arena's chunk leaves room for its bitmap. */
static bool large_is_sane(const struct span_header *s)
{
	if (s->nelems != 1)
		return false;
	return s->user_arena ? s->elemsize <= span_bytes(s) : s->elemsize == span_bytes(s);
}

bool span_header_is_sane(const struct layout *lay, const struct span_header *s)
{
	unsigned class = span_size_class(s);

	if (s->state == lay->at[L_MSPAN_DEAD])
		return true;
	if (s->state == lay->at[L_MSPAN_MANUAL])
		return place_is_sane(s);
	if (s->state != lay->at[L_MSPAN_IN_USE] || !place_is_sane(s) || class >= GO_SIZE_CLASSES)
		return false;
	if (s->limit <= s->start || s->limit - s->start > span_bytes(s) ||
	    s->alloc_count > s->nelems || s->freeindex > s->nelems)
		return false;
	if (!class)
		return large_is_sane(s);
	return s->elemsize == go_class_to_size[class] && s->nelems <= span_bytes(s) / s->elemsize;
}

enum span_sweep span_sweep_of(const struct span_header *s, uint32_t h)
{
	switch (s->sweepgen - h) {
	case (uint32_t)-2:
	case 1:
		return SPAN_UNSWEPT;
	case (uint32_t)-1:
		return SPAN_SWEEPING;
	case 0:
	case 3:
		return SPAN_SWEPT;
	default:
		return SPAN_TORN;
	}
}
