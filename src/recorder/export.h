/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: snapshots as pprof profiles, as Go's own endpoints write them.
 */
#ifndef RECORDER_EXPORT_H
#define RECORDER_EXPORT_H

#include "base/buf.h"
#include "goruntime/goroutines.h"
#include "goruntime/heap_profile.h"
#include "recorder/subject.h"

struct export_options {
	bool latest;		  /* heap: with the pending cycles */
	const char *default_type; /* "alloc_space" for allocs, NULL: as Go's heap */
	int64_t wall_ns;
};

/* heap, allocs: alloc_objects, alloc_space, inuse_objects, inuse_space. */
int export_heap(struct subject *s, const struct heap_profile *p, const struct export_options *opt,
		struct buf *out, struct err *err) _must_use_;

/* goroutine/count. */
int export_goroutines(struct subject *s, const struct goroutines *g,
		      const struct export_options *opt, struct buf *out, struct err *err)
	_must_use_;

#endif /* RECORDER_EXPORT_H */
