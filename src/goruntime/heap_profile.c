/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/heap_profile.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cur.h"
#include "goruntime/go_exp.h"
#include "goruntime/windows.h"

/* Cycles whose events are not published yet: C, C+1 and C+2 (memRecord.future). */
#define FUTURES 3
#define TRIES 3

/* What stands at one place of the list, as it was read. */
struct raw_bucket {
	uint64_t next, typ, hash, size, nstk;
	const uint8_t *stk, *record; /* in the window, until its next read */
};

/* The variables that the profile hangs on. */
struct globals {
	int64_t rate;	/* MemProfileRate */
	uint64_t head;	/* mbuckets */
	uint32_t cycle; /* mProfCycle: bit 0 is a flag */
};

struct walk {
	const struct layout *lay;
	struct windows *ws;
	struct arena *a;
	uint32_t cycle;
	size_t max;
	struct buf found; /* of struct heap_bucket */
	struct heap_profile *p;
};

/* As stkbucket(): Bob Jenkins's one-at-a-time over the words. */
static uint64_t stack_hash(const uint8_t *stk, uint64_t nstk, uint64_t size)
{
	uint64_t h = 0;

	for (uint64_t i = 0; i <= nstk; i++) {
		h += i < nstk ? le64(stk + 8 * i) : size;
		h += h << 10;
		h ^= h >> 6;
	}
	h += h << 3;
	return h ^ h >> 11;
}

static bool counts_fit(const struct heap_counts *c)
{
	return c->alloc_objects >= 0 && c->free_objects >= 0 && c->alloc_bytes >= 0 &&
	       c->free_bytes >= 0;
}

/* From 1.27 a cycle has no bytes: they are objects x size. False when that overflows. */
static bool cycle_at(const struct walk *w, const struct raw_bucket *b, uint64_t offset,
		     struct heap_counts *ret)
{
	const uint8_t *c = b->record + offset;

	ret->alloc_objects = (int64_t)le64(c + w->lay->at[L_CYCLE_ALLOCS]);
	ret->free_objects = (int64_t)le64(c + w->lay->at[L_CYCLE_FREES]);
	if (layout_has(w->lay, L_CYCLE_ALLOC_BYTES)) {
		ret->alloc_bytes = (int64_t)le64(c + w->lay->at[L_CYCLE_ALLOC_BYTES]);
		ret->free_bytes = (int64_t)le64(c + w->lay->at[L_CYCLE_FREE_BYTES]);
		return counts_fit(ret);
	}
	return b->size <= INT64_MAX &&
	       !__builtin_mul_overflow(ret->alloc_objects, (int64_t)b->size, &ret->alloc_bytes) &&
	       !__builtin_mul_overflow(ret->free_objects, (int64_t)b->size, &ret->free_bytes) &&
	       counts_fit(ret);
}

static bool add_counts(struct heap_counts *sum, const struct heap_counts *c)
{
	return !__builtin_add_overflow(sum->alloc_objects, c->alloc_objects, &sum->alloc_objects) &&
	       !__builtin_add_overflow(sum->free_objects, c->free_objects, &sum->free_objects) &&
	       !__builtin_add_overflow(sum->alloc_bytes, c->alloc_bytes, &sum->alloc_bytes) &&
	       !__builtin_add_overflow(sum->free_bytes, c->free_bytes, &sum->free_bytes);
}

/*
 * Read beside the program's own writes, a free may be seen without its
 * allocation; nothing is in use then, not less than nothing.
 */
static void clamp_frees(struct heap_counts *c)
{
	if (c->free_objects > c->alloc_objects)
		c->free_objects = c->alloc_objects;
	if (c->free_bytes > c->alloc_bytes)
		c->free_bytes = c->alloc_bytes;
}

/*
 * MemProfile() first adds cycle C to what is published (no change if that was
 * done). The latest view has all three.
 */
static bool counts_of(const struct walk *w, const struct raw_bucket *b, struct heap_bucket *ret)
{
	uint64_t size = w->lay->at[L_SIZEOF_MEM_RECORD_CYCLE];
	struct heap_counts c;

	if (!cycle_at(w, b, w->lay->at[L_MEM_RECORD_ACTIVE], &ret->published))
		return false;
	ret->latest = ret->published;
	for (uint32_t i = 0; i < FUTURES; i++) {
		if (!cycle_at(w, b, w->lay->at[L_MEM_RECORD_FUTURE] + i * size, &c) ||
		    !add_counts(&ret->latest, &c))
			return false;
		if (i == w->cycle % FUTURES && !add_counts(&ret->published, &c))
			return false;
	}
	clamp_frees(&ret->published);
	clamp_frees(&ret->latest);
	return true;
}

