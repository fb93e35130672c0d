/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind: physical frames of a stack that does not move, by the pcsp tables.
 *
 * As the runtime's own unwinder: the function's table says how far the return
 * address lies above SP. What a pc needs is remembered, so that a hundred
 * thousand stacks of the same few functions cost a lookup in a small table for
 * each frame; frame pointers would save nothing and miss frames without one.
 * Private to goruntime/. Source: Go src/runtime/traceback.go (unwinder), 1.18 to
 * 1.27, amd64 and arm64.
 */
#ifndef GORUNTIME_UNWIND_H
#define GORUNTIME_UNWIND_H

#include "goruntime/goroutines.h"

struct pc_facts;

struct unwinder {
	const struct image *img; /* not owned */
	struct pc_facts *memo;	 /* owned */
};

int unwinder_init(struct unwinder *u, const struct image *img, struct err *err) _must_use_;
void unwinder_release(struct unwinder *u);

/* Where a walk stands. Begin with pc and sp as saved, lo and hi of the stack, n 0. */
struct stack_walk {
	uint64_t pc, sp, lo, hi;
	uint64_t lr; /* arm64: the return address of a frame without one on the stack; 0: none */
	bool in_syscall; /* pc and sp were saved by entersyscall */
	bool cut;	 /* ended before the outermost frame */
	uint64_t need;	 /* with WALK_MORE: the address of the word that is wanted */
	uint32_t n;
	uint64_t pcs[GOROUTINE_FRAMES_MAX]; /* leaf first, without runtime.goexit */
};

enum walk_state { WALK_DONE, WALK_MORE };

/* A piece of the stack that was read. */
struct stack_bytes {
	uint64_t from;
	size_t n;
	const uint8_t *p;
};

/* Goes on until the stack ends or a word outside of @b is needed. Never reads outside [lo, hi). */
enum walk_state stack_walk_on(struct unwinder *u, struct stack_walk *w,
			      const struct stack_bytes *b);

#endif /* GORUNTIME_UNWIND_H */
