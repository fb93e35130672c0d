/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goroutine_stacks: the stack of a goroutine group in functions and lines, as
 * Go's own profiles and tracebacks show it.
 *
 * Source: Go src/runtime/traceback.go (tracebackPCs, showfuncinfo,
 * printcreatedby1), 1.19 to 1.27.
 */
#ifndef GORUNTIME_GOROUTINE_STACKS_H
#define GORUNTIME_GOROUTINE_STACKS_H

#include "goruntime/goroutines.h"

/* Always enough for GOROUTINE_FRAMES_MAX physical frames of ordinary code; see @max below. */
#define GOROUTINE_STACK_MAX 1024

struct goroutine_frame {
	struct image_frame frame;
	uint64_t address; /* of the call in the physical frame, as pprof's locations have it */
	bool joined;	  /* in the same physical frame as the one before, which is inlined */
};

/*
 * All logical frames, leaf first, the runtime's own too: what the goroutine
 * profile holds. Returns how many were written, at most @max (the innermost
 * ones then).
 */
size_t goroutine_stack(const struct image *img, const struct goroutine_group *g,
		       struct goroutine_frame *out, size_t max);

/*
 * Keeps those of frames[0..n) that a traceback (debug=2, a crash) shows: not the
 * runtime's inner ones. All stay where none would be left. Returns how many.
 */
size_t goroutine_stack_shown(struct goroutine_frame *frames, size_t n);

/* Function and line of the go statement; false for the main goroutine and where it is unknown. */
bool goroutine_creator(const struct image *img, const struct goroutine_group *g,
		       struct image_frame *ret);

#endif /* GORUNTIME_GOROUTINE_STACKS_H */
