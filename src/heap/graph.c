/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "heap/graph_arrays.h"

struct targets {
	const struct heap_copy *c;
	heap_to_fn *fn;
	void *arg;
};

static void to_target(void *arg, uint32_t offset, uint64_t value)
{
	const struct targets *t = arg;
	uint32_t to = heap_find(t->c, value);

	(void)offset;
	if (to != HEAP_NONE)
		t->fn(t->arg, to);
}

void heap_targets(const struct heap_copy *c, uint32_t o, heap_to_fn *fn, void *arg)
{
	const struct heap_span *s = heap_span_of(c, o);
	struct targets t = { c, fn, arg };

	if (s->pointers != POINTERS_NONE)
		heap_words(c, s, o - s->first, to_target, &t);
}

int heap_graph(const struct goruntime *rt, const struct heap_copy *c, struct heap_graph *ret,
	       struct err *err)
{
	struct heap_graph g = { .copy = c,
				.n_objects = c->n_objects,
				.marked_bytes = c->marked_bytes,
				.goroutines = c->goroutines,
				.n_goroutines = c->n_goroutines,
				.mode = c->mode };
	int r;

	(void)rt;
	g.p = calloc(1, sizeof(*g.p));
	if (!g.p)
		return err_set(err, -ENOMEM, "no memory for a graph");
	r = heap_roots_list(c, &g.p->roots, &g.n_roots, err);
	g.roots = g.p->roots;
	if (r == 0)
		r = heap_mark(&g, err);
	if (r == 0)
		r = heap_dominate(&g, err);
	if (r < 0) {
		heap_graph_release(&g);
		return r;
	}
	*ret = g;
	return 0;
}

void heap_graph_release(struct heap_graph *g)
{
	struct heap_private *p = g->p;

	if (!p)
		return;
	free(p->roots);
	free(p->parent);
	free(p->order);
	free(p->dominator);
	free(p->retained);
	free(p->group);
	free(p);
	*g = (struct heap_graph){ 0 };
}

uint32_t heap_object_at(const struct heap_graph *g, uint64_t addr)
{
	return heap_find(g->copy, addr);
}

uint64_t heap_object_addr(const struct heap_graph *g, uint32_t o)
{
	const struct heap_span *s = heap_span_of(g->copy, o);

	return s->start + (o - s->first) * s->elemsize;
}

uint64_t heap_object_size(const struct heap_graph *g, uint32_t o)
{
	return heap_span_of(g->copy, o)->elemsize;
}

bool heap_object_reached(const struct heap_graph *g, uint32_t o)
{
	return o < g->n_objects && g->p->parent[o] != HEAP_NONE;
}

bool heap_object_noscan(const struct heap_graph *g, uint32_t o)
{
	return heap_span_of(g->copy, o)->pointers == POINTERS_NONE;
}

uint64_t heap_object_header_type(const struct heap_graph *g, uint32_t o)
{
	const struct heap_span *s = heap_span_of(g->copy, o);

	if (s->pointers == POINTERS_HEADER && s->mem)
		return le64(s->mem + (o - s->first) * s->elemsize);
	return s->pointers == POINTERS_TYPE ? s->type : 0;
}

struct search {
	const struct heap_copy *c;
	uint32_t want, offset;
	bool found;
};

static void look_for(void *arg, uint32_t offset, uint64_t value)
{
	struct search *s = arg;

	if (s->found || heap_find(s->c, value) != s->want)
		return;
	s->offset = offset;
	s->found = true;
}

uint32_t heap_parent(const struct heap_graph *g, uint32_t o, uint32_t *root, uint32_t *offset)
{
	uint32_t parent = g->p->parent[o];
	struct search find = { .c = g->copy, .want = o };
	const struct heap_span *s;

	*offset = 0;
	*root = HEAP_NONE;
	if (parent == HEAP_NONE)
		return HEAP_NONE;
	if (parent & PARENT_IS_ROOT) {
		*root = parent & ~PARENT_IS_ROOT;
		return HEAP_NONE;
	}
	s = heap_span_of(g->copy, parent);
	heap_words(g->copy, s, parent - s->first, look_for, &find);
	*offset = find.offset;
	return parent;
}

uint32_t heap_dominator(const struct heap_graph *g, uint32_t o)
{
	return g->p->dominator[o];
}

uint64_t heap_retained(const struct heap_graph *g, uint32_t o)
{
	return g->p->retained[o];
}

struct edges {
	const struct heap_copy *c;
	uint32_t from;
	heap_edge_fn each;
	void *arg;
};

static void to_edge(void *arg, uint32_t offset, uint64_t value)
{
	const struct edges *e = arg;
	uint32_t to = heap_find(e->c, value);

	if (to != HEAP_NONE)
		e->each(e->arg, e->from, offset, value, to);
}

void heap_edges(const struct heap_graph *g, uint32_t o, heap_edge_fn each, void *arg)
{
	const struct heap_span *s = heap_span_of(g->copy, o);
	struct edges e = { g->copy, o, each, arg };

	heap_words(g->copy, s, o - s->first, to_edge, &e);
}
