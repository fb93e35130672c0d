/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/large_objects.h"

#include <errno.h>
#include <stdlib.h>

int large_objects_init(struct large_objects *l, size_t max, struct arena *a, struct err *err)
{
	*l = (struct large_objects){ .max = max };
	if (!max)
		return 0;
	l->v = arena_new_array(a, struct large_kept, max);
	return l->v ? 0 : err_set(err, -ENOMEM, "no memory for %zu large objects", max);
}

static bool smaller(const struct large_objects *l, size_t i, size_t j)
{
	return l->v[i].object.size < l->v[j].object.size;
}

static void swap(struct large_objects *l, size_t i, size_t j)
{
	struct large_kept k = l->v[i];

	l->v[i] = l->v[j];
	l->v[j] = k;
}

static void sift_up(struct large_objects *l, size_t i)
{
	for (; i && smaller(l, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(l, i, (i - 1) / 2);
}

static void sift_down(struct large_objects *l, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < l->n; i = child) {
		if (child + 1 < l->n && smaller(l, child + 1, child))
			child++;
		if (!smaller(l, child, i))
			return;
		swap(l, i, child);
	}
}

void large_objects_add(struct large_objects *l, const struct large_kept *k)
{
	if (l->n < l->max) {
		l->v[l->n] = *k;
		sift_up(l, l->n++);
	} else if (l->n && k->object.size > l->v[0].object.size) {
		l->v[0] = *k;
		sift_down(l, 0);
	}
}

static int by_size_then_address(const void *a, const void *b)
{
	const struct large_kept *x = a, *y = b;

	if (x->object.size != y->object.size)
		return x->object.size > y->object.size ? -1 : 1;
	return x->object.addr < y->object.addr ? -1 : x->object.addr > y->object.addr;
}

void large_objects_sort(struct large_objects *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_size_then_address);
}
