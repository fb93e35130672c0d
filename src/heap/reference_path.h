/* SPDX-License-Identifier: Apache-2.0 */
/* reference_path: the way from a root to an object, in words. */
#ifndef HEAP_REFERENCE_PATH_H
#define HEAP_REFERENCE_PATH_H

#include "heap/holders.h"

/*
 * The way from the holder to @object as a reader of the source would write it, without
 * the holder's name: ".users[].history". Steps of unknown types are ".?", repeated ones
 * (lists) are written once, long ones lose their middle. @types may be NULL.
 */
size_t heap_path(const struct heap_graph *g, const struct heap_types *types,
		 const struct heap_holder *h, uint32_t object, char *out, size_t max);

#endif /* HEAP_REFERENCE_PATH_H */
