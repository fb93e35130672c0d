/* SPDX-License-Identifier: Apache-2.0 */
/*
 * one_target: what the snapshot verbs (stats, heap, goroutines, spans) share:
 * the one TARGET argument, a PID or a core file, opened and attached.
 */
#ifndef CLI_ONE_TARGET_H
#define CLI_ONE_TARGET_H

#include "cli/cmd.h"
#include "goruntime/goroutines.h"
#include "recorder/subject.h"

#define ONE_TARGET_ARENA ((size_t)4 << 30)
#define ONE_TARGET_GOROUTINES ((size_t)16 << 20)

/* EXIT_OK with *ret attached, else the exit status; what is wrong was said. */
int one_target(const struct cli *cli, struct subject *ret);

/* Whether the file at @path, by its content, is a core file. */
bool one_target_is_core(const char *path);

/* Is -o's file to be pprof (*.pb.gz)? */
bool one_target_wants_pprof(const struct cli *cli);

#endif /* CLI_ONE_TARGET_H */
