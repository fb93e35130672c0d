/* SPDX-License-Identifier: Apache-2.0 */
/* graph_arrays: what a graph keeps of each object. Private to heap/. */
#ifndef HEAP_GRAPH_ARRAYS_H
#define HEAP_GRAPH_ARRAYS_H

#include "heap/copied.h"

#define PARENT_IS_ROOT (UINT32_C(1) << 31) /* the rest is the root's index */

struct heap_private {
	struct heap_root *roots; /* owned */
	uint32_t *parent;	 /* an object; HEAP_NONE: not reached */
	uint32_t *order;	 /* the reached objects, nearest to a root first */
	uint32_t n_order;
	uint32_t *dominator;
	uint64_t *retained;
	uint32_t *group;
};

/* Each allocated object that @o refers to, once a word. */
typedef void heap_to_fn(void *arg, uint32_t to);
void heap_targets(const struct heap_copy *c, uint32_t o, heap_to_fn *fn, void *arg);

/* mark.c: parent, order, the sums. */
int heap_mark(struct heap_graph *g, struct err *err) _must_use_;

/* dominators.c: dominator, retained. */
int heap_dominate(struct heap_graph *g, struct err *err) _must_use_;

#endif /* HEAP_GRAPH_ARRAYS_H */
