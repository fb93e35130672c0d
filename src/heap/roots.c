/* SPDX-License-Identifier: Apache-2.0 */
/* The words outside of the heap that hold pointers into it: segments, stacks, specials. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cur.h"
#include "goruntime/g_read.h"
#include "heap/copied.h"

#define GOROUTINES_MAX (UINT32_C(1) << 23)
#define STACK_MAX ((uint64_t)1 << 30)
#define SEGMENT_MAX ((uint64_t)1 << 30)
#define SPECIALS_MAX (UINT32_C(1) << 22)
#define SPECIAL_BYTES 128u
#define BATCH 4096u

static int add_range(struct heap_copy *c, uint64_t from, uint64_t to, const uint8_t *mem)
{
	c->ranges[c->n_ranges++] = (struct heap_range){ from, to, mem };
	return 0;
}

/* runtime.bitvector {n int32; bytedata *uint8} at @at: a bit a word of the segment. */
static uint8_t *read_mask(struct mem *m, uint64_t at, uint64_t bytes, uint64_t *words)
{
	uint64_t n = 0, data = 0;
	uint8_t head[16], *mask;
	struct err err;

	*words = 0;
	if (!at || mem_read(m, at, head, sizeof(head), &err) < 0)
		return NULL;
	n = le32(head);
	data = le64(head + 8);
	if (!n || n > bytes / 8 + 1)
		return NULL;
	mask = malloc((size_t)(n / 8 + 1));
	if (mask && mem_read(m, data, mask, (size_t)((n + 7) / 8), &err) < 0) {
		free(mask);
		return NULL;
	}
	if (mask)
		*words = n;
	return mask;
}

static void read_segment(struct heap_copy *c, struct mem *m, struct span64 at, uint64_t mask_at,
			 struct heap_range *seg, uint8_t **mask, uint64_t *words)
{
	const uint8_t *p;

	if (at.to <= at.from || at.to - at.from > SEGMENT_MAX)
		return;
	p = heap_take(c, m, at.from, at.to - at.from);
	if (!p)
		return;
	*seg = (struct heap_range){ at.from, at.to, p };
	*mask = read_mask(m, mask_at, at.to - at.from, words);
	add_range(c, at.from, at.to, p);
}

static int read_goroutines(struct heap_copy *c, const struct goruntime *rt, struct mem *m,
			   struct g **ret, uint32_t *n, struct err *err)
{
	_cleanup_(free_ptr) uint64_t *addrs = NULL;
	_cleanup_(free_ptr) struct g *v = NULL;
	uint64_t count, array;
	int r = mem_u64(m, rt->at.allglen, &count, err);

	if (r >= 0)
		r = mem_u64(m, rt->at.allgptr, &array, err);
	if (r >= 0 && count > GOROUTINES_MAX)
		r = err_set(err, -EFBIG, "%s: %llu goroutines", m->name, (unsigned long long)count);
	if (r < 0)
		return r;
	addrs = calloc((size_t)count + 1, sizeof(*addrs));
	v = calloc((size_t)count + 1, sizeof(*v));
	if (!addrs || !v)
		return err_set(err, -ENOMEM, "no memory for %llu goroutines",
			       (unsigned long long)count);
	r = mem_read(m, array, addrs, (size_t)count * 8, err);
	for (uint64_t i = 0; i < count; i++)
		v[i].addr = addrs[i];
	for (uint64_t i = 0; r >= 0 && i < count; i += BATCH)
		r = g_read(c->lay, m, v + i, count - i < BATCH ? (size_t)(count - i) : BATCH, err);
	if (r < 0)
		return r;
	*ret = TAKE(v);
	*n = (uint32_t)count;
	return 0;
}

static bool has_stack(const struct g *g)
{
	return g->had && g->status != G_IDLE && g->status != G_DEAD && g->status != G_DEADEXTRA &&
	       g->stack_hi > g->stack_lo && g->stack_hi - g->stack_lo <= STACK_MAX;
}

/* Where a running one stands is in its registers: all of its stack counts. */
static uint64_t stack_from(const struct g *g)
{
	bool parked = g->status != G_RUNNING && g->status != G_COPYSTACK;

	return parked && g->sp >= g->stack_lo && g->sp < g->stack_hi ? g->sp & ~UINT64_C(7)
								     : g->stack_lo;
}

