/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/counters.h"

#include <errno.h>
#include <string.h>

#include "base/cur.h"

enum base { GC_CONTROLLER, MEMSTATS, MHEAP, GCPHASE, ALLGLEN, N_BASES };

/* A range to read: from @first to the end of @last, which is @width bytes wide. */
struct range {
	enum base base;
	enum layout_field first, last;
	uint8_t width;
};

#define NO_FIELD LAYOUT_N_FIELDS

/* The pause rings of memstats, 4 KiB, lie between and are not read. */
static const struct range ranges[COUNTERS_PIECES] = {
	{ GC_CONTROLLER, L_GCC_GC_PERCENT, L_GCC_MAPPED_READY, 8 },
	{ MEMSTATS, L_MSTATS_HEAP_STATS, L_MSTATS_PAUSE_TOTAL_NS, 8 },
	{ MEMSTATS, L_MSTATS_NUMGC, L_MSTATS_LAST_GC_NANOTIME, 8 },
	{ GCPHASE, NO_FIELD, NO_FIELD, 4 },
	{ ALLGLEN, NO_FIELD, NO_FIELD, 8 },
	/* from here on not for a sample */
	{ MEMSTATS, L_MSTATS_ENABLEGC, L_MSTATS_ENABLEGC, 1 },
	{ MHEAP, L_MHEAP_SWEEPGEN, L_MHEAP_PAGES_IN_USE, 8 },
	{ MHEAP, L_MHEAP_SPANALLOC_INUSE, L_MHEAP_SPANALLOC_INUSE, 8 },
	{ MHEAP, L_MHEAP_CACHEALLOC_INUSE, L_MHEAP_CACHEALLOC_INUSE, 8 },
};

/*
 * To 1.18 memstats had the heap's counters, and heapStats behind the pause rings;
 * what lies between numgc and it is read along.
 */
static const struct range ranges_of_18[COUNTERS_PIECES] = {
	{ GC_CONTROLLER, L_GCC_GC_PERCENT, L_GCC_HEAP_MARKED, 8 },
	{ MEMSTATS, L_MSTATS_HEAP_SYS, L_MSTATS_PAUSE_TOTAL_NS, 8 },
	{ MEMSTATS, L_MSTATS_NUMGC, L_MSTATS_HEAP_STATS_GEN, 4 },
	{ GCPHASE, NO_FIELD, NO_FIELD, 4 },
	{ ALLGLEN, NO_FIELD, NO_FIELD, 8 },
	{ MEMSTATS, L_MSTATS_ENABLEGC, L_MSTATS_ENABLEGC, 1 },
	{ MHEAP, L_MHEAP_SWEEPGEN, L_MHEAP_PAGES_IN_USE, 8 },
	{ MHEAP, L_MHEAP_SPANALLOC_INUSE, L_MHEAP_SPANALLOC_INUSE, 8 },
	{ MHEAP, L_MHEAP_CACHEALLOC_INUSE, L_MHEAP_CACHEALLOC_INUSE, 8 },
};

/* A number in one of them and where it goes, 4 or 8 bytes in both. */
struct number {
	enum base base;
	enum layout_field field;
	uint16_t to;
	uint8_t width;
};

#define NUMBER(base, field, member)                                  \
	{                                                            \
		base, field, offsetof(struct go_counters, member),   \
			sizeof(((struct go_counters *)NULL)->member) \
	}

