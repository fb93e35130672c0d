/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols: stacks of program counters to the case's frames, each worked out once.
 *
 * Snapshots repeat the same stacks: a table by stack makes the second one cheap,
 * and equal frames are one object. Frames point into the image's strings and
 * stacks belong to the table: image and table must outlive them.
 */
#ifndef RECORDER_SYMBOLS_H
#define RECORDER_SYMBOLS_H

#include "case/case.h"
#include "goruntime/goroutines.h"
#include "goruntime/heap_profile.h"
#include "image/image.h"

struct symbols;

/* @budget bytes for the frames and stacks. NULL: no memory. */
struct symbols *symbols_new(const struct image *img, size_t budget);
void symbols_free(struct symbols *s);

/* The frames of a heap profile's bucket as runtime/pprof shows them. -ENOMEM. */
int symbols_heap(struct symbols *s, const struct heap_bucket *b, struct case_stack *ret) _must_use_;

/* The frames of a goroutine group as a traceback shows them (without the runtime's inner ones). */
int symbols_goroutine(struct symbols *s, const struct goroutine_group *g, struct case_stack *ret)
	_must_use_;

/* Where the group's go statement stands; NULL: the main goroutine, unknown, or no room. */
const struct case_frame *symbols_creator(struct symbols *s, const struct goroutine_group *g);

#endif /* RECORDER_SYMBOLS_H */
