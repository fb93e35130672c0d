/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: has a process become another program?
 *
 * exec() keeps PID and start time and replaces everything else. What the kernel
 * put on the new stack (/proc/PID/auxv: random addresses, entry point) tells one
 * program from the next, also of the same file; only without address space
 * randomisation do two runs of one file look alike.
 *
 * `run` looks at every descendant of CMD, most of which are no Go: those are
 * remembered so that they are looked at once, and again only when they exec.
 */
#ifndef RECORDER_PROGRAM_H
#define RECORDER_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STRANGERS_MAX 512 /* the newest are kept */

/* Of the process whose /proc/PID is open at @procfd; 0: not to be told (gone, a zombie). */
uint64_t program_of(int procfd);

/* By PID; 0 as above. */
uint64_t program_of_pid(pid_t pid);

struct strangers {
	struct stranger {
		pid_t pid;
		uint64_t program;
	} of[STRANGERS_MAX];
	unsigned next;
};

void strangers_add(struct strangers *s, pid_t pid, uint64_t program);
bool strangers_have(const struct strangers *s, pid_t pid, uint64_t program);

#endif /* RECORDER_PROGRAM_H */
