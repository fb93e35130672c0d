/* SPDX-License-Identifier: Apache-2.0 */
/* What each object alone keeps alive: the dominator tree of the reached objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "heap/dominators.h"
#include "heap/graph_arrays.h"

struct todo {
	uint32_t object, parent; /* parent: a number */
};

struct walk {
	struct heap_graph *g;
	uint32_t *number; /* of an object in the walk; 0: not yet, or the entry */
	uint32_t *object; /* and back */
	uint32_t *parent;
	uint32_t n;
	struct todo *stack;
	size_t n_stack, room;
	uint32_t from;
	bool failed;
	/* Who leads to whom. */
	uint64_t *first;
	uint32_t *preds;
};

static void push(struct walk *w, uint32_t object)
{
	if (w->number[object] || w->failed)
		return;
	if (w->n_stack == w->room) {
		size_t room = w->room ? w->room * 2 : 65536;
		struct todo *v = reallocarray(w->stack, room, sizeof(*v));

		w->failed = !v;
		if (!v)
			return;
		w->stack = v;
		w->room = room;
	}
	w->stack[w->n_stack++] = (struct todo){ object, w->from };
}

static void push_target(void *arg, uint32_t to)
{
	push(arg, to);
}

/*
 * An object is numbered when it is taken from the stack, not when it is put there: so
 * whoever put it there last is its parent, as in a walk by recursion.
 */
static int number_all(struct walk *w, struct err *err)
{
	w->n = 1;
	for (size_t i = 0; i < w->g->n_roots; i++)
		push(w, w->g->roots[i].object);
	while (w->n_stack && !w->failed) {
		struct todo t = w->stack[--w->n_stack];

		if (w->number[t.object])
			continue;
		w->from = w->n;
		w->number[t.object] = w->n;
		w->object[w->n] = t.object;
		w->parent[w->n++] = t.parent;
		heap_targets(w->g->copy, t.object, push_target, w);
	}
	return w->failed ? err_set(err, -ENOMEM, "no memory for the walk") : 0;
}

static void count_pred(void *arg, uint32_t to)
{
	struct walk *w = arg;

	w->first[w->number[to]]++;
}

static void enter_pred(void *arg, uint32_t to)
{
	struct walk *w = arg;

	w->preds[--w->first[w->number[to]]] = w->from;
}

static void all_edges(struct walk *w, heap_to_fn *fn)
{
	w->from = 0;
	for (size_t i = 0; i < w->g->n_roots; i++)
		fn(w, w->g->roots[i].object);
	for (uint32_t i = 1; i < w->n; i++) {
		w->from = i;
		heap_targets(w->g->copy, w->object[i], fn, w);
	}
}

static int collect_preds(struct walk *w, struct err *err)
{
	uint64_t sum = 0;

	w->first = calloc((size_t)w->n + 1, sizeof(*w->first));
	if (!w->first)
		return err_set(err, -ENOMEM, "no memory for %u objects", w->n);
	all_edges(w, count_pred);
	for (uint32_t i = 0; i <= w->n; i++) {
		sum += w->first[i];
		w->first[i] = sum;
	}
	w->preds = malloc((size_t)(sum + 1) * sizeof(*w->preds));
	if (!w->preds)
		return err_set(err, -ENOMEM, "no memory for %llu references",
			       (unsigned long long)sum);
	all_edges(w, enter_pred);
	return 0;
}

/* From the last to the first: those below come after those above. */
static void add_up(const struct walk *w, const uint32_t *idom)
{
	struct heap_private *p = w->g->p;

	for (uint32_t i = w->n - 1; i > 0; i--) {
		uint32_t o = w->object[i], above = idom[i] ? w->object[idom[i]] : HEAP_NONE;

		p->retained[o] += heap_object_size(w->g, o);
		p->dominator[o] = above;
		if (above != HEAP_NONE)
			p->retained[above] += p->retained[o];
	}
}

static int dominate(struct walk *w, struct err *err)
{
	_cleanup_(free_ptr) uint32_t *idom = malloc(((size_t)w->n + 1) * sizeof(*idom));
	struct flow f = { .n = w->n, .parent = w->parent, .preds = w->preds, .first = w->first };
	int r;

	if (!idom)
		return err_set(err, -ENOMEM, "no memory for %u objects", w->n);
	r = dominators_find(&f, idom, err);
	if (r == 0)
		add_up(w, idom);
	return r;
}

int heap_dominate(struct heap_graph *g, struct err *err)
{
	struct heap_private *p = g->p;
	size_t n = (size_t)g->n_objects + 1, reached = (size_t)p->n_order + 2;
	struct walk w = { .g = g };
	int r = 0;

	p->retained = calloc(n, sizeof(*p->retained));
	p->dominator = malloc(n * sizeof(*p->dominator));
	w.number = calloc(n, sizeof(*w.number));
	w.object = calloc(reached, sizeof(*w.object));
	w.parent = calloc(reached, sizeof(*w.parent));
	if (!p->retained || !p->dominator || !w.number || !w.object || !w.parent)
		r = err_set(err, -ENOMEM, "no memory for %u objects", g->n_objects);
	for (size_t i = 0; r == 0 && i < n; i++)
		p->dominator[i] = HEAP_NONE;
	if (r == 0)
		r = number_all(&w, err);
	free(w.stack);
	if (r == 0)
		r = collect_preds(&w, err);
	free(w.number);
	if (r == 0)
		r = dominate(&w, err);
	free(w.object);
	free(w.parent);
	free(w.first);
	free(w.preds);
	return r;
}
