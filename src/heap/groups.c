/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which group of roots alone reaches an object: none yet, one, or several. An object's
 * label only ever rises along these three, so each is looked at twice at most.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "heap/graph_arrays.h"

#define SEVERAL (HEAP_NONE - 1)

struct labeller {
	const struct heap_graph *g;
	uint32_t *label;
	uint32_t *todo;
	uint32_t n_todo;
	uint64_t *taken;   /* a bit an object: an earlier round reached it; NULL: there was none */
	uint64_t *waiting; /* a bit an object: it is in @todo */
	uint32_t now;
};

static void raise_label(struct labeller *l, uint32_t o, uint32_t label)
{
	uint32_t was = l->label[o], is = was == HEAP_NONE || was == label ? label : SEVERAL;

	if (is == was || (l->taken && heap_bit(l->taken, o)))
		return;
	l->label[o] = is;
	if (heap_bit(l->waiting, o))
		return;
	heap_set_bit(l->waiting, o);
	l->todo[l->n_todo++] = o;
}

static void raise_target(void *arg, uint32_t to)
{
	struct labeller *l = arg;

	raise_label(l, to, l->now);
}

static void spread(struct labeller *l)
{
	while (l->n_todo) {
		uint32_t o = l->todo[--l->n_todo];

		l->waiting[o / 64] &= ~(UINT64_C(1) << (o % 64));
		l->now = l->label[o];
		heap_targets(l->g->copy, o, raise_target, l);
	}
}

static void sum_up(const struct labeller *l, uint32_t n_groups, struct heap_group_sum *out,
		   struct heap_group_sum *shared)
{
	*shared = (struct heap_group_sum){ 0 };
	for (uint32_t i = 0; i < n_groups; i++)
		out[i] = (struct heap_group_sum){ 0 };
	for (uint32_t i = 0; i < l->g->p->n_order; i++) {
		uint32_t o = l->g->p->order[i];
		struct heap_group_sum *s = l->label[o] < n_groups ? &out[l->label[o]] : shared;

		s->retained_bytes += heap_object_size(l->g, o);
		s->retained_objects++;
	}
}

static void label_from(struct labeller *l, const uint32_t *group_of_root, uint32_t n_groups,
		       const bool *later, bool round)
{
	for (size_t i = 0; i < l->g->n_roots; i++) {
		uint32_t group = group_of_root[i];

		if (group < n_groups && (later && later[group]) == round)
			raise_label(l, l->g->roots[i].object, group);
	}
	spread(l);
}

int heap_groups(const struct heap_graph *g, const uint32_t *group_of_root, uint32_t n_groups,
		const bool *later, struct heap_group_sum *out, struct heap_group_sum *shared,
		struct err *err)
{
	size_t n = (size_t)g->n_objects + 1;
	_cleanup_(free_ptr) uint32_t *label = malloc(n * sizeof(*label));
	_cleanup_(free_ptr) uint32_t *todo = malloc(n * sizeof(*todo));
	_cleanup_(free_ptr) uint64_t *waiting = calloc(n / 64 + 1, sizeof(*waiting));
	_cleanup_(free_ptr) uint64_t *taken = calloc(n / 64 + 1, sizeof(*taken));
	struct labeller l = { .g = g, .label = label, .todo = todo, .waiting = waiting };

	if (!label || !todo || !waiting || !taken)
		return err_set(err, -ENOMEM, "no memory for %u objects", g->n_objects);
	for (size_t i = 0; i < n; i++)
		label[i] = HEAP_NONE;
	label_from(&l, group_of_root, n_groups, later, false);
	for (uint32_t o = 0; later && o < g->n_objects; o++) {
		if (label[o] != HEAP_NONE)
			heap_set_bit(taken, o);
	}
	l.taken = later ? taken : NULL;
	if (later)
		label_from(&l, group_of_root, n_groups, later, true);
	sum_up(&l, n_groups, out, shared);
	free(g->p->group);
	g->p->group = TAKE(label);
	return 0;
}

uint32_t heap_group_of(const struct heap_graph *g, uint32_t o)
{
	uint32_t label = g->p->group && o < g->n_objects ? g->p->group[o] : HEAP_NONE;

	return label == SEVERAL ? HEAP_NONE : label;
}
