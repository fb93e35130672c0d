/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: what the recorder remembers of a process, in bounded memory.
 *
 * Samples and GC cycles are thinned when their room is full: of the older half
 * every second goes, so a record of days keeps its shape and the last minutes
 * keep every sample. Snapshots: the first two and the newest stay, of the others
 * the one that is closest to its neighbours in time goes.
 */
#ifndef RECORDER_HISTORY_H
#define RECORDER_HISTORY_H

#include "case/case.h"

#define HISTORY_SAMPLES 12288
#define HISTORY_CYCLES 4096
#define HISTORY_SNAPSHOTS 24

struct history_snapshot {
	struct arena arena; /* holds what @snap points to */
	struct case_snapshot snap;
};

struct history {
	struct case_sample *samples; /* HISTORY_SAMPLES of them */
	struct case_cycle *cycles;
	size_t n_samples, n_cycles, n_snapshots;
	uint64_t samples_dropped; /* by thinning */
	struct history_snapshot *snapshots;
};

int history_init(struct history *h); /* -ENOMEM */
void history_release(struct history *h);

void history_sample(struct history *h, const struct case_sample *s);
void history_cycle(struct history *h, const struct case_cycle *c);

/*
 * A place for one more snapshot, its arena ready with @budget bytes; never
 * NULL. It counts once history_keep() was called, in time order.
 */
struct history_snapshot *history_place(struct history *h, size_t budget);
void history_keep(struct history *h);

/* Points @c's series and snapshots at the history: it must outlive the case. */
void history_into(const struct history *h, struct whycase *c);

#endif /* RECORDER_HISTORY_H */