/* False when the header is no bucket's; @ret->next is set in any case. */
static int read_bucket(const struct walk *w, uint64_t addr, struct raw_bucket *ret, bool *sane,
		       struct err *err)
{
	const struct layout *lay = w->lay;
	uint64_t head = lay->at[L_SIZEOF_BUCKET], stack;
	const uint8_t *p;
	int r = windows_at(w->ws, addr, head, &p, err);

	if (r < 0)
		return r;
	*ret = (struct raw_bucket){
		.next = le64(p + lay->at[L_BUCKET_ALLNEXT]),
		.typ = le64(p + lay->at[L_BUCKET_TYP]),
		.hash = le64(p + lay->at[L_BUCKET_HASH]),
		.size = le64(p + lay->at[L_BUCKET_SIZE]),
		.nstk = le64(p + lay->at[L_BUCKET_NSTK]),
	};
	*sane = ret->typ == lay->at[L_MEM_PROFILE] && ret->nstk <= lay->at[L_MAX_PROF_STACK_DEPTH];
	if (!*sane)
		return 0;
	stack = ret->nstk * 8;
	r = windows_at(w->ws, addr, head + stack + lay->at[L_SIZEOF_MEM_RECORD], &p, err);
	if (r < 0)
		return r;
	ret->stk = p + head;
	ret->record = ret->stk + stack;
	return 0;
}

/* 0 also when the bucket was left out. */
static int add_bucket(struct walk *w, const struct raw_bucket *raw, struct err *err)
{
	struct heap_bucket b = { .size = raw->size, .n_pcs = (uint32_t)raw->nstk };
	uint64_t *pcs;

	if (stack_hash(raw->stk, raw->nstk, raw->size) != raw->hash || !counts_of(w, raw, &b)) {
		w->p->bad++;
		return 0;
	}
	pcs = arena_new_array(w->a, uint64_t, raw->nstk);
	if (!pcs)
		return err_set(err, -ENOMEM, "heap profile: out of memory");
	for (uint64_t i = 0; i < raw->nstk; i++)
		pcs[i] = le64(raw->stk + 8 * i);
	b.pcs = pcs;
	buf_add(&w->found, &b, sizeof(b));
	if (w->found.failed)
		return err_set(err, w->found.failed == -ENOMEM ? -ENOMEM : -E2BIG,
			       "heap profile: more than %zu buckets", w->max);
	return 0;
}

/*
 * Brent's way to see a loop: a mark is left at each power of two steps; whoever
 * comes back to it goes round.
 */
static int walk_list(struct walk *w, uint64_t head, struct err *err)
{
	uint64_t mark = 0;

	for (uint64_t addr = head, steps = 1; addr; steps++) {
		struct raw_bucket b;
		bool sane;
		int r = read_bucket(w, addr, &b, &sane, err);

		if (r == -EFAULT && addr != head) {
			w->p->cut = true;
			return 0;
		}
		if (r < 0)
			return r;
		if (sane)
			r = add_bucket(w, &b, err);
		else
			w->p->bad++;
		if (r < 0)
			return r;
		if (w->p->bad > w->max)
			return err_set(err, -E2BIG, "heap profile: more than %zu buckets", w->max);
		if (b.next == mark && mark)
			return err_set(err, -EBADMSG,
				       "heap profile: the list of buckets is a loop");
		if (!(steps & (steps - 1)))
			mark = addr;
		addr = b.next;
	}
	return 0;
}

/* No collection yet: MemProfile() then adds up all cycles. */
static void publish_all_if_nothing_is(struct heap_bucket *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (b[i].published.alloc_objects || b[i].published.free_objects)
			return;
	}
	for (size_t i = 0; i < n; i++)
		b[i].published = b[i].latest;
}

static int keep_found(struct walk *w, struct err *err)
{
	struct heap_profile *p = w->p;

	p->n = w->found.n / sizeof(struct heap_bucket);
	p->buckets = arena_new_array(w->a, struct heap_bucket, p->n ? p->n : 1);
	if (!p->buckets)
		return err_set(err, -ENOMEM, "heap profile: out of memory");
	if (p->n)
		memcpy(p->buckets, w->found.p, p->n * sizeof(struct heap_bucket));
	publish_all_if_nothing_is(p->buckets, p->n);
	return 0;
}

