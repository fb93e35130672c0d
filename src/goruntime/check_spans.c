/* SPDX-License-Identifier: Apache-2.0 */
/* Span headers: a sample of allspans, the arenas' own index of them, and the mcaches' spans. */
#include "goruntime/checks.h"

#include <string.h>

#include "base/cur.h"
#include "goruntime/arenas.h"
#include "goruntime/slice.h"
#include "goruntime/span_header.h"

#define SAMPLE 96
#define BY_INDEX_MAX 16 /* of the sample, looked up in the arenas' index */
#define SPAN_CLASSES (GO_SIZE_CLASSES * 2)

struct sample {
	const struct layout *lay;
	struct span_header s[SPAN_CLASSES];
	bool read[SPAN_CLASSES];
};
_Static_assert(SAMPLE <= SPAN_CLASSES, "one struct for both");

static void take_header(void *arg, uint32_t tag, const uint8_t *p)
{
	struct sample *s = arg;

	s->read[tag] = p != NULL;
	if (p)
		span_header_decode(s->lay, p, &s->s[tag]);
}

static int read_headers(struct check_run *c, const uint64_t *spans, size_t n, struct sample *ret)
{
	struct gather_want wants[SPAN_CLASSES];

	memset(ret, 0, sizeof(*ret));
	ret->lay = c->rt->lay;
	for (size_t i = 0; i < n; i++)
		wants[i] = (struct gather_want){ spans[i], span_header_len(ret->lay), (uint32_t)i };
	return gather_read(c->gather, c->m, wants, n, take_header, ret, c->err);
}

/* Up to SAMPLE entries of allspans: the first, some of the middle and the last. */
static int sample_allspans(struct check_run *c, uint64_t spans[SAMPLE], size_t *ret_n)
{
	struct go_slice all;
	uint8_t raw[SAMPLE / 3 * 8];
	uint64_t starts[3];
	size_t per_part = SAMPLE / 3, n = 0;
	int r = go_slice_read(c->m, layout_addr(c->rt->lay, c->rt->at.mheap, L_MHEAP_ALLSPANS), 8,
			      &all, c->err);

	if (r < 0)
		return r;
	if (all.len < SAMPLE)
		per_part = all.len < SAMPLE / 3 ? (size_t)all.len : SAMPLE / 3;
	starts[0] = 0;
	starts[1] = all.len / 2 - (all.len / 2 < per_part ? all.len / 2 : per_part / 2);
	starts[2] = all.len - per_part;
	for (int part = 0; part < 3; part++) {
		r = mem_read(c->m, all.array + starts[part] * 8, raw, per_part * 8, c->err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < per_part; i++)
			spans[n++] = le64(raw + 8 * i);
	}
	*ret_n = n;
	return 0;
}

/* The arena's table of spans leads back to the span whose page it is. */
static int index_agrees(struct check_run *c, const struct span_header *s, uint64_t span)
{
	uint64_t found;
	int r = go_arena_span_of(c->rt, c->m, s->start, &found, c->err);

	if (r < 0)
		return check_read_failed(r);
	return found == span ? CHECK_HOLDS : CHECK_FAILED;
}

/* The allocators of spans and caches know how large theirs are. */
static int sizes_agree(struct check_run *c)
{
	const uint32_t *at = c->rt->lay->at;
	uint64_t span = 0, mcache = 0;
	int r = mem_u64(c->m, c->rt->at.mheap + at[L_MHEAP_SPANALLOC_ELEM], &span, c->err);

	if (r >= 0)
		r = mem_u64(c->m, c->rt->at.mheap + at[L_MHEAP_CACHEALLOC_ELEM], &mcache, c->err);
	if (r < 0)
		return check_read_failed(r);
	return span == at[L_SIZEOF_MSPAN] && mcache == at[L_SIZEOF_MCACHE] ? CHECK_HOLDS
									   : CHECK_FAILED;
}

int check_span_headers(struct check_run *c, unsigned which)
{
	uint64_t spans[SAMPLE];
	struct sample sample;
	size_t n = 0, in_use = 0;
	int r = sample_allspans(c, spans, &n);

	(void)which;
	if (r >= 0)
		r = read_headers(c, spans, n, &sample);
	if (r < 0)
		return check_read_failed(r);
	r = sizes_agree(c);
	if (r != CHECK_HOLDS)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct span_header *s = &sample.s[i];

		if (!sample.read[i] || !span_header_is_sane(c->rt->lay, s))
			return CHECK_FAILED;
		if (s->state != c->rt->lay->at[L_MSPAN_IN_USE] || in_use++ >= BY_INDEX_MAX)
			continue;
		r = index_agrees(c, s, spans[i]);
		if (r != CHECK_HOLDS)
			return r;
	}
	return in_use ? CHECK_HOLDS : CHECK_FAILED;
}

/* alloc[i] is a span of class i, or the one empty span, which has no pages. */
static bool cached_is_sane(const struct layout *lay, const struct span_header *s, unsigned class)
{
	if (!s->npages)
		return !s->start && !s->alloc_count;
	return s->state == lay->at[L_MSPAN_IN_USE] && s->spanclass == class &&
	       span_header_is_sane(lay, s) &&
	       (!layout_has(lay, L_MSPAN_ALLOC_COUNT_BEFORE_CACHE) ||
		s->alloc_count_before_cache <= s->alloc_count);
}

/* The first P's cache: 136 spans. */
int check_mcaches(struct check_run *c, unsigned which)
{
	const struct layout *lay = c->rt->lay;
	struct go_slice allp;
	struct sample sample;
	uint8_t raw[SPAN_CLASSES * 8];
	uint64_t spans[SPAN_CLASSES], p = 0, mcache = 0;
	int r = go_slice_read(c->m, c->rt->at.allp, 8, &allp, c->err);

	(void)which;
	if (r >= 0)
		r = mem_u64(c->m, allp.array, &p, c->err);
	if (r >= 0)
		r = mem_u64(c->m, p + lay->at[L_P_MCACHE], &mcache, c->err);
	if (r >= 0)
		r = mem_read(c->m, mcache + lay->at[L_MCACHE_ALLOC], raw, sizeof(raw), c->err);
	for (unsigned i = 0; r >= 0 && i < SPAN_CLASSES; i++)
		spans[i] = le64(raw + 8 * i);
	if (r >= 0)
		r = read_headers(c, spans, SPAN_CLASSES, &sample);
	if (r < 0)
		return check_read_failed(r);
	for (unsigned i = 0; i < SPAN_CLASSES; i++)
		if (!sample.read[i] || !cached_is_sane(lay, &sample.s[i], i))
			return CHECK_FAILED;
	return CHECK_HOLDS;
}