static int by_from(const void *a, const void *b)
{
	const struct heap_range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static int take_stacks(struct heap_copy *c, struct mem *m, const struct g *v, uint32_t n,
		       struct err *err)
{
	c->goroutines = calloc((size_t)n + 1, sizeof(*c->goroutines));
	c->ranges = calloc((size_t)n + 3, sizeof(*c->ranges));
	if (!c->goroutines || !c->ranges)
		return err_set(err, -ENOMEM, "no memory for %u goroutines", n);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t from = stack_from(&v[i]);
		const uint8_t *p;
		int r = mem_in_time(m, err);

		if (r < 0)
			return r;
		if (!has_stack(&v[i]))
			continue;
		p = heap_take(c, m, from, v[i].stack_hi - from);
		c->goroutines[c->n_goroutines++] = (struct heap_goroutine){
			.goid = v[i].goid,
			.g = v[i].addr,
			.start_pc = v[i].startpc,
			.created_by_pc = v[i].gopc,
			.status = v[i].status,
			.wait_pc = v[i].pc,
			.stack_lo = v[i].stack_lo,
			.stack_hi = v[i].stack_hi,
			.sp = from,
		};
		if (p)
			add_range(c, from, v[i].stack_hi, p);
	}
	return 0;
}

/* What keeps an object's contents alive though nobody refers to it: finalizers, clean-ups. */
static bool decode_special(const struct heap_copy *c, const struct heap_span *s, const uint8_t *p,
			   struct heap_special *ret)
{
	const uint32_t *at = c->lay->at;
	uint64_t offset = at[L_WIDTH_SPECIAL_OFFSET] == 8 ? le64(p + at[L_SPECIAL_OFFSET])
							  : le16(p + at[L_SPECIAL_OFFSET]);
	uint8_t kind = p[at[L_SPECIAL_KIND]];

	*ret = (struct heap_special){ 0 };
	if (offset >= s->bytes)
		return false;
	if (layout_has(c->lay, L_KIND_SPECIAL_FINALIZER) && kind == at[L_KIND_SPECIAL_FINALIZER]) {
		ret->object = s->start + offset;
		ret->fn = le64(p + at[L_SPECIALFINALIZER_FN]);
		return true;
	}
	if (layout_has(c->lay, L_KIND_SPECIAL_CLEANUP) && layout_has(c->lay, L_SPECIALCLEANUP_FN) &&
	    kind == at[L_KIND_SPECIAL_CLEANUP]) {
		ret->fn = le64(p + at[L_SPECIALCLEANUP_FN]);
		if (layout_has(c->lay, L_SPECIALCLEANUP_ARG))
			ret->arg = le64(p + at[L_SPECIALCLEANUP_ARG]);
		return true;
	}
	return false;
}

static int read_specials(struct heap_copy *c, struct mem *m, struct err *err)
{
	uint32_t room = 0, seen = 0;
	struct err why;

	for (uint32_t i = 0; i < c->n_spans; i++) {
		const struct heap_span *s = &c->spans[i];
		uint64_t at = s->specials;
		uint8_t p[SPECIAL_BYTES];
		struct heap_special one;

		while (at && seen++ < SPECIALS_MAX && mem_read(m, at, p, sizeof(p), &why) == 0) {
			at = le64(p + c->lay->at[L_SPECIAL_NEXT]);
			if (!decode_special(c, s, p, &one))
				continue;
			if (c->n_specials == room) {
				struct heap_special *v;

				room = room ? room * 2 : 64;
				v = reallocarray(c->specials, room, sizeof(*v));
				if (!v)
					return err_set(err, -ENOMEM, "no memory for %u specials",
						       room);
				c->specials = v;
			}
			c->specials[c->n_specials++] = one;
		}
	}
	return 0;
}

