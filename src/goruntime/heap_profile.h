/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_profile: the runtime's own sampled heap profile, read from outside.
 *
 * Walks mbuckets (append-only, never freed: safe without a stop). "Published"
 * is what /debug/pprof/heap shows (the last completed cycle); "latest" adds the
 * pending cycles, which hold what was allocated since, garbage included.
 * Scaling as runtime/pprof's scaleHeapSample with the process's own rate. Stacks
 * are turned into functions and lines by heap_stacks.h.
 * Source: Go src/runtime/mprof.go, src/runtime/pprof/protomem.go.
 */
#ifndef GORUNTIME_HEAP_PROFILE_H
#define GORUNTIME_HEAP_PROFILE_H

#include "base/arena.h"
#include "goruntime/runtime.h"

/* As runtime.MemProfileRecord: unscaled counts of sampled objects. */
struct heap_counts {
	int64_t alloc_objects, free_objects, alloc_bytes, free_bytes;
};

struct heap_bucket {
	uint64_t size; /* of one object */
	uint32_t n_pcs;
	const uint64_t *pcs; /* return addresses, leaf first, one for each logical frame */
	struct heap_counts published, latest;
};

struct heap_profile {
	int64_t rate; /* MemProfileRate in force, above 0 */
	uint32_t cycle;
	struct heap_bucket *buckets; /* the youngest call site first; in the arena */
	size_t n;
	uint64_t bad; /* buckets that failed their check and were left out */
	bool cut;     /* the rest of the list could not be read */
	bool torn;    /* collections ended during each try: @published mixes two of them */
};

/*
 * -ENODATA when the program has none, which is no error of ours: "heap profiling
 * is off: …" (linked out, or MemProfileRate is 0), "heap profile is empty: …".
 * -E2BIG past @max_buckets (bounded by the arena too, -ENOMEM); -EBADMSG when the
 * list is a loop; else as mem_read().
 */
int heap_profile_read(const struct goruntime *rt, struct mem *m, size_t max_buckets,
		      struct arena *a, struct heap_profile *ret, struct err *err) _must_use_;

/* Estimated true values from sampled ones, exactly as runtime/pprof scales (to the last bit). */
void heap_scale(int64_t count, int64_t bytes, int64_t rate, int64_t *ret_count, int64_t *ret_bytes);

#endif /* GORUNTIME_HEAP_PROFILE_H */
