/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/large_new.h"

#include <math.h>
#include <string.h>

#define LIST_MAX 4096 /* objects of a look that are compared */

static bool same(const struct case_large *x, const struct case_large *y)
{
	return x->size == y->size &&
	       (x->type == y->type || (x->type && y->type && strcmp(x->type, y->type) == 0));
}

/* How many of the first @n of @list are as @x is. */
static size_t as_large(const struct case_large *list, size_t n, const struct case_large *x)
{
	size_t count = 0;

	/* largest first: the equal ones stand together */
	for (size_t i = 0; i < n && list[i].size >= x->size; i++)
		count += same(&list[i], x);
	return count;
}

/* The last look at the spans not after @since, else the first; NULL: none. */
static const struct case_snapshot *earlier(const struct whycase *c, int64_t since)
{
	const struct case_snapshot *found = NULL;

	for (size_t i = 0; i < c->n_snapshots; i++) {
		if (c->snapshots[i].have_spans && (!found || c->snapshots[i].t <= since))
			found = &c->snapshots[i];
	}
	return found;
}

/* Of one growing slice: each at most 2.1 times the next smaller one, none twice, one type
 * (or none known: objects without pointers have none). */
static bool one_buffer(const struct large_new *r)
{
	for (unsigned i = 1; i < r->n; i++) {
		double step = (double)r->all[i - 1]->size / (double)r->all[i]->size;
		const char *x = r->all[i - 1]->type, *y = r->all[i]->type;

		if (step < 1.05 || step > 2.1 || !x != !y || (x && strcmp(x, y) != 0))
			return false;
	}
	return r->n > 1;
}

struct large_new large_new_of(const struct whycase *c, int64_t since)
{
	const struct case_snapshot *last = case_last_with_spans(c);
	const struct case_snapshot *before = earlier(c, since);
	struct large_new r = { .known = last, .compared = before && before != last };
	size_t had = before && before->n_large < LIST_MAX ? before->n_large : LIST_MAX;
	size_t n = last && last->n_large < LIST_MAX ? last->n_large : LIST_MAX;

	for (size_t i = 0; last && i < n; i++) {
		const struct case_large *x = &last->large[i];

		if (r.compared &&
		    as_large(last->large, i + 1, x) <= as_large(before->large, had, x))
			continue;
		if (r.n < LARGE_FEW) {
			r.all[r.n++] = x;
			r.bytes += (double)x->size;
		} else if (x->size >= r.all[LARGE_FEW - 1]->size / 2) {
			r.others++;
		}
	}
	r.resident = r.bytes;
	if (last && last->resident && known(last->resident->heap_nonresident))
		r.resident = fmax(r.bytes - (double)last->resident->heap_nonresident, 0);
	r.one_buffer = one_buffer(&r);
	return r;
}
