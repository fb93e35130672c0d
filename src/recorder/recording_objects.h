/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recording_objects: when a recording makes object graphs, and of what.
 *
 * The first as the record begins, while the heap is small; later ones at stages and
 * at the end of a look, each only if its expected cost is a twentieth of the time
 * since the last; one of the dying process, copied within the hold after all else.
 * The living are not stopped: their graphs are approximate. Private to src/recorder/.
 */
#ifndef RECORDER_RECORDING_OBJECTS_H
#define RECORDER_RECORDING_OBJECTS_H

#include "recorder/recording.h"

/* Into @snap, which was finished from @raw, if one is due. */
void recording_objects(struct recording *r, const struct snapshot *raw, struct case_snapshot *snap,
		       struct arena *a);

/* Copies the pages of the held; the mem's deadline holds for them too. */
void recording_objects_at_kill(struct recording *r);

/* Works out what was copied, into the snapshot of the kill; the pages are let go. */
void recording_objects_of_kill(struct recording *r, struct case_snapshot *snap);

#endif /* RECORDER_RECORDING_OBJECTS_H */
