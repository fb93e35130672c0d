/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "heap/static_data.h"
#include "heap/stuck.h"

#define HOLDERS_MAX ((uint32_t)1 << 20)

struct grouping {
	const struct goruntime *rt;
	const struct heap_graph *g;
	struct heap_globals *globals;
	struct heap_holder *of;
	uint32_t n, max;
	uint32_t *table; /* by hash of the key: index + 1 */
	uint32_t mask;
	uint64_t seed;
	uint32_t *of_goroutine; /* holder of each goroutine */
	struct static_data statics;
};

struct key {
	enum heap_root_kind kind;
	uint64_t a, b;
};

static bool has_key(const struct heap_holder *h, const struct key *k)
{
	if (h->kind != k->kind)
		return false;
	if (k->kind == HEAP_ROOT_GLOBAL)
		return h->global.addr == k->a;
	return h->start_pc == k->a && h->wait_reason == k->b;
}

/* The holder of that key, a new one when there was none; HEAP_NONE: too many. */
static uint32_t holder_of(struct grouping *x, const struct key *k, bool *fresh)
{
	uint64_t h = hash_word(hash_word(hash_word(x->seed, k->kind), k->a), k->b);
	uint32_t slot = (uint32_t)h & x->mask;

	*fresh = false;
	while (x->table[slot]) {
		if (has_key(&x->of[x->table[slot] - 1], k))
			return x->table[slot] - 1;
		slot = (slot + 1) & x->mask;
	}
	if (x->n == x->max)
		return HEAP_NONE;
	*fresh = true;
	x->table[slot] = x->n + 1;
	x->of[x->n] = (struct heap_holder){ .kind = k->kind, .hub = HEAP_NONE };
	return x->n++;
}

/* Only an initialiser refers to it: "(used by main.init)" says nothing of what it is for. */
static bool says_little(const struct heap_global *var)
{
	size_t n = var->name ? strlen(var->name) : 0;

	return !var->name ||
	       (!strchr(var->name, ',') && n > 6 &&
		(!strcmp(var->name + n - 6, ".init)") || strstr(var->name, ".init.") != NULL));
}

/*
 * The variable at @addr; of data that has none, or (where names are by reference and reach
 * to the next one) that a pointer leads to, the variable that points there.
 */
static struct heap_global global_at(const struct grouping *x, uint64_t addr)
{
	struct heap_global var, owner;
	struct static_pointer p;
	bool found = heap_global_at(x->globals, addr, &var);

	if (found && !var.by_reference)
		return var;
	if (static_data_behind(&x->statics, addr, found && !says_little(&var) ? var.addr : 0, &p) &&
	    heap_global_at(x->globals, p.from, &owner))
		return owner;
	return found ? var : (struct heap_global){ .addr = addr };
}

static uint32_t of_global(struct grouping *x, uint64_t addr)
{
	struct heap_global var = { .addr = addr };
	bool fresh;
	uint32_t i;

	if (x->globals)
		var = global_at(x, addr);
	i = holder_of(x, &(struct key){ HEAP_ROOT_GLOBAL, var.addr, 0 }, &fresh);
	if (i != HEAP_NONE && fresh)
		x->of[i].global = var;
	return i;
}

static uint32_t of_goroutine(struct grouping *x, const struct heap_goroutine *g)
{
	uint32_t reason = heap_wait_reason(x->rt, x->g, g), i;
	bool fresh;

	i = holder_of(x, &(struct key){ HEAP_ROOT_STACK, g->start_pc, reason }, &fresh);
	if (i != HEAP_NONE && fresh) {
		x->of[i].start_pc = g->start_pc;
		x->of[i].wait_reason = reason;
	}
	if (i != HEAP_NONE)
		x->of[i].goroutines++;
	return i;
}

static uint32_t of_kind(struct grouping *x, enum heap_root_kind kind)
{
	bool fresh;
	uint32_t i = holder_of(x, &(struct key){ kind, 0, HEAP_NONE }, &fresh);

	if (i != HEAP_NONE && fresh)
		x->of[i].wait_reason = HEAP_NONE;
	return i;
}

