/* SPDX-License-Identifier: Apache-2.0 */
/* Dominators of random graphs against their definition: cut a node out and look who is lost. */
#include "t.h"

#include <stdlib.h>

#include "heap/dominators.h"

#define N 24
#define EDGES 60
#define GRAPHS 2000

static unsigned seed;

static unsigned any(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

struct graph { /* as it comes */
	unsigned n, n_edges;
	unsigned from[EDGES + N], to[EDGES + N];
};

static void walk(const struct graph *g, unsigned at, unsigned without, bool *seen)
{
	seen[at] = true;
	for (unsigned i = 0; i < g->n_edges; i++) {
		if (g->from[i] == at && g->to[i] != without && !seen[g->to[i]])
			walk(g, g->to[i], without, seen);
	}
}

struct numbered { /* in depth-first preorder, only what is reached */
	uint32_t n, number[N], node[N + 1], parent[N + 1], preds[EDGES + N];
	uint64_t first[N + 2];
};

static void number(const struct graph *g, unsigned at, uint32_t parent, struct numbered *r)
{
	uint32_t me = r->n++;

	r->number[at] = me;
	r->node[me] = at;
	r->parent[me] = parent;
	for (unsigned i = 0; i < g->n_edges; i++) {
		if (g->from[i] == at && r->number[g->to[i]] == UINT32_MAX)
			number(g, g->to[i], me, r);
	}
}

static void collect(const struct graph *g, struct numbered *r)
{
	uint64_t at = 0;

	for (uint32_t v = 0; v < r->n; v++) {
		r->first[v] = at;
		for (unsigned i = 0; i < g->n_edges; i++) {
			if (g->to[i] == r->node[v] && r->number[g->from[i]] != UINT32_MAX)
				r->preds[at++] = r->number[g->from[i]];
		}
	}
	r->first[r->n] = at;
}

static void check(const struct graph *g)
{
	struct numbered r = { .n = 0 };
	uint32_t idom[N + 1];
	struct err err;
	struct flow f;

	memset(r.number, 0xff, sizeof(r.number));
	number(g, 0, 0, &r);
	collect(g, &r);
	f = (struct flow){ .n = r.n, .parent = r.parent, .preds = r.preds, .first = r.first };
	assert_int_equal(dominators_find(&f, idom, &err), 0);
	for (uint32_t d = 1; d < r.n; d++) {
		bool seen[N] = { false };

		walk(g, 0, r.node[d], seen);
		for (uint32_t v = 1; v < r.n; v++) {
			bool dominated = false;

			for (uint32_t up = v; up; up = idom[up])
				dominated |= up == d;
			assert_int_equal(dominated, v == d || !seen[r.node[v]]);
		}
	}
}

static void random_graphs(void **state)
{
	(void)state;
	for (seed = 1; seed < GRAPHS; seed++) {
		unsigned kept = seed;
		struct graph g = { .n = 2 + any(N - 2) };

		g.n_edges = any(EDGES);
		for (unsigned i = 0; i < g.n_edges; i++) {
			g.from[i] = any(g.n);
			g.to[i] = any(g.n);
		}
		check(&g);
		seed = kept;
	}
}

static void long_chains_need_no_recursion(void **state)
{
	uint32_t n = 1u << 20, *v = calloc(n, sizeof(*v)), *idom = calloc(n, sizeof(*idom));
	uint64_t *first = calloc((size_t)n + 1, sizeof(*first));
	struct flow f = { .n = n, .parent = v, .preds = v + 1, .first = first };
	struct err err;

	(void)state;
	for (uint32_t i = 1; i < n; i++) {
		v[i] = i - 1;
		first[i + 1] = i;
	}
	assert_int_equal(dominators_find(&f, idom, &err), 0);
	for (uint32_t i = 1; i < n; i++)
		assert_int_equal(idom[i], i - 1);
	free(v);
	free(idom);
	free(first);
}

static void an_empty_graph_and_the_entry_alone(void **state)
{
	uint64_t first[2] = { 0, 0 };
	uint32_t none[1] = { 0 }, idom[1];
	struct flow f = { .n = 0, .parent = none, .preds = none, .first = first };
	struct err err;

	(void)state;
	assert_int_equal(dominators_find(&f, idom, &err), 0);
	f.n = 1;
	assert_int_equal(dominators_find(&f, idom, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(long_chains_need_no_recursion),
		cmocka_unit_test(an_empty_graph_and_the_entry_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
