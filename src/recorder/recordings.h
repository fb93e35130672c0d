/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recordings: one for each Go process that descends from CMD, and one for CMD itself.
 *
 * Descendants are found by looking, into CMD's own group where it has one, else at
 * all processes: often while the command is young, then once a second, the looking
 * alone at a twentieth of a CPU at most. What turns out to be no Go is let go
 * and remembered; what became another program by exec() is recorded anew.
 */
#ifndef RECORDER_RECORDINGS_H
#define RECORDER_RECORDINGS_H

#include "recorder/program.h"
#include "recorder/recording.h"

#define RECORDINGS_MAX 64 /* at once */

struct recordings {
	pid_t child;  /* CMD */
	int group_fd; /* of CMD's own memory group, which we are not charged to; -1: none */
	bool want_any_end;
	uint64_t capture_max; /* as recording.capture_max */
	struct recording *of[RECORDINGS_MAX];
	size_t n;
	struct strangers strangers;
	struct group_watch group;
	bool watching;
	struct arena kill_arena; /* what is read of the dying; lives as long as the run */
	bool prepared;		 /* it is present */
	int64_t begin, next_look;
	int64_t making_ns; /* CPU time of the last look that went into new recordings */
};

/* @group_fd stays the caller's. */
void recordings_init(struct recordings *r, pid_t child, int group_fd, bool want_any_end);
void recordings_release(struct recordings *r);

struct recording *recordings_by_thread(struct recordings *r, pid_t tid); /* held by it */
struct recording *recordings_by_pid(struct recordings *r, pid_t pid);
bool recordings_any_held(const struct recordings *r);

/* CLOCK_MONOTONIC ns of the next look or step. */
int64_t recordings_due(const struct recordings *r);

/* Looks for new descendants, where that is due. */
void recordings_look(struct recordings *r, int64_t now);

/* One step of the @i-th, where it is due. */
void recordings_step(struct recordings *r, size_t i, int64_t now);

/*
 * Lets go what is no more. The result is a Go process that ended without a word
 * to us (its parent reaped it and it was not held): the caller reports and forgets
 * it and asks again; NULL: no more of them.
 */
struct recording *recordings_sweep(struct recordings *r, int64_t now);

void recordings_forget(struct recordings *r, struct recording *rec);

/* Nobody is held afterwards, until each one's next step. */
void recordings_disarm(struct recordings *r);

#endif /* RECORDER_RECORDINGS_H */