static const struct number numbers[] = {
	NUMBER(GC_CONTROLLER, L_GCC_GC_PERCENT, gogc),
	NUMBER(GC_CONTROLLER, L_GCC_MEMORY_LIMIT, memory_limit),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_MINIMUM, heap_minimum),
	NUMBER(GC_CONTROLLER, L_GCC_GC_PERCENT_HEAP_GOAL, gc_percent_heap_goal),
	NUMBER(GC_CONTROLLER, L_GCC_SWEEP_DIST_MIN_TRIGGER, sweep_dist_min_trigger),
	NUMBER(GC_CONTROLLER, L_GCC_TRIGGERED, triggered),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_LIVE, heap_live),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_MARKED, heap_marked),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_IN_USE, heap_in_use),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_RELEASED, heap_released),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_FREE, heap_free),
	NUMBER(GC_CONTROLLER, L_GCC_TOTAL_ALLOC, total_alloc),
	NUMBER(GC_CONTROLLER, L_GCC_TOTAL_FREE, total_free),
	NUMBER(GC_CONTROLLER, L_GCC_MAPPED_READY, mapped_ready),
	NUMBER(GC_CONTROLLER, L_GCC_HEAP_GOAL, gc_percent_heap_goal),
	NUMBER(MEMSTATS, L_MSTATS_HEAP_SYS, heap_sys),
	NUMBER(MEMSTATS, L_MSTATS_HEAP_INUSE, heap_in_use),
	NUMBER(MEMSTATS, L_MSTATS_HEAP_RELEASED, heap_released),
	NUMBER(MEMSTATS, L_MSTATS_STACKS_SYS, stacks_sys),
	NUMBER(MEMSTATS, L_MSTATS_MSPAN_SYS, mspan_sys),
	NUMBER(MEMSTATS, L_MSTATS_MCACHE_SYS, mcache_sys),
	NUMBER(MEMSTATS, L_MSTATS_BUCKHASH_SYS, buckhash_sys),
	NUMBER(MEMSTATS, L_MSTATS_GC_MISC_SYS, gc_misc_sys),
	NUMBER(MEMSTATS, L_MSTATS_OTHER_SYS, other_sys),
	NUMBER(MEMSTATS, L_MSTATS_LAST_GC_UNIX, last_gc_unix),
	NUMBER(MEMSTATS, L_MSTATS_PAUSE_TOTAL_NS, pause_total_ns),
	NUMBER(MEMSTATS, L_MSTATS_NUMGC, num_gc),
	NUMBER(MEMSTATS, L_MSTATS_NUMFORCEDGC, num_forced_gc),
	NUMBER(MEMSTATS, L_MSTATS_GC_CPU_FRACTION, gc_cpu_fraction),
	NUMBER(MEMSTATS, L_MSTATS_LAST_GC_NANOTIME, last_gc_nanotime),
	NUMBER(MEMSTATS, L_MSTATS_ENABLEGC, enable_gc),
	NUMBER(MHEAP, L_MHEAP_SWEEPGEN, sweepgen),
	NUMBER(MHEAP, L_MHEAP_PAGES_IN_USE, pages_in_use),
	NUMBER(MHEAP, L_MHEAP_SPANALLOC_INUSE, spans_inuse_bytes),
	NUMBER(MHEAP, L_MHEAP_CACHEALLOC_INUSE, mcache_inuse_bytes),
	NUMBER(GCPHASE, NO_FIELD, gcphase),
	NUMBER(ALLGLEN, NO_FIELD, allglen),
};

/* As numbers[], in each heapStatsDelta, summed; the offset is within the delta. */
static const struct number delta_numbers[] = {
	NUMBER(MEMSTATS, L_DELTA_COMMITTED, committed),
	NUMBER(MEMSTATS, L_DELTA_RELEASED, released),
	NUMBER(MEMSTATS, L_DELTA_IN_HEAP, in_heap),
	NUMBER(MEMSTATS, L_DELTA_IN_STACKS, in_stacks),
	NUMBER(MEMSTATS, L_DELTA_IN_WORK_BUFS, in_work_bufs),
	NUMBER(MEMSTATS, L_DELTA_IN_PTR_SCALAR_BITS, in_ptr_scalar_bits),
	NUMBER(MEMSTATS, L_DELTA_TINY_ALLOC_COUNT, tiny_allocs),
	NUMBER(MEMSTATS, L_DELTA_LARGE_ALLOC, large_alloc),
	NUMBER(MEMSTATS, L_DELTA_LARGE_ALLOC_COUNT, large_allocs),
	NUMBER(MEMSTATS, L_DELTA_LARGE_FREE, large_free),
	NUMBER(MEMSTATS, L_DELTA_LARGE_FREE_COUNT, large_frees),
};

#define GENERATIONS 3

static uint64_t base_of(const struct goruntime *rt, enum base base)
{
	const uint64_t bases[N_BASES] = {
		[GC_CONTROLLER] = rt->at.gc_controller,
		[MEMSTATS] = rt->at.memstats,
		[MHEAP] = rt->at.mheap,
		[GCPHASE] = rt->at.gcphase,
		[ALLGLEN] = rt->at.allglen,
	};

	return bases[base];
}

static uint64_t address_of(const struct goruntime *rt, enum base base, enum layout_field field)
{
	return base_of(rt, base) + (field == NO_FIELD ? 0 : rt->lay->at[field]);
}

int go_counters_prepare(const struct goruntime *rt, bool sample, struct go_counters_raw *raw,
			struct err *err)
{
	size_t used = 0, n = sample ? COUNTERS_SAMPLE_PIECES : COUNTERS_PIECES;

	for (size_t i = 0; i < n; i++) {
		const struct range *r = go_counters_of_18(rt->lay) ? &ranges_of_18[i] : &ranges[i];
		uint64_t from = address_of(rt, r->base, r->first);
		uint64_t len = address_of(rt, r->base, r->last) + r->width - from;

		if (len > sizeof(raw->bytes) - used)
			return err_set(err, -ENOTSUP, "%s: the runtime's counters are too large",
				       rt->lay->name);
		raw->pieces[i] = (struct mem_piece){ .addr = from,
						     .dst = raw->bytes + used,
						     .len = (size_t)len };
		used += (size_t)len;
	}
	raw->n_pieces = n;
	return 0;
}

