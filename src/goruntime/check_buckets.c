/* SPDX-License-Identifier: Apache-2.0 */
/* The heap profile's buckets hold the hash of their own stack. */
#include "goruntime/checks.h"

#include <string.h>

#include "base/cur.h"

#define BUCKETS_LOOKED_AT 16
#define PCS_MAX 1024 /* maxProfStackDepth */
#define RECORD_MAX 256

/* mprof.go: stkbucket. */
static uint64_t hash_of(const uint8_t *pcs, uint64_t n, uint64_t size)
{
	uint64_t h = 0;

	for (uint64_t i = 0; i <= n; i++) {
		h += i < n ? le64(pcs + 8 * i) : size;
		h += h << 10;
		h ^= h >> 6;
	}
	h += h << 3;
	return h ^ h >> 11;
}

/*
 * To 1.26 a cycle holds bytes beside counts, and they are counts times the size.
 * From 1.27 it holds counts only; where each pair of cycles looks like one of the
 * older ones, it is an older runtime.
 */
struct records {
	unsigned seen;	  /* groups of four words that are not all zero */
	unsigned matched; /* whose bytes are counts times size */
};

static void look_at_record(const uint8_t *record, size_t n, uint64_t size, struct records *s)
{
	for (; n >= 32; n -= 32, record += 32) {
		uint64_t allocs = le64(record), frees = le64(record + 8);

		if (!allocs && !frees)
			continue;
		s->seen++;
		s->matched +=
			le64(record + 16) == allocs * size && le64(record + 24) == frees * size;
	}
}

static int records_match(const struct layout *lay, const struct records *s)
{
	if (!s->seen)
		return CHECK_HOLDS; /* the hashes did */
	if (layout_has(lay, L_CYCLE_ALLOC_BYTES))
		return s->matched == s->seen ? CHECK_HOLDS : CHECK_FAILED;
	return s->matched < s->seen ? CHECK_HOLDS : CHECK_FAILED;
}

static int look_at_bucket(struct check_run *c, uint64_t b, struct records *s, uint64_t *ret_next)
{
	const uint32_t *at = c->rt->lay->at;
	uint8_t head[64], rest[PCS_MAX * 8 + RECORD_MAX];
	uint64_t nstk, size;
	int r = mem_read(c->m, b, head, at[L_SIZEOF_BUCKET], c->err);

	if (r < 0)
		return check_read_failed(r);
	nstk = le64(head + at[L_BUCKET_NSTK]);
	size = le64(head + at[L_BUCKET_SIZE]);
	if (le64(head + at[L_BUCKET_TYP]) != at[L_MEM_PROFILE] || nstk > PCS_MAX)
		return CHECK_FAILED;
	r = mem_read(c->m, b + at[L_SIZEOF_BUCKET], rest, nstk * 8 + at[L_SIZEOF_MEM_RECORD],
		     c->err);
	if (r < 0)
		return check_read_failed(r);
	*ret_next = le64(head + at[L_BUCKET_ALLNEXT]);
	look_at_record(rest + nstk * 8, at[L_SIZEOF_MEM_RECORD], size, s);
	return hash_of(rest, nstk, size) == le64(head + at[L_BUCKET_HASH]) ? CHECK_HOLDS
									   : CHECK_FAILED;
}

int check_buckets(struct check_run *c, unsigned which)
{
	const uint32_t *at = c->rt->lay->at;
	struct records records = { 0 };
	uint64_t b = 0;
	int r;

	(void)which;
	if (!c->rt->at.mbuckets || at[L_SIZEOF_BUCKET] > 64 || at[L_SIZEOF_MEM_RECORD] > RECORD_MAX)
		return CHECK_NOTHING;
	r = mem_u64(c->m, c->rt->at.mbuckets, &b, c->err);
	if (r < 0)
		return check_read_failed(r);
	if (!b)
		return CHECK_NOTHING;
	for (unsigned i = 0; b && i < BUCKETS_LOOKED_AT; i++) {
		r = look_at_bucket(c, b, &records, &b);
		if (r != CHECK_HOLDS)
			return r;
	}
	return records_match(c->rt->lay, &records);
}
