/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects: the object graph of a process in the case's form: who holds its heap.
 *
 * Two steps, as with a snapshot: objects_copy() takes the pages while the process
 * is held, objects_finish() works out the graph from them when it may be gone.
 */
#ifndef RECORDER_OBJECTS_H
#define RECORDER_OBJECTS_H

#include "heap/globals.h"
#include "heap/graph.h"
#include "recorder/snapshot.h"
#include "recorder/subject.h"

struct objects {
	struct heap_copy *copy; /* NULL: none was made */
	struct heap_copied what;
	enum heap_mode mode;
	void *types; /* HEAP_DEAD: the binary's type descriptors, which are gone with it */
	size_t n_types;
};

/* The smaller of 1 GB and half of the memory that this host has left, now. */
uint64_t objects_room(void);

/* At most @max_bytes of pages. Errors as heap_copy(). */
int objects_copy(struct subject *s, enum heap_mode mode, uint64_t max_bytes, struct objects *ret,
		 struct err *err) _must_use_;
void objects_release(struct objects *o);

/*
 * The holders into @snap->objects, in @a. @raw is what @snap was finished from: its
 * goroutines name the holders among them. Errors as heap_graph() and heap_holders().
 */
int objects_finish(struct subject *s, struct heap_globals *globals, const struct objects *o,
		   const struct snapshot *raw, struct case_snapshot *snap, struct arena *a,
		   struct err *err) _must_use_;

#endif /* RECORDER_OBJECTS_H */
