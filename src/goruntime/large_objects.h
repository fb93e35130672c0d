/* SPDX-License-Identifier: Apache-2.0 */
/*
 * large_objects: the largest of many, kept in a fixed array.
 */
#ifndef GORUNTIME_LARGE_OBJECTS_H
#define GORUNTIME_LARGE_OBJECTS_H

#include "goruntime/spans.h"

/* One object and its type descriptor, whose name is looked up at the end. */
struct large_kept {
	struct large_object object;
	uint64_t type; /* address, 0: unknown */
};

/* A heap with the smallest on top. */
struct large_objects {
	struct large_kept *v; /* in the arena */
	size_t n, max;
};

int large_objects_init(struct large_objects *l, size_t max, struct arena *a, struct err *err)
	_must_use_;
void large_objects_add(struct large_objects *l, const struct large_kept *k);

/* The largest first. The heap is spent. */
void large_objects_sort(struct large_objects *l);

#endif /* GORUNTIME_LARGE_OBJECTS_H */
