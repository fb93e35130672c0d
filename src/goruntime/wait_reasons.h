/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait_reasons: what a parked goroutine waits for, in Go's own words.
 *
 * The numbers changed in most releases and come from the layout; the words are
 * those of waitReasonStrings (Go src/runtime/runtime2.go, 1.18 to 1.27), which
 * tracebacks print.
 */
#ifndef GORUNTIME_WAIT_REASONS_H
#define GORUNTIME_WAIT_REASONS_H

#include "goruntime/layout.h"

/* Static; "" for 0, "unknown wait reason" (as Go says) where the release has no such number. */
const char *wait_reason_words(const struct layout *lay, unsigned reason);

#endif /* GORUNTIME_WAIT_REASONS_H */
