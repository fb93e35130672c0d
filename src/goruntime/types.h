/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types: names of Go types from the runtime's own descriptors (stripped too).
 *
 * Source: Go src/internal/abi/type.go; abi.Type is 48 bytes in 1.18 to 1.27.
 */
#ifndef GORUNTIME_TYPES_H
#define GORUNTIME_TYPES_H

#include "base/arena.h"
#include "goruntime/runtime.h"

/*
 * The name of the type descriptor at @addr with its package path's last part
 * ("main.Session", "[]uint8"), in the arena; of very long ones the beginning.
 *
 * Go 1.22 and 1.23 give large objects a nameless copy of their type when its
 * pointers are described by a program: then the type of the same size and
 * pointers is looked for, and named if there is only one.
 *
 * -ENOENT when @addr is no descriptor that has a name (one made at run time by
 * reflection, a plugin's, garbage); -ENOMEM; else as mem_read().
 */
int gotype_name(const struct goruntime *rt, struct mem *m, uint64_t addr, struct arena *a,
		const char **ret, struct err *err) _must_use_;

#endif /* GORUNTIME_TYPES_H */
