/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals: what the global variable at an address is called.
 *
 * From the binary's symbol table where there is one; in a stripped binary from the
 * functions whose code refers to it: those of the main module first, initialisers
 * last. Such a name tells the reader where to look; it is no variable's name, and where
 * a variable ends is not known then: it is taken to reach to the next one that code
 * refers to.
 */
#ifndef HEAP_GLOBALS_H
#define HEAP_GLOBALS_H

#include "goruntime/runtime.h"

struct heap_global {
	uint64_t addr, size; /* size 0 unknown */
	const char *name;    /* "main.sessions"; else "(used by main.handle, main.put)"; NULL */
	const char *module;  /* path; NULL unknown */
	bool by_reference;   /* named by the functions that refer to it */
	bool of_runtime;     /* of package runtime, or nothing but its code refers to it */
};

struct heap_globals; /* opaque; the strings live in it */

/*
 * @exe_fd: the binary; -1: none at hand, as if it were stripped. It is only read here.
 * -ENOMEM.
 */
int heap_globals(const struct goruntime *rt, struct mem *m, int exe_fd, struct heap_globals **ret,
		 struct err *err) _must_use_;
void heap_globals_free(struct heap_globals *g);

/*
 * The variable that holds @addr. False: not in data or bss, or nothing is known of it.
 * Without symbols the first call reads all code (a second for a large program).
 */
bool heap_global_at(struct heap_globals *g, uint64_t addr, struct heap_global *ret);

#endif /* HEAP_GLOBALS_H */
