/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recording: one Go process under observation, from its start to its death.
 *
 * Samples at 1 Hz, up to 20 Hz the nearer the limit; takes snapshots whose cost
 * stays below a two-hundredth of the time (a twentieth when the charge passes a
 * stage); captures the whole at the kill when its exit is held. One event loop
 * drives it: recording_due() says when, recording_step() works.
 */
#ifndef RECORDER_RECORDING_H
#define RECORDER_RECORDING_H

#include "recorder/group_watch.h"
#include "recorder/history.h"
#include "recorder/hold.h"
#include "recorder/objects.h"
#include "recorder/snapshot.h"

struct recording {
	struct subject s;
	struct gosampler sampler;
	struct hold hold;
	struct history history;
	struct group_watch *group; /* not owned; NULL: none */
	int statm;
	bool attached, sampled, gone;
	uint64_t program;  /* recorder/program.h; 0: not to be told */
	bool replaced;	   /* it has become another program: to be recorded anew */
	bool only_if_go;   /* no series of a process that turns out to be no Go */
	bool want_any_end; /* capture an exit too that is neither a kill nor the runtime's */
	int attach_tries;
	struct err hold_error;	 /* why no thread is seized, if so */
	struct err attach_error; /* why the runtime is not read, if so */
	int64_t begin, begin_wall;
	int64_t next_attach, next_sample, next_snapshot, next_look, snapshot_cost;
	int64_t last_sample;
	uint64_t last_charge, samples_lost;
	double slope;	 /* of the charge, bytes/s, smoothed */
	unsigned stage;	 /* of the limit in tenths, the highest passed */
	uint64_t num_gc; /* of the last cycle kept */
	int64_t cpu_ns;
	struct arena words; /* holds the three below, read while it lived */
	const char *comm, *exe, *cmdline;
	int64_t started_wall;	    /* ns since 1970, UNKNOWN_I64 */
	struct arena *kill_arena;   /* not owned: what is read at the kill; NULL: no hold */
	struct snapshot kill, last; /* last: of the newest periodic one, what was missing */
	struct case_charge kill_charge;
	bool captured;
	/*
	 * Object graphs: one as the record begins, at stages as far as their cost allows, and
	 * one at the kill, whose copied pages are kept until its case is made.
	 */
	uint64_t capture_max; /* bytes of such pages; 0: no graphs; UNKNOWN_U64: objects_room() */
	int exe_fd;	      /* the binary, opened while it lived; -1 */
	struct heap_globals *globals; /* made with the first graph; NULL: not yet */
	struct objects objects;
	struct err objects_error;	  /* why there is no graph of the end, if so */
	int64_t objects_cost, objects_at; /* of the last graph of the living */
	uint64_t objects_live;		  /* bytes of the heap then */
	int64_t held_ns, captured_at;
	int exit_code; /* waitpid form; of a held process */
	bool have_exit;
};

/*
 * @kill_arena: keep a thread seized and read the dying process into it; NULL: do
 * not. @exe as in subject_open(), whose errors these are.
 */
int recording_open(struct recording *r, pid_t pid, const char *exe, struct group_watch *group,
		   struct arena *kill_arena, struct err *err) _must_use_;
void recording_release(struct recording *r);

/* CLOCK_MONOTONIC ns of the next recording_step(). */
int64_t recording_due(const struct recording *r);

/* Attaches, arms, samples, takes snapshots: whatever is due. */
void recording_step(struct recording *r);

/* One snapshot now (the end of a live look). */
void recording_snapshot(struct recording *r, enum snapshot_why why);

/* Is this end (waitpid form) a kill or the Go runtime's own (a fatal error or a panic)? */
bool recording_died(const struct recording *r, int status);

/* waitpid() said something of r->hold.tid: true when the process is dying (captured if of
 * interest). */
bool recording_stopped(struct recording *r, int status);

/*
 * The evidence so far as a case: subject, host, limits, series, snapshots. The
 * recording must outlive it. How it ended is the caller's to fill.
 */
int recording_case(struct recording *r, struct arena *a, struct whycase *ret, struct err *err)
	_must_use_;

#endif /* RECORDER_RECORDING_H */