static uint32_t of_root(struct grouping *x, const struct heap_root *r, const struct heap_root *last,
			uint32_t of_last)
{
	const struct heap_holder *h = of_last != HEAP_NONE ? &x->of[of_last] : NULL;

	if (r->kind == HEAP_ROOT_STACK && r->goroutine < x->g->n_goroutines)
		return x->of_goroutine[r->goroutine];
	if (r->kind != HEAP_ROOT_GLOBAL)
		return of_kind(x, r->kind);
	if (last && last->kind == HEAP_ROOT_GLOBAL && h && r->addr >= h->global.addr &&
	    r->addr - h->global.addr < h->global.size)
		return of_last;
	return of_global(x, r->addr);
}

static int group(struct grouping *x, uint32_t *holder_of_root, struct err *err)
{
	const struct heap_root *last = NULL;
	uint32_t of_last = HEAP_NONE;

	for (size_t i = 0; i < x->g->n_goroutines; i++)
		x->of_goroutine[i] = of_goroutine(x, &x->g->goroutines[i]);
	for (size_t i = 0; i < x->g->n_roots; i++) {
		of_last = of_root(x, &x->g->roots[i], last, of_last);
		last = &x->g->roots[i];
		if (of_last == HEAP_NONE)
			return err_set(err, -EFBIG, "more than %u global variables and groups",
				       x->max);
		holder_of_root[i] = of_last;
	}
	return 0;
}

static int count_stuck(struct grouping *x, bool *known, struct err *err)
{
	_cleanup_(free_ptr) bool *stuck = calloc(x->g->n_goroutines + 1, sizeof(*stuck));
	int e;

	if (!stuck)
		return err_set(err, -ENOMEM, "no memory for %zu goroutines", x->g->n_goroutines);
	e = heap_stuck(x->rt, x->g, stuck, err);
	if (e < 0)
		return e;
	for (size_t i = 0; i < x->g->n_goroutines; i++) {
		if (stuck[i] && x->of_goroutine[i] != HEAP_NONE)
			x->of[x->of_goroutine[i]].stuck++;
	}
	*known = true;
	return 0;
}

/*
 * heaviest[o]: of the objects that o dominates directly the one that retains most;
 * hub of each holder begins with its own heaviest.
 */
static void find_heaviest(struct grouping *x, uint32_t *heaviest)
{
	const struct heap_graph *g = x->g;

	for (uint32_t o = 0; o < g->n_objects; o++)
		heaviest[o] = HEAP_NONE;
	for (uint32_t o = 0; o < g->n_objects; o++) {
		uint32_t holder, above, *best;

		if (!heap_object_reached(g, o))
			continue;
		above = heap_dominator(g, o);
		holder = heap_group_of(g, o);
		if (above == HEAP_NONE && holder >= x->n)
			continue;
		best = above == HEAP_NONE ? &x->of[holder].hub : &heaviest[above];
		if (*best == HEAP_NONE || heap_retained(g, *best) < heap_retained(g, o))
			*best = o;
	}
}

static void find_hubs(struct grouping *x, const uint32_t *heaviest)
{
	for (uint32_t i = 0; i < x->n; i++) {
		struct heap_holder *h = &x->of[i];
		uint64_t half = h->retained_bytes / 2;

		if (h->hub == HEAP_NONE || heap_retained(x->g, h->hub) < half) {
			h->hub = HEAP_NONE;
			continue;
		}
		while (heaviest[h->hub] != HEAP_NONE &&
		       heap_retained(x->g, heaviest[h->hub]) >= half)
			h->hub = heaviest[h->hub];
	}
}

static int sum_up(struct grouping *x, const uint32_t *holder_of_root, struct heap_holders *ret,
		  struct err *err)
{
	_cleanup_(free_ptr) struct heap_group_sum *sums = calloc((size_t)x->n + 1, sizeof(*sums));
	_cleanup_(free_ptr) uint32_t *heaviest =
		calloc((size_t)x->g->n_objects + 1, sizeof(*heaviest));
	_cleanup_(free_ptr) bool *passing = calloc((size_t)x->n + 1, sizeof(*passing));
	int e;