int heap_roots_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
{
	const struct image_module *mod = image_module(rt->img);
	_cleanup_(free_ptr) struct g *v = NULL;
	uint32_t n = 0;
	int r = read_goroutines(c, rt, m, &v, &n, err);

	if (r >= 0)
		r = take_stacks(c, m, v, n, err);
	if (r < 0)
		return r;
	read_segment(c, m, mod->data, mod->gcdatamask, &c->data, &c->data_mask, &c->data_words);
	read_segment(c, m, mod->bss, mod->gcbssmask, &c->bss, &c->bss_mask, &c->bss_words);
	qsort(c->ranges, c->n_ranges, sizeof(*c->ranges), by_from);
	return read_specials(c, m, err);
}

struct lister {
	const struct heap_copy *c;
	struct heap_root *v;
	size_t n, room;
	bool failed;
	uint64_t object; /* whose words are offered */
};

static void add(struct lister *l, const struct heap_root *r)
{
	uint32_t object = heap_find(l->c, r->value);

	if (object == HEAP_NONE || l->failed)
		return;
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 4096;
		struct heap_root *v = reallocarray(l->v, room, sizeof(*v));

		l->failed = !v;
		if (!v)
			return;
		l->v = v;
		l->room = room;
	}
	l->v[l->n] = *r;
	l->v[l->n++].object = object;
}

static void list_segment(struct lister *l, const struct heap_range *seg, const uint8_t *mask,
			 uint64_t words)
{
	uint64_t n = seg->mem ? (seg->to - seg->from) / 8 : 0;

	for (uint64_t i = 0; i < n; i++) {
		struct heap_root r = { .addr = seg->from + i * 8,
				       .kind = HEAP_ROOT_GLOBAL,
				       .goroutine = HEAP_NONE,
				       .conservative = !mask };

		if (mask && (i >= words || !(mask[i / 8] >> (i % 8) & 1)))
			continue;
		r.value = le64(seg->mem + i * 8);
		if (r.value)
			add(l, &r);
	}
}

static void list_stack(struct lister *l, uint32_t index)
{
	const struct heap_goroutine *g = &l->c->goroutines[index];
	uint64_t word;

	for (uint64_t at = g->sp; at + 8 <= g->stack_hi; at += 8) {
		struct heap_root r = { .addr = at,
				       .kind = HEAP_ROOT_STACK,
				       .goroutine = index,
				       .conservative = true };

		if (!heap_peek(l->c, at, &word, 8))
			return;
		r.value = word;
		if (word)
			add(l, &r);
	}
}

static void offer_contents(void *arg, uint32_t offset, uint64_t value)
{
	struct lister *l = arg;

	add(l, &(struct heap_root){ .addr = l->object + offset,
				    .value = value,
				    .goroutine = HEAP_NONE,
				    .kind = HEAP_ROOT_FINALIZER });
}

/* mgcmark.go: markrootSpans(): what the object refers to, and the function, not itself. */
static void list_special(struct lister *l, const struct heap_special *sp)
{
	uint32_t o = sp->object ? heap_find(l->c, sp->object) : HEAP_NONE;
	uint64_t words[2] = { sp->fn, sp->arg };

	if (o != HEAP_NONE) {
		const struct heap_span *s = heap_span_of(l->c, o);

		l->object = s->start + (o - s->first) * s->elemsize;
		heap_words(l->c, s, o - s->first, offer_contents, l);
	}
	for (int i = 0; i < 2; i++) {
		if (words[i])
			add(l, &(struct heap_root){ .value = words[i],
						    .goroutine = HEAP_NONE,
						    .kind = HEAP_ROOT_FINALIZER });
	}
}

int heap_roots_list(const struct heap_copy *c, struct heap_root **ret, size_t *n, struct err *err)
{
	struct lister l = { .c = c };

	list_segment(&l, &c->data, c->data_mask, c->data_words);
	list_segment(&l, &c->bss, c->bss_mask, c->bss_words);
	for (uint32_t i = 0; i < c->n_specials; i++)
		list_special(&l, &c->specials[i]);
	for (uint32_t i = 0; i < c->n_goroutines; i++)
		list_stack(&l, i);
	if (l.failed) {
		free(l.v);
		return err_set(err, -ENOMEM, "no memory for %zu roots", l.n);
	}
	*ret = l.v;
	*n = l.n;
	return 0;
}
