/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spared: the recorder outlives the kill.
 *
 * Who dies with the server cannot tell of it. The OOM killer passes over us while
 * others are larger by half of what is scarce (oom_score_adj -500): not absolutely,
 * for it might be we who ate it. Where one of our groups has memory.oom.group, which
 * takes all members along, only -1000 helps. Both need CAP_SYS_RESOURCE, which
 * containers rarely have. Sources: Documentation/admin-guide/cgroup-v2.rst, proc(5).
 */
#ifndef RECORDER_SPARED_H
#define RECORDER_SPARED_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Of this process, and of children started later. 0; else @err says why it was not
 * granted, and @ret_taken_along whether a group of ours dies as a whole.
 */
int spared_ask(bool *ret_taken_along, struct err *err) _must_use_;

#endif /* RECORDER_SPARED_H */
