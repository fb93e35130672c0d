/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather: many small records of another address space, in few reads.
 *
 * The records are sorted by address, neighbours are read together, and each is
 * handed over where it lies in the block read: no copy, no memory by the record.
 * Made for span headers, mark bits and the like, which lie close together.
 */
#ifndef GORUNTIME_GATHER_H
#define GORUNTIME_GATHER_H

#include "target/mem.h"

/* At most GATHER_RECORD_MAX bytes each. */
#define GATHER_RECORD_MAX 4096u

struct gather_want {
	uint64_t addr;
	uint32_t len;
	uint32_t tag; /* the caller's own: which of its things this is */
};

/*
 * Called once a record; @p is NULL where the target would not give it, and is
 * gone when the call returns.
 */
typedef void gather_fn(void *arg, uint32_t tag, const uint8_t *p);

struct gather; /* the buffers, kept from call to call; about 1 MiB */

int gather_new(struct gather **ret, struct err *err) _must_use_;
void gather_free(struct gather *g);
void gather_freep(struct gather **g);
#define _cleanup_gather_ _cleanup_(gather_freep)

/*
 * Reads v[0..n) and calls @fn for each; @v is left in order of address. A want
 * that is too long or past the end of the address space counts as not given.
 * Returns how many were not given: where that should not be, memory that was
 * mapped since the last mem_refresh() may be the reason. Errors as mem_readv(),
 * -ENOMEM; some records were handed over by then.
 */
int gather_read(struct gather *g, struct mem *m, struct gather_want *v, size_t n, gather_fn *fn,
		void *arg, struct err *err) _must_use_;

#endif /* GORUNTIME_GATHER_H */
