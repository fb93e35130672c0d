/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: starts the command that `run` watches.
 *
 * The child joins its group and takes its limits before exec, so no byte of it
 * is charged elsewhere. It keeps our process group, terminal, descriptors 0-2
 * and environment, and gets back the signal mask and dispositions that whyoom
 * was started with.
 */
#ifndef RECORDER_SPAWN_H
#define RECORDER_SPAWN_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "host/cgroup_make.h"

struct spawn_options {
	char *const *argv;		 /* ends with NULL */
	const struct cgroup_made *group; /* to join; NULL: none */
	uint64_t nofile;		 /* RLIMIT_NOFILE, 0: as inherited */
	const sigset_t *mask;		 /* to restore */
};

/*
 * A group that cannot be joined or a limit of files that is not granted is left
 * out: then @refused says what (code 0: nothing).
 * -ENOENT: not found; -EACCES or -ENOEXEC: not executable; the message names
 * the command. Other errors are of fork and exec.
 */
int spawn(const struct spawn_options *opt, pid_t *ret, struct err *refused, struct err *err)
	_must_use_;

#endif /* RECORDER_SPAWN_H */
