/* SPDX-License-Identifier: Apache-2.0 */
/*
 * large_path: which line of the program made the large objects of the last seconds.
 *
 * A bucket of the heap profile has one size: those of large objects tell exactly
 * how many were made (objects as large as the sampling rate are always sampled).
 * What each made between a profile before the last seconds and the last one,
 * pending cycles included, is summed by the program's own line. Private to
 * src/causes/.
 */
#ifndef CAUSES_LARGE_PATH_H
#define CAUSES_LARGE_PATH_H

#include "causes/cause.h"

struct large_path {
	const struct case_frame *frame; /* NULL: no profile, or none was made */
	double bytes, objects;		/* made by that line in the last seconds */
	double largest;			/* object, bytes */
};

/* The line with most bytes in objects of at least @object_min bytes. */
struct large_path large_path_of(const struct whycase *c, double object_min);

#endif /* CAUSES_LARGE_PATH_H */
