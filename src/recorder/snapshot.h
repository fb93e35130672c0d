/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: all that can be read of a Go process at one moment, for the case.
 *
 * Two steps, so that a process held at its kill is kept no longer than reading
 * takes: snapshot_read() copies (raw: program counters), snapshot_finish()
 * symbolises from the image, when the process may be gone. A part that could
 * not be read is left out and named; the others go on.
 */
#ifndef RECORDER_SNAPSHOT_H
#define RECORDER_SNAPSHOT_H

#include "case/case.h"
#include "goruntime/goroutines.h"
#include "goruntime/heap_profile.h"
#include "goruntime/spans.h"
#include "recorder/subject.h"

#define SNAPSHOT_MISSING_MAX 6

struct snapshot { /* raw */
	int64_t t;
	enum snapshot_why why;
	bool have_stats, have_spans, have_profile, have_goroutines, have_resident;
	struct gostats stats;
	struct gospans spans;
	struct heap_profile profile;
	struct goroutines goroutines;
	struct case_resident resident;
	struct {
		const char *what;
		char why[sizeof(((struct err *)0)->msg)];
	} missing[SNAPSHOT_MISSING_MAX];
	unsigned n_missing;
	int64_t cpu_ns, wall_ns; /* what it cost */
};

/*
 * Reads into @raw, arrays into @a. The order is that of worth: statistics,
 * profile, goroutines, spans and resident pages; the mem's deadline cuts it
 * short from behind. Never fails as a whole: see @missing.
 */
void snapshot_read(struct subject *s, enum snapshot_why why, struct arena *a, struct snapshot *raw);

/* Into the case's form, symbolised; arrays into @a. -ENOMEM when it does not fit. */
int snapshot_finish(struct subject *s, const struct snapshot *raw, struct arena *a,
		    struct case_snapshot *ret, struct err *err) _must_use_;

/* The statistics alone, in the case's form. */
void snapshot_stats(const struct gostats *from, struct case_gostats *ret);

#endif /* RECORDER_SNAPSHOT_H */
