/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look_core: the one moment that a core file has kept, as a case.
 *
 * No series, no memory group, no kernel log: those are named as missing. Times
 * are of the dead process's own clock (goruntime/last_time.h).
 */
#ifndef RECORDER_LOOK_CORE_H
#define RECORDER_LOOK_CORE_H

#include "case/case.h"
#include "recorder/snapshot.h"

/*
 * @s is opened here and stays to be released after the case's use; @raw is what
 * the case was made of. As subject_open_core(); -ENOMEM.
 */
int look_core(const char *path, const char *exe, struct subject *s, struct snapshot *raw,
	      struct arena *a, struct whycase *ret, struct err *err) _must_use_;

#endif /* RECORDER_LOOK_CORE_H */
