/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/stuck.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define SELECT_CASES_MAX 65536
#define PASSES_MAX 256 /* a longer chain of who wakes whom proves nothing */
#define G_WAITING 4    /* Go src/runtime/runtime2.go: _Gwaiting */
#define G_SCAN 0x1000
#define STACK_WORDS 512

enum waits_for { ABLE, CHANNELS, LOCK, FOR_EVER };

static const struct {
	enum layout_field reason;
	enum waits_for waits_for;
} blocking[] = {
	{ L_WAIT_CHAN_RECEIVE_NIL_CHAN, FOR_EVER },
	{ L_WAIT_CHAN_SEND_NIL_CHAN, FOR_EVER },
	{ L_WAIT_SELECT_NO_CASES, FOR_EVER },
	{ L_WAIT_CHAN_RECEIVE, CHANNELS },
	{ L_WAIT_CHAN_SEND, CHANNELS },
	{ L_WAIT_SELECT, CHANNELS },
	{ L_WAIT_SYNC_COND_WAIT, LOCK },
	{ L_WAIT_SYNC_MUTEX_LOCK, LOCK },
	{ L_WAIT_SYNC_RWMUTEX_R_LOCK, LOCK },
	{ L_WAIT_SYNC_RWMUTEX_LOCK, LOCK },
	{ L_WAIT_SYNC_WAIT_GROUP_WAIT, LOCK },
	/* Before 1.20 all locks, later those of none of the kinds above. */
	{ L_WAIT_SEMACQUIRE, LOCK },
};

struct prover {
	const struct layout *lay;
	const struct image *img;
	const struct heap_graph *g;
	uint64_t *seen, *is_g; /* a bit an object */
	uint32_t *queue;
	uint32_t head, tail;
	uint32_t *roots;       /* of stacks, by goroutine */
	uint32_t *first_root;  /* n_goroutines + 1 */
	enum waits_for *waits; /* a goroutine; ABLE: its roots are in already */
};

static bool get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool peek_u64(const struct heap_graph *g, uint64_t addr, uint64_t *ret)
{
	return addr && heap_peek(g->copy, addr, ret, sizeof(*ret));
}

static void reach(struct prover *p, uint32_t object)
{
	if (object >= p->g->n_objects || get(p->seen, object))
		return;
	set(p->seen, object);
	p->queue[p->tail++] = object;
}

/*
 * Neither a goroutine's own structure nor a waiter's says that anyone able to run
 * refers to what they wait on. Only the runtime has pointers to a g.
 */
static bool leads_nowhere(const struct prover *p, uint32_t o)
{
	uint64_t size = heap_object_size(p->g, o), of, want = p->lay->at[L_SIZEOF_SUDOG];
	uint32_t g;

	if (get(p->is_g, o))
		return true;
	if (size < want || size > want + want / 4 ||
	    !peek_u64(p->g, heap_object_addr(p->g, o) + p->lay->at[L_SUDOG_G], &of))
		return false;
	g = heap_object_at(p->g, of);
	return g != HEAP_NONE && get(p->is_g, g) && heap_object_addr(p->g, g) == of;
}

static void reach_target(void *arg, uint32_t from, uint32_t offset, uint64_t value, uint32_t to)
{
	(void)from;
	(void)offset;
	(void)value;
	reach(arg, to);
}

static void drain(struct prover *p)
{
	while (p->head < p->tail) {
		uint32_t o = p->queue[p->head++];

		if (!heap_object_noscan(p->g, o) && !leads_nowhere(p, o))
			heap_edges(p->g, o, reach_target, p);
	}
}

uint32_t heap_wait_reason(const struct goruntime *rt, const struct heap_graph *g,
			  const struct heap_goroutine *of)
{
	uint8_t reason;

	if ((of->status & ~(uint32_t)G_SCAN) != G_WAITING ||
	    !heap_peek(g->copy, layout_addr(rt->lay, of->g, L_G_WAITREASON), &reason, 1))
		return HEAP_NONE;
	return reason;
}

static enum waits_for waits_for(const struct goruntime *rt, const struct heap_graph *g,
				const struct heap_goroutine *of)
{
	uint32_t reason = heap_wait_reason(rt, g, of);

	for (size_t i = 0; i < sizeof(blocking) / sizeof(*blocking); i++) {
		if (layout_has(rt->lay, blocking[i].reason) &&
		    rt->lay->at[blocking[i].reason] == reason)
			return blocking[i].waits_for;
	}
	return ABLE;
}

/* A channel that is reached, or one that cannot be told. */
static bool channels_reached(const struct prover *p, const struct heap_goroutine *of)
{
	uint64_t waiter, channel;
	uint32_t o;

	if (!peek_u64(p->g, layout_addr(p->lay, of->g, L_G_WAITING), &waiter) || !waiter)
		return true;
	for (unsigned i = 0; waiter && i < SELECT_CASES_MAX; i++) {
		if (!peek_u64(p->g, layout_addr(p->lay, waiter, L_SUDOG_C), &channel))
			return true;
		o = heap_object_at(p->g, channel);
		if (o == HEAP_NONE || get(p->seen, o) ||
		    !peek_u64(p->g, layout_addr(p->lay, waiter, L_SUDOG_WAITLINK), &waiter))
			return true;
	}
	return waiter != 0;
}

