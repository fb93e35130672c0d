/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof_write: encodes a profile as pprof protobuf, gzipped.
 *
 * Source: google/pprof proto/profile.proto. Sample types and defaults as Go's
 * runtime/pprof writes them, so that `go tool pprof` shows the same.
 */
#ifndef PROFILE_PPROF_WRITE_H
#define PROFILE_PPROF_WRITE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct pprof_frame {
	const char *function, *file;
	int64_t line;
};

struct pprof_type {
	const char *type, *unit;
};

#define PPROF_VALUES_MAX 6

/* Opaque: interns strings, functions and locations. */
struct pprof_writer;

struct pprof_writer *pprof_new(const struct pprof_type *types, unsigned n_types,
			       struct pprof_type period_type, int64_t period);
void pprof_free(struct pprof_writer *w);
void pprof_freep(struct pprof_writer **w);

void pprof_set_default(struct pprof_writer *w, const char *sample_type); /* default_sample_type */
void pprof_set_time(struct pprof_writer *w, int64_t wall_ns, int64_t duration_ns);
void pprof_set_mapping(struct pprof_writer *w, uint64_t from, uint64_t to, uint64_t offset,
		       const char *file, const char *build_id);
void pprof_comment(struct pprof_writer *w, const char *comment);

/*
 * A location at @address with its inlined frames, innermost first (each its own
 * Line). Returns its id, 0 when out of memory (kept; pprof_finish() reports it).
 */
uint64_t pprof_location(struct pprof_writer *w, uint64_t address, const struct pprof_frame *frames,
			size_t n);

/* One sample; @locations leaf first. @bytes_label: numeric label "bytes", 0 none. */
void pprof_sample(struct pprof_writer *w, const uint64_t *locations, size_t n,
		  const int64_t *values, int64_t bytes_label);

/* The gzipped profile into @out; -ENOMEM, -EFBIG. */
int pprof_finish(struct pprof_writer *w, struct buf *out, struct err *err) _must_use_;

#endif /* PROFILE_PPROF_WRITE_H */
