/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: a command under the recorder, in a memory group of its own.
 *
 * Follows the command's descendants, records each Go process among them, holds
 * each at its death, hands over a case for one that was killed or that died of
 * the Go runtime, passes signals on and never leaves the group behind.
 */
#ifndef RECORDER_RUN_H
#define RECORDER_RUN_H

#include "case/case.h"
#include "recorder/snapshot.h"
#include "recorder/subject.h"

/* One process that ended, or (at the end of the run) one that was asked for. */
struct run_report {
	const struct whycase *c;
	struct subject *subject;    /* for export: symbols */
	const struct snapshot *raw; /* of the kill, NULL if none */
	bool killed;		    /* by a signal or by the runtime itself */
};

struct run_options {
	char *const *argv;
	uint64_t memory_max;  /* 0: none */
	uint64_t capture_max; /* recording.h: of object graphs; UNKNOWN_U64, 0: none */
	double cpu_max;	      /* 0: none */
	uint64_t nofile;      /* 0: none */
	bool want_normal_end; /* report a normal end of CMD too */
	void (*report)(void *arg, const struct run_report *r);
	void (*note)(void *arg, const char *text); /* what the host did not grant */
	void *arg;
};

/*
 * Signals stay blocked afterwards: the caller has only to exit.
 * *ret_status is CMD's end as waitpid() has it. -ENOENT, -EACCES, -ENOEXEC: CMD
 * cannot be run; others: whyoom's own failure, CMD was not started.
 */
int run(const struct run_options *opt, int *ret_status, struct err *err) _must_use_;

#endif /* RECORDER_RUN_H */
