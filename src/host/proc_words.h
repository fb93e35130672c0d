/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_words: the texts by which people know a process: comm, command line, program, environment.
 *
 * All of them are the target's own words: any byte may be in them. @procfd is
 * /proc/PID; results live in the arena and are NUL-terminated.
 */
#ifndef HOST_PROC_WORDS_H
#define HOST_PROC_WORDS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* At most 15 bytes (more for a kernel thread), without the newline. */
int proc_comm(int procfd, struct arena *a, const char **ret, struct err *err) _must_use_;

/* The arguments with a blank between them, at most 4096 bytes of them; "" for a zombie. */
int proc_cmdline(int procfd, struct arena *a, const char **ret, struct err *err) _must_use_;

/* The program's path as the kernel names it (with " (deleted)"); -ENOENT a kernel thread,
 * -EACCES a foreign user's. */
int proc_exe(int procfd, struct arena *a, const char **ret, struct err *err) _must_use_;

/* The value that @name had in the environment when the program started; -ENOENT when it
 * was not there. Changes by the program itself are not seen. */
int proc_environ(int procfd, const char *name, struct arena *a, const char **ret, struct err *err)
	_must_use_;

/* -1000 … 1000 */
int proc_oom_score_adj(int procfd, int *ret, struct err *err) _must_use_;

#endif /* HOST_PROC_WORDS_H */
