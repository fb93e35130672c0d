/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_load: a whole kernel log, wherever it is.
 */
#ifndef CLI_KERNLOG_LOAD_H
#define CLI_KERNLOG_LOAD_H

#include "base/err.h"
#include "host/kernlog.h"

/*
 * Read @file to its end into @k, which is finished then: plain or gzip (rotated
 * logs are), "-" for standard input, NULL for what this host's kernel still
 * knows. -EBADMSG where it is no text and says nothing of memory; else a
 * negative errno. A line on the terminal shows how far it is, where it takes long.
 */
int kernlog_load(struct kernlog *k, const char *file, struct err *err) _must_use_;

#endif /* CLI_KERNLOG_LOAD_H */
