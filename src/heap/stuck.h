/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stuck: goroutines that nothing able to run can ever wake.
 *
 * As the runtime's own goroutineleak profile decides it (Go src/runtime/mgc.go,
 * 1.26 on): what is able to run, and the globals, reach some objects; a goroutine
 * blocked on a channel or a lock of those can be woken, so what it reaches counts
 * too; and so on until nothing is added. The others are stuck: proved where the
 * graph is whole and of one moment.
 *
 * Channels are known exactly (g.waiting names them). For locks, wait groups and
 * conditions any object that the stack refers to, and any word of it that points
 * at a global, counts as what may be waited on: so some that are stuck are not
 * called so, never the other way round. Pointers that a running goroutine has
 * in its registers alone are not seen.
 */
#ifndef HEAP_STUCK_H
#define HEAP_STUCK_H

#include "heap/graph.h"

/* @stuck: one flag for each goroutine of the graph, the caller's. -ENOMEM. */
int heap_stuck(const struct goruntime *rt, const struct heap_graph *g, bool *stuck, struct err *err)
	_must_use_;

/* As the runtime numbers it; HEAP_NONE: it does not wait, or cannot be read. */
uint32_t heap_wait_reason(const struct goruntime *rt, const struct heap_graph *g,
			  const struct heap_goroutine *of);

#endif /* HEAP_STUCK_H */
