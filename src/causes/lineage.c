/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/lineage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Of runtime.waitReasonStrings (runtime2.go, 1.19 to 1.27), by prefix; the longer one first. */
static const struct {
	const char *prefix, *key;
} blocked_states[] = {
	{ "chan receive", "state.chan-receive" },
	{ "chan send", "state.chan-send" },
	{ "select", "state.select" },
	{ "sync.Mutex", "state.mutex" },
	{ "sync.RWMutex", "state.mutex" },
	{ "sync.Cond", "state.cond" },
	{ "sync.WaitGroup", "state.wait-group" },
	{ "semacquire", "state.semaphore" },
	{ "sleep", "state.sleep" },
	{ "IO wait", "state.io" },
	{ "synctest.", "state.synctest" },
};

const char *lineage_blocked_state(const char *state)
{
	for (size_t i = 0; state && i < sizeof(blocked_states) / sizeof(blocked_states[0]); i++) {
		if (str_has_prefix(str_from(state), str_from(blocked_states[i].prefix)))
			return blocked_states[i].key;
	}
	return NULL;
}

static int compare_names(const char *x, const char *y)
{
	return x == y ? 0 : strcmp(x ? x : "", y ? y : "");
}

static int compare_origins(const struct lineage *x, const struct lineage *y)
{
	int d = compare_names(x->created_by->function, y->created_by->function);

	if (d == 0)
		d = compare_names(x->created_by->file, y->created_by->file);
	if (d == 0)
		d = (x->created_by->line > y->created_by->line) -
		    (x->created_by->line < y->created_by->line);
	return d ? d : compare_names(x->start, y->start);
}

static int by_origin(const void *x, const void *y)
{
	return compare_origins(x, y);
}

/* Most members first; of equals by origin, so that the order is always the same. */
static int by_members(const void *x, const void *y)
{
	const struct lineage *l = x, *m = y;

	if (l->members != m->members)
		return l->members < m->members ? 1 : -1;
	return compare_origins(l, m);
}

static bool counted(const struct case_goroutines *g)
{
	return !g->system && g->created_by;
}

static const char *start_of(const struct case_goroutines *g)
{
	return g->start ? g->start : g->stack.n ? g->stack.frames[g->stack.n - 1]->function : NULL;
}

static uint64_t saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX - 2 : sum;
}

/* Add a group's goroutines to a lineage's look at that snapshot. */
static void add(struct lineage *x, unsigned look, const struct case_goroutines *g)
{
	struct lineage_look *l = &x->looks[look];

	l->count = saturating(l->count, g->count);
	if (!lineage_blocked_state(g->state))
		return;
	l->blocked = saturating(l->blocked, g->count);
	if (known(g->stack_bytes))
		l->stack_bytes = saturating(l->stack_bytes, g->stack_bytes);
	if (g->wait_max_ns > l->wait_max)
		l->wait_max = g->wait_max_ns;
	if (g->wait_mean_ns < 0)
		return;
	l->wait_mean = isnan(l->wait_mean) ? 0 : l->wait_mean;
	l->timed += (double)g->count;
	l->wait_mean += ((double)g->wait_mean_ns - l->wait_mean) * (double)g->count / l->timed;
}

/* The lineages of the last snapshot, in the order of their origin. */
static size_t gather(const struct case_snapshot *s, struct lineage *all)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < s->n_groups; i++) {
		if (counted(&s->groups[i]))
			all[n++] = (struct lineage){ .created_by = s->groups[i].created_by,
						     .start = start_of(&s->groups[i]),
						     .members = s->groups[i].count };
	}
	qsort(all, n, sizeof(all[0]), by_origin);
	for (size_t i = 0; i < n; i++) {
		if (at && compare_origins(&all[at - 1], &all[i]) == 0)
			all[at - 1].members = saturating(all[at - 1].members, all[i].members);
		else
			all[at++] = all[i];
	}
	return at;
}

/* The largest lineages, each with room for its looks; in the order of their origin. */
static int choose(const struct case_snapshot *s, struct arena *a, struct lineages *l)
{
	l->all = arena_new_array(a, struct lineage, s->n_groups ? s->n_groups : 1);
	if (!l->all)
		return -ENOMEM;
	l->n = gather(s, l->all);
	qsort(l->all, l->n, sizeof(l->all[0]), by_members);
	if (l->n > LINEAGES_MAX)
		l->n = LINEAGES_MAX;
	for (size_t i = 0; i < l->n; i++) {
		l->all[i].looks = arena_new_array(a, struct lineage_look, LINEAGE_LOOKS_MAX);
		if (!l->all[i].looks)
			return -ENOMEM;
	}
	qsort(l->all, l->n, sizeof(l->all[0]), by_origin);
	return 0;
}

static void look_at(const struct case_snapshot *s, unsigned look, bool last, struct lineages *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->all[i].looks[look] = (struct lineage_look){ .t = s->t,
							       .wait_max = -1,
							       .wait_mean = (double)NAN };
	for (size_t i = 0; i < s->n_groups; i++) {
		const struct case_goroutines *g = &s->groups[i];
		struct lineage key = { .created_by = g->created_by, .start = start_of(g) };
		struct lineage *x;

		if (!counted(g))
			continue;
		x = bsearch(&key, l->all, l->n, sizeof(l->all[0]), by_origin);
		if (!x)
			continue;
		add(x, look, g);
		if (last && lineage_blocked_state(g->state) &&
		    (!x->largest || g->count > x->largest->count))
			x->largest = g;
	}
}

/* Of @have snapshots with goroutines, is the @nth (from 1) among the looks, of which @n are taken?
 */
static bool is_look(size_t nth, size_t have, unsigned n)
{
	return have <= LINEAGE_LOOKS_MAX || nth == have ||
	       nth * (LINEAGE_LOOKS_MAX - 1) / have >= n;
}

int lineages_of(const struct whycase *c, struct arena *a, struct lineages *ret)
{
	const struct case_snapshot *last = case_last_with_goroutines(c);
	size_t have = 0, nth = 0;
	struct lineages l = { 0 };

	*ret = l;
	if (!last)
		return 0;
	if (choose(last, a, &l) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_snapshots; i++)
		have += c->snapshots[i].have_goroutines;
	for (size_t i = 0; i < c->n_snapshots && l.n_looks < LINEAGE_LOOKS_MAX; i++) {
		const struct case_snapshot *s = &c->snapshots[i];

		if (!s->have_goroutines || !is_look(++nth, have, l.n_looks))
			continue;
		look_at(s, l.n_looks, s == last, &l);
		l.n_looks++;
	}
	qsort(l.all, l.n, sizeof(l.all[0]), by_members);
	*ret = l;
	return 0;
}

const struct lineage_look *lineage_last(const struct lineages *l, const struct lineage *x)
{
	return &x->looks[l->n_looks - 1];
}
