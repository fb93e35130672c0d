/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames: which frame of a stack is the program's own, and how to say it.
 *
 * A culprit is named by the first frame, from the leaf on, that is not of the
 * standard library: the line its owner can change. Private to src/causes/.
 */
#ifndef CAUSES_FRAMES_H
#define CAUSES_FRAMES_H

#include "causes/cause.h"

/* Of the Go distribution: says the frame's module, else the first element of its import path. */
bool frame_is_std(const struct case_frame *f);

/* The first frame that is not std, else the leaf; NULL of an empty stack. */
const struct case_frame *frame_of_program(const struct case_stack *s);

/* True if @function stands anywhere in @s. */
bool stack_has(const struct case_stack *s, const char *function);

/* "main.(*quotes).fetch": the path before the package's last element left out, as pprof shows it.
 */
const char *function_short(const char *function);

/* "quotes.go:41" in the arena; the function where file or line is unknown. */
const char *frame_place(const struct case_frame *f, struct arena *a);

/* "quotes.go" of a path; NULL of NULL. */
const char *file_short(const char *path);

/* Name, file and line of @f into a culprit. */
struct culprit *culprit_frame(struct finding *f, enum culprit_kind kind,
			      const struct case_frame *frame);

#endif /* CAUSES_FRAMES_H */