	if (!sums || !heaviest || !passing)
		return err_set(err, -ENOMEM, "no memory for %u holders", x->n);
	for (uint32_t i = 0; i < x->n; i++)
		passing[i] = x->of[i].kind != HEAP_ROOT_GLOBAL;
	e = heap_groups(x->g, holder_of_root, x->n, passing, sums, &ret->shared, err);
	if (e < 0)
		return e;
	for (uint32_t i = 0; i < x->n; i++) {
		x->of[i].retained_bytes = sums[i].retained_bytes;
		x->of[i].retained_objects = sums[i].retained_objects;
	}
	find_heaviest(x, heaviest);
	find_hubs(x, heaviest);
	return 0;
}

struct ranked {
	struct heap_holder holder;
	uint32_t was;
};

static int by_retained(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->holder.retained_bytes != y->holder.retained_bytes)
		return x->holder.retained_bytes < y->holder.retained_bytes ? 1 : -1;
	return (x->was > y->was) - (x->was < y->was);
}

/* The largest first, and the roots' numbers with them. */
static int rank(struct grouping *x, uint32_t *holder_of_root, struct err *err)
{
	_cleanup_(free_ptr) struct ranked *v = calloc((size_t)x->n + 1, sizeof(*v));
	_cleanup_(free_ptr) uint32_t *now = calloc((size_t)x->n + 1, sizeof(*now));

	if (!v || !now)
		return err_set(err, -ENOMEM, "no memory for %u holders", x->n);
	for (uint32_t i = 0; i < x->n; i++)
		v[i] = (struct ranked){ x->of[i], i };
	qsort(v, x->n, sizeof(*v), by_retained);
	for (uint32_t i = 0; i < x->n; i++) {
		x->of[i] = v[i].holder;
		now[v[i].was] = i;
	}
	for (size_t i = 0; i < x->g->n_roots; i++)
		holder_of_root[i] = now[holder_of_root[i]];
	return 0;
}

static uint32_t table_size(uint32_t n)
{
	uint32_t size = 1024;

	while (size < 2 * n)
		size *= 2;
	return size;
}

int heap_holders(const struct goruntime *rt, const struct heap_graph *g,
		 struct heap_globals *globals, const struct heap_holders_options *opt,
		 struct arena *a, struct heap_holders *ret, struct err *err)
{
	size_t most = g->n_roots + g->n_goroutines + HEAP_ROOT_KINDS;
	uint32_t max = most < HOLDERS_MAX ? (uint32_t)most : HOLDERS_MAX, size = table_size(max);
	_cleanup_(free_ptr) uint32_t *table = calloc(size, sizeof(*table));
	_cleanup_(free_ptr) uint32_t *of = calloc(g->n_goroutines + 1, sizeof(*of));
	struct grouping x = { .rt = rt,
			      .g = g,
			      .globals = globals,
			      .max = max,
			      .table = table,
			      .mask = size - 1,
			      .seed = hash_seed(),
			      .of_goroutine = of };
	struct heap_holders out = { 0 };
	int e;

	x.of = arena_new_array(a, struct heap_holder, (size_t)max + 1);
	out.holder_of_root = arena_new_array(a, uint32_t, g->n_roots + 1);
	if (!table || !of || !x.of || !out.holder_of_root)
		return err_set(err, -ENOMEM, "no memory for %zu roots", g->n_roots);
	e = static_data_find(rt, g, &x.statics, err);
	if (e == 0)
		e = group(&x, out.holder_of_root, err);
	static_data_release(&x.statics);
	if (e == 0 && opt->prove_stuck)
		e = count_stuck(&x, &out.stuck_known, err);
	if (e == 0)
		e = sum_up(&x, out.holder_of_root, &out, err);
	if (e == 0)
		e = rank(&x, out.holder_of_root, err);
	if (e < 0)
		return e;
	out.of = x.of;
	out.n = x.n;
	*ret = out;
	return 0;
}
