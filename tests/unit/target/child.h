/* SPDX-License-Identifier: Apache-2.0 */
/* child: a process of our own to look into, which does as it is told. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <sys/types.h>

#include "target/live.h"

struct child {
	pid_t pid;
	int to, from; /* a byte each way */
	struct mem *m;
};

/*
 * Forks. The child runs @prepare, then @command with each byte that child_tell()
 * sends (either may be NULL). Its memory is open as ->m. It ends with us.
 */
void child_start(struct child *c, void (*prepare)(void), void (*command)(char));

/* Returns when the child has done it. */
void child_tell(const struct child *c, char command);

/* The same for a command after which it hears no more: returns when it ran exec() or ended. */
void child_tell_last(const struct child *c, char command);

/* SIGKILL, and the zombie is reaped. */
void child_kill(struct child *c);

/* Kills it if it still runs, and closes what is open. */
void child_end(struct child *c);

/* A value in kB of a file below the child's /proc directory ("status", "RssAnon:"). */
long child_kb(const struct child *c, const char *file, const char *key);

#endif /* TESTS_CHILD_H */