/* One pass; *cycle is mProfCycle as it was before. */
static int walk_once(const struct goruntime *rt, struct mem *m, size_t max, struct arena *a,
		     uint64_t head, uint32_t cycle, struct heap_profile *p, struct err *err)
{
	WINDOWS_OVER(ws, m);
	struct walk w = { .lay = rt->lay,
			  .ws = &ws,
			  .a = a,
			  .cycle = cycle >> 1, /* bit 0: flushed */
			  .max = max,
			  .p = p };
	size_t bytes;
	int r;

	if (__builtin_mul_overflow(max, sizeof(struct heap_bucket), &bytes))
		return err_set(err, -E2BIG, "heap profile: more than %zu buckets", max);
	buf_init(&w.found, bytes);
	p->cycle = w.cycle;
	r = walk_list(&w, head, err);
	if (r >= 0)
		r = keep_found(&w, err);
	buf_release(&w.found);
	return r;
}

/* The linker drops profiling from programs that cannot ask for it (cmd/link:
 * disableMemoryProfiling). */
static int no_profile(const struct goruntime *rt, int64_t rate, struct err *err)
{
	struct image_func f;

	if (!image_func_named(rt->img, "runtime.MemProfile", &f) &&
	    !image_func_named(rt->img, "runtime.memProfileInternal", &f))
		return err_set(err, -ENODATA,
			       "heap profiling is off: the program does not use it, so the linker "
			       "left it out (it imports neither net/http/pprof nor runtime/pprof)");
	if (rate <= 0)
		return err_set(err, -ENODATA,
			       "heap profiling is off: runtime.MemProfileRate is %lld",
			       (long long)rate);
	return err_set(err, -ENODATA, "heap profile is empty: no allocation was sampled yet");
}

/* To 1.18 mProf is a struct: the cycle, then whether it was flushed. */
static int read_cycle(const struct goruntime *rt, struct mem *m, uint32_t *ret, struct err *err)
{
	uint64_t both;
	int r;

	if (rt->lay->minor > 18)
		return mem_u32(m, rt->at.mprof_cycle, ret, err);
	r = mem_u64(m, rt->at.mprof_cycle, &both, err);
	if (r >= 0)
		*ret = (uint32_t)both << 1 | (both >> 32 & 1);
	return r;
}

static int read_globals(const struct goruntime *rt, struct mem *m, struct globals *ret,
			struct err *err)
{
	uint64_t rate;
	int r;

	if (!rt->at.mbuckets || !rt->at.mprof_cycle || !rt->at.mem_profile_rate)
		return err_set(err, -ENOTSUP,
			       "heap profile: the runtime's variables were not found");
	r = mem_u64(m, rt->at.mem_profile_rate, &rate, err);
	if (r < 0)
		return r;
	ret->rate = (int64_t)rate;
	r = read_cycle(rt, m, &ret->cycle, err);
	if (r < 0)
		return r;
	return mem_u64(m, rt->at.mbuckets, &ret->head, err);
}

/* *moved: another collection ended meanwhile. */
static int read_once(const struct goruntime *rt, struct mem *m, size_t max_buckets, struct arena *a,
		     struct heap_profile *p, bool *moved, struct err *err)
{
	struct globals g = { 0 };
	uint32_t after = 0;
	int r = read_globals(rt, m, &g, err);

	if (r < 0)
		return r;
	/* With the rate 0 a bucket or two may be left of the time before it was set. */
	if (!g.head || g.rate <= 0)
		return no_profile(rt, g.rate, err);
	*p = (struct heap_profile){ .rate = g.rate };
	r = walk_once(rt, m, max_buckets, a, g.head, g.cycle, p, err);
	if (r < 0)
		return r;
	r = read_cycle(rt, m, &after, err);
	*moved = after != g.cycle;
	return r;
}

int heap_profile_read(const struct goruntime *rt, struct mem *m, size_t max_buckets,
		      struct arena *a, struct heap_profile *ret, struct err *err)
{
	struct heap_profile p = { 0 };
	bool moved = true;

	for (int try = 0; try < TRIES && moved; try++) {
		int r = read_once(rt, m, max_buckets, a, &p, &moved, err);

		if (r < 0)
			return r;
	}
	p.torn = moved;
	*ret = p;
	return 0;
}

/* As Go's conversion on amd64 where the value does not fit. */
static int64_t truncate_to_i64(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

void heap_scale(int64_t count, int64_t bytes, int64_t rate, int64_t *ret_count, int64_t *ret_bytes)
{
	double mean, scale;

	*ret_count = count;
	*ret_bytes = bytes;
	if (!count || !bytes) {
		*ret_count = 0;
		*ret_bytes = 0;
		return;
	}
	if (rate <= 1)
		return;
	mean = (double)bytes / (double)count;
	scale = 1 / (1 - go_exp(-mean / (double)rate));
	*ret_count = truncate_to_i64((double)count * scale);
	*ret_bytes = truncate_to_i64((double)bytes * scale);
}