static bool stack_names_a_global(const struct prover *p, const struct heap_goroutine *of)
{
	uint64_t words[STACK_WORDS];

	for (uint64_t at = of->sp & ~UINT64_C(7); at < of->stack_hi;) {
		uint64_t left = (of->stack_hi - at) / 8;
		size_t n = left < STACK_WORDS ? (size_t)left : STACK_WORDS;

		if (!n)
			break;
		if (!heap_peek(p->g->copy, at, words, n * 8))
			return true;
		for (size_t i = 0; i < n; i++) {
			if (image_segment_of(p->img, words[i]) != SEG_NONE)
				return true;
		}
		at += n * 8;
	}
	return false;
}

static bool lock_reached(const struct prover *p, uint32_t goroutine)
{
	const struct heap_goroutine *of = &p->g->goroutines[goroutine];
	uint32_t from = p->first_root[goroutine], to = p->first_root[goroutine + 1];

	if (from == to || !of->sp || of->sp > of->stack_hi)
		return true;
	for (uint32_t i = from; i < to; i++) {
		if (get(p->seen, p->g->roots[p->roots[i]].object))
			return true;
	}
	return stack_names_a_global(p, of);
}

static bool can_be_woken(const struct prover *p, uint32_t goroutine)
{
	switch (p->waits[goroutine]) {
	case CHANNELS:
		return channels_reached(p, &p->g->goroutines[goroutine]);
	case LOCK:
		return lock_reached(p, goroutine);
	case FOR_EVER:
		return false;
	case ABLE:
		break;
	}
	return true;
}

static void reach_stack(struct prover *p, uint32_t goroutine)
{
	for (uint32_t i = p->first_root[goroutine]; i < p->first_root[goroutine + 1]; i++)
		reach(p, p->g->roots[p->roots[i]].object);
}

/* The roots of each goroutine's stack side by side. */
static void sort_roots(struct prover *p)
{
	const struct heap_graph *g = p->g;
	uint32_t at = 0;

	for (size_t i = 0; i < g->n_roots; i++) {
		if (g->roots[i].kind == HEAP_ROOT_STACK && g->roots[i].goroutine < g->n_goroutines)
			p->first_root[g->roots[i].goroutine]++;
	}
	for (size_t i = 0; i < g->n_goroutines; i++) {
		at += p->first_root[i];
		p->first_root[i] = at;
	}
	p->first_root[g->n_goroutines] = at;
	for (size_t i = g->n_roots; i-- > 0;) {
		if (g->roots[i].kind == HEAP_ROOT_STACK && g->roots[i].goroutine < g->n_goroutines)
			p->roots[--p->first_root[g->roots[i].goroutine]] = (uint32_t)i;
	}
}

static void begin(struct prover *p, const struct goruntime *rt)
{
	const struct heap_graph *g = p->g;

	for (size_t i = 0; i < g->n_goroutines; i++) {
		uint32_t o = heap_object_at(g, g->goroutines[i].g);

		if (o != HEAP_NONE)
			set(p->is_g, o);
		p->waits[i] = waits_for(rt, g, &g->goroutines[i]);
	}
	for (size_t i = 0; i < g->n_roots; i++) {
		if (g->roots[i].kind != HEAP_ROOT_STACK)
			reach(p, g->roots[i].object);
	}
	for (uint32_t i = 0; i < g->n_goroutines; i++) {
		if (p->waits[i] == ABLE)
			reach_stack(p, i);
	}
	drain(p);
}

/* False when nothing changed. */
static bool pass(struct prover *p)
{
	bool changed = false;

	for (uint32_t i = 0; i < p->g->n_goroutines; i++) {
		if (p->waits[i] == ABLE || !can_be_woken(p, i))
			continue;
		p->waits[i] = ABLE;
		reach_stack(p, i);
		drain(p);
		changed = true;
	}
	return changed;
}

int heap_stuck(const struct goruntime *rt, const struct heap_graph *g, bool *stuck, struct err *err)
{
	size_t words = g->n_objects / 64 + 1, n_waits = g->n_goroutines + 1;
	_cleanup_(free_ptr) uint64_t *seen = calloc(words, sizeof(*seen));
	_cleanup_(free_ptr) uint64_t *is_g = calloc(words, sizeof(*is_g));
	_cleanup_(free_ptr) uint32_t *queue = calloc((size_t)g->n_objects + 1, sizeof(*queue));
	_cleanup_(free_ptr) uint32_t *roots = calloc(g->n_roots + 1, sizeof(*roots));
	_cleanup_(free_ptr) uint32_t *first = calloc(n_waits, sizeof(*first));
	_cleanup_(free_ptr) enum waits_for *waits = calloc(n_waits, sizeof(*waits));
	struct prover p = { .lay = rt->lay,
			    .img = rt->img,
			    .g = g,
			    .seen = seen,
			    .is_g = is_g,
			    .queue = queue,
			    .roots = roots,
			    .first_root = first,
			    .waits = waits };
	bool more = true;

	if (!seen || !is_g || !queue || !roots || !first || !waits)
		return err_set(err, -ENOMEM, "no memory to look for stuck goroutines");
	sort_roots(&p);
	begin(&p, rt);
	for (unsigned i = 0; more && i < PASSES_MAX; i++)
		more = pass(&p);
	for (size_t i = 0; i < g->n_goroutines; i++)
		stuck[i] = !more && waits[i] != ABLE;
	return 0;
}
