/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start_func: whose goroutine it is, by the function it was started with.
 *
 * By names: the numbers of abi.FuncID change. Private to goruntime/.
 * Source: Go src/runtime/traceback.go (isSystemGoroutine), 1.18 to 1.27.
 */
#ifndef GORUNTIME_START_FUNC_H
#define GORUNTIME_START_FUNC_H

#include <stdint.h>

#include "image/image.h"

enum start_kind {
	START_UNSEEN,
	START_PROGRAM,	  /* runtime.main and coroutines are the program's too */
	START_RUNTIME,	  /* the runtime's own */
	START_FINALIZERS, /* the program's while it is in the program's code */
	START_CLEANUPS,	  /* likewise; g.runningCleanups says so (1.25) */
};

struct start_funcs {
	const struct image *img;
	struct {
		uint64_t pc;
		enum start_kind kind;
	} seen[64]; /* by hash: many goroutines, few functions */
};

void start_funcs_init(struct start_funcs *s, const struct image *img);
enum start_kind start_func_kind(struct start_funcs *s, uint64_t startpc);

/* One of the frames is not the runtime's. */
bool start_funcs_in_program(const struct start_funcs *s, const uint64_t *pcs, uint32_t n);

#endif /* GORUNTIME_START_FUNC_H */
