/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holders: who keeps the heap alive: the roots in groups, by what each retains.
 *
 * One holder a global variable, one for all goroutines that were started by the
 * same function and wait for the same, one for each other kind of root. What
 * several of them keep is nobody's: the shared remainder. But what a variable keeps is
 * the variable's, though a goroutine uses it too: it stays when the goroutine ends. Retained bytes
 * are exact for the graph at hand (graph.h: heap_groups()).
 */
#ifndef HEAP_HOLDERS_H
#define HEAP_HOLDERS_H

#include "heap/globals.h"
#include "heap/graph.h"

struct heap_holder {
	enum heap_root_kind kind;
	struct heap_global global;  /* HEAP_ROOT_GLOBAL */
	uint64_t start_pc;	    /* HEAP_ROOT_STACK: of its goroutines */
	uint32_t wait_reason;	    /* as the runtime numbers it; HEAP_NONE: they do not wait */
	uint32_t goroutines, stuck; /* stuck: proved (stuck.h) */
	uint64_t retained_bytes, retained_objects;
	/*
	 * The object furthest from the roots that still retains half of the holder's
	 * bytes: where a collection's many elements part. HEAP_NONE: nothing retained,
	 * or no single object retains half.
	 */
	uint32_t hub;
};

struct heap_holders {
	struct heap_holder *of; /* the largest first; in the arena */
	uint32_t n;
	struct heap_group_sum shared; /* what several keep */
	uint32_t *holder_of_root;     /* index into @of for each root; in the arena */
	bool stuck_known;	      /* false: no proof was tried, or none is possible */
};

struct heap_holders_options {
	bool prove_stuck; /* the copy is whole and of one moment */
};

/* @globals NULL: all globals are one holder each by their address. -ENOMEM, -EFBIG. */
int heap_holders(const struct goruntime *rt, const struct heap_graph *g,
		 struct heap_globals *globals, const struct heap_holders_options *opt,
		 struct arena *a, struct heap_holders *ret, struct err *err) _must_use_;

#endif /* HEAP_HOLDERS_H */
