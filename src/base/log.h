/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: lines on stderr for whoever runs whyoom, not results.
 *
 * Only cli/ and agent/ print: a library function reports through its
 * `struct err` and its caller decides. One line a call, "whyoom: " before it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/cleanup.h"

void log_warn(const char *fmt, ...) _printf_(1, 2);

/* One line that the next overwrites, on a terminal only; log_progress_end() clears it. */
void log_progress(const char *fmt, ...) _printf_(1, 2);
void log_progress_end(void);

#endif /* BASE_LOG_H */
