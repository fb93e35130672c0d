/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marking: what the roots reach, breadth first, so that the parents are on a shortest
 * way. Words that are pointers for sure go first: what is left for the others to reach
 * is what only they keep.
 */
#include <errno.h>
#include <stdlib.h>

#include "heap/graph_arrays.h"

struct marker {
	struct heap_graph *g;
	struct heap_private *p;
	uint32_t from;
};

static void reach(struct marker *m, uint32_t o, uint32_t parent)
{
	if (m->p->parent[o] != HEAP_NONE)
		return;
	m->p->parent[o] = parent;
	m->p->order[m->p->n_order++] = o;
}

static void reach_target(void *arg, uint32_t to)
{
	struct marker *m = arg;

	reach(m, to, m->from);
}

static void drain(struct marker *m, uint32_t *at)
{
	for (; *at < m->p->n_order; (*at)++) {
		m->from = m->p->order[*at];
		m->g->reached_objects++;
		m->g->reached_bytes += heap_object_size(m->g, m->from);
		heap_targets(m->g->copy, m->from, reach_target, m);
	}
}

static void mark_roots(struct marker *m, bool conservative, uint32_t *at)
{
	for (size_t i = 0; i < m->g->n_roots; i++) {
		if (m->g->roots[i].conservative == conservative)
			reach(m, m->g->roots[i].object, PARENT_IS_ROOT | (uint32_t)i);
	}
	drain(m, at);
}

int heap_mark(struct heap_graph *g, struct err *err)
{
	struct heap_private *p = g->p;
	struct marker m = { .g = g, .p = p };
	size_t n = (size_t)g->n_objects + 1;
	uint32_t at = 0;
	uint64_t before;

	if (g->n_roots >= PARENT_IS_ROOT - 1)
		return err_set(err, -EFBIG, "%zu roots", g->n_roots);
	p->parent = malloc(n * sizeof(*p->parent));
	p->order = malloc(n * sizeof(*p->order));
	if (!p->parent || !p->order)
		return err_set(err, -ENOMEM, "no memory for %u objects", g->n_objects);
	for (size_t i = 0; i < n; i++)
		p->parent[i] = HEAP_NONE;
	mark_roots(&m, false, &at);
	before = g->reached_bytes;
	mark_roots(&m, true, &at);
	g->conservative_bytes = g->reached_bytes - before;
	return 0;
}
