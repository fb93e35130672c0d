/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/dominators.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct forest {
	uint32_t *above; /* the tree, shortened as it is asked */
	uint32_t *label; /* of the way from a node up to the linked part: the least semi */
	uint32_t *semi;
	uint32_t *stack;
};

/* The node of least semi on the way from @v up, among those linked (not below @linked). */
static uint32_t eval(struct forest *f, uint32_t v, uint32_t linked)
{
	uint32_t n = 0, at = v, best;

	if (f->above[v] < linked)
		return f->label[v];
	do {
		f->stack[n++] = at;
		at = f->above[at];
	} while (f->above[at] >= linked);
	best = f->label[at];
	while (n) {
		uint32_t one = f->stack[--n];

		f->above[one] = f->above[at];
		if (f->semi[best] < f->semi[f->label[one]])
			f->label[one] = best;
		else
			best = f->label[one];
		at = one;
	}
	return f->label[v];
}

static void find_semi(const struct flow *g, struct forest *f)
{
	for (uint32_t i = g->n - 1; i > 0; i--) {
		uint32_t semi = g->parent[i];

		for (uint64_t k = g->first[i]; k < g->first[i + 1]; k++) {
			uint32_t pred = g->preds[k], s;

			s = pred ? f->semi[eval(f, pred, i + 1)] : 0;
			if (s < semi)
				semi = s;
		}
		f->semi[i] = semi;
	}
}

int dominators_find(const struct flow *g, uint32_t *idom, struct err *err)
{
	size_t bytes = ((size_t)g->n + 1) * sizeof(uint32_t);
	_cleanup_(free_ptr) uint32_t *above = malloc(bytes);
	_cleanup_(free_ptr) uint32_t *label = malloc(bytes);
	_cleanup_(free_ptr) uint32_t *semi = malloc(bytes);
	_cleanup_(free_ptr) uint32_t *stack = malloc(bytes);
	struct forest f = { above, label, semi, stack };

	if (!above || !label || !semi || !stack)
		return err_set(err, -ENOMEM, "no memory for the dominators of %u objects", g->n);
	for (uint32_t i = 0; i < g->n; i++) {
		above[i] = i ? g->parent[i] : 0;
		label[i] = semi[i] = i;
		idom[i] = above[i];
	}
	if (!g->n)
		return 0;
	find_semi(g, &f);
	for (uint32_t i = 1; i < g->n; i++) {
		while (idom[i] > semi[i])
			idom[i] = idom[idom[i]];
	}
	return 0;
}
