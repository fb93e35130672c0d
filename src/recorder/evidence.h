/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence: what the machine says of a death, looked for right after it.
 *
 * The group's kill counters across it, the kernel log's own lines matched by
 * pid and time, the exit status: exit status 137 alone proves nothing.
 */
#ifndef RECORDER_EVIDENCE_H
#define RECORDER_EVIDENCE_H

#include "case/case.h"
#include "host/kmsg.h"
#include "recorder/group_watch.h"

/* The kernel log from a moment on; @why where it cannot be read. */
struct log_watch {
	struct kmsg kmsg;
	struct kernlog *log; /* NULL: not readable */
	struct err why;
};

void log_watch_open(struct log_watch *w); /* from now on */
void log_watch_release(struct log_watch *w);

/*
 * Calls @each for every kill so far whose victim was in a group of this name (the
 * last part of its path); @each NULL: only counts. The number of them.
 */
size_t log_watch_kills_in(struct log_watch *w, const char *group_name,
			  void (*each)(void *arg, const struct kernlog_kill *k), void *arg);

struct death {
	int64_t t;  /* CLOCK_MONOTONIC ns of its discovery */
	int status; /* as waitpid() has it; -1: unknown (not our child) */
	bool held;
	int64_t held_ns;
};

/*
 * Fills @c->end and @c->kills for the case's subject. @group may be NULL. Waits
 * up to 300 ms for the kernel's line unless the process ended by itself. -ENOMEM.
 */
int evidence_of(const struct death *d, struct group_watch *group, struct log_watch *log,
		struct whycase *c, struct err *err) _must_use_;

#endif /* RECORDER_EVIDENCE_H */