/* Where the @len bytes at @addr were read to; NULL if they were not. */
static const uint8_t *raw_at(const struct go_counters_raw *raw, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < raw->n_pieces; i++) {
		const struct mem_piece *p = &raw->pieces[i];
		uint64_t in = addr - p->addr;

		if (in < p->len && len <= p->len - in)
			return (const uint8_t *)p->dst + in;
	}
	return NULL;
}

static void decode_deltas(const struct goruntime *rt, const struct go_counters_raw *raw,
			  struct go_counters *ret)
{
	const uint32_t *at = rt->lay->at;
	const uint8_t *delta = raw_at(raw, address_of(rt, MEMSTATS, L_MSTATS_HEAP_STATS),
				      (size_t)at[L_SIZEOF_HEAP_STATS_DELTA] * GENERATIONS);

	for (int g = 0; delta && g < GENERATIONS; g++, delta += at[L_SIZEOF_HEAP_STATS_DELTA]) {
		for (size_t i = 0; i < sizeof(delta_numbers) / sizeof(delta_numbers[0]); i++) {
			const struct number *n = &delta_numbers[i];
			uint64_t *sum = (uint64_t *)((char *)ret + n->to);

			if (layout_has(rt->lay, n->field))
				*sum += le64(delta + at[n->field]);
		}
		for (unsigned c = 0; c < GO_SIZE_CLASSES; c++) {
			ret->small_allocs[c] += le64(delta + at[L_DELTA_SMALL_ALLOC_COUNT] + 8 * c);
			ret->small_frees[c] += le64(delta + at[L_DELTA_SMALL_FREE_COUNT] + 8 * c);
		}
	}
}

/* What 1.18 does not keep but follows from what it keeps, or is as if it were set so. */
static void derive(struct go_counters *c)
{
	struct go_heap_totals t = go_counters_totals(c);

	c->heap_free = c->heap_sys - c->heap_in_use - c->heap_released;
	c->total_alloc = t.alloc_bytes;
	c->total_free = t.free_bytes;
	c->mapped_ready = go_counters_mapped(c) - c->heap_released;
	c->memory_limit = INT64_MAX; /* it knows none */
	c->triggered = UINT64_MAX;
}

void go_counters_decode(const struct goruntime *rt, const struct go_counters_raw *raw,
			struct go_counters *ret)
{
	*ret = (struct go_counters){ 0 };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		const uint8_t *p = NULL;

		if (n->field == NO_FIELD || layout_has(rt->lay, n->field))
			p = raw_at(raw, address_of(rt, n->base, n->field), n->width);
		if (p) /* both sides are little-endian */
			memcpy((char *)ret + n->to, p, n->width);
	}
	decode_deltas(rt, raw, ret);
	if (go_counters_of_18(rt->lay))
		derive(ret);
}

int go_counters_read(const struct goruntime *rt, struct mem *m, struct go_counters *ret,
		     struct err *err)
{
	struct go_counters_raw raw;
	int r = go_counters_prepare(rt, false, &raw, err);

	if (r >= 0)
		r = mem_readv(m, raw.pieces, raw.n_pieces, err);
	for (size_t i = 0; r >= 0 && i < raw.n_pieces; i++)
		if (!raw.pieces[i].ok)
			r = err_set(err, -EFAULT,
				    "%s: 0x%llx: the runtime's counters cannot be read", m->name,
				    (unsigned long long)raw.pieces[i].addr);
	if (r >= 0)
		go_counters_decode(rt, &raw, ret);
	return r < 0 ? r : 0;
}

struct go_heap_totals go_counters_totals(const struct go_counters *c)
{
	struct go_heap_totals t = {
		.alloc_bytes = c->large_alloc,
		.free_bytes = c->large_free,
		.allocs = c->large_allocs + c->tiny_allocs,
		.frees = c->large_frees + c->tiny_allocs,
	};

	for (unsigned i = 0; i < GO_SIZE_CLASSES; i++) {
		t.alloc_bytes += c->small_allocs[i] * go_class_to_size[i];
		t.free_bytes += c->small_frees[i] * go_class_to_size[i];
		t.allocs += c->small_allocs[i];
		t.frees += c->small_frees[i];
	}
	return t;
}

uint64_t go_counters_metadata(const struct go_counters *c)
{
	return c->mspan_sys + c->mcache_sys + c->buckhash_sys + c->gc_misc_sys + c->other_sys +
	       c->in_work_bufs + c->in_ptr_scalar_bits;
}

uint64_t go_counters_mapped(const struct go_counters *c)
{
	return c->heap_in_use + c->heap_free + c->heap_released + c->stacks_sys + c->in_stacks +
	       go_counters_metadata(c);
}
