/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dominators: of a graph with one entry, who stands on every way to a node.
 *
 * Semi-NCA (L. Georgiadis, Linear-Time Algorithms for Dominators and Related
 * Problems, 2005): as fast as Lengauer and Tarjan's in practice and simpler. Without
 * recursion; nodes are their numbers in a depth-first walk, the entry is 0.
 */
#ifndef HEAP_DOMINATORS_H
#define HEAP_DOMINATORS_H

#include <stdint.h>

#include "base/err.h"

struct flow {
	uint32_t n;		/* nodes, numbered in depth-first preorder */
	const uint32_t *parent; /* in the depth-first tree; parent[0] is not used */
	const uint32_t
		*preds; /* numbers of those that lead to node i: preds[first[i] .. first[i+1]) */
	const uint64_t *first; /* n + 1 */
};

/* @idom[i] for i > 0: below i. -ENOMEM. */
int dominators_find(const struct flow *f, uint32_t *idom, struct err *err) _must_use_;

#endif /* HEAP_DOMINATORS_H */
