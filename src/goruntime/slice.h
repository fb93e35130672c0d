/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: a Go slice header in the target.
 *
 * The three words are not changed as one: a runtime that grows a slice stores
 * the new array before or after the new length. Read again where it matters.
 */
#ifndef GORUNTIME_SLICE_H
#define GORUNTIME_SLICE_H

#include "target/mem.h"

struct go_slice {
	uint64_t array, len, cap;
};

/* -EBADMSG when it cannot be a slice of elements of @elem bytes: len > cap, or no address. */
int go_slice_read(struct mem *m, uint64_t addr, uint64_t elem, struct go_slice *ret,
		  struct err *err) _must_use_;

#endif /* GORUNTIME_SLICE_H */
