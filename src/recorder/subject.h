/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject: one Go process being looked at: its memory, its code, its runtime.
 *
 * Opening is cheap to undo and leaves nothing behind. Whoever looks at a
 * process (run, diagnose, the snapshot verbs) does it through a subject.
 */
#ifndef RECORDER_SUBJECT_H
#define RECORDER_SUBJECT_H

#include "goruntime/runtime.h"
#include "goruntime/stats.h"
#include "recorder/symbols.h"
#include "target/mem.h"

struct subject {
	pid_t pid;
	int procfd; /* /proc/PID, open: cannot be confused with a reused PID */
	struct mem *mem;
	struct image *img; /* NULL until attached */
	struct symbols *symbols;
	struct goruntime rt;
	pid_t via;     /* read by way of this thread, held at its exit; 0: not held */
	bool attached; /* the runtime was found and proved */
};

/* Opens the memory of @pid; @exe as in struct live_options. Errors as live_open(). */
int subject_open(struct subject *s, pid_t pid, const char *exe, struct err *err) _must_use_;

/*
 * Finds the Go runtime. -EAGAIN: not initialised yet, try again later; else as
 * image_find() and goruntime_attach(). May be called again after a failure.
 */
int subject_attach(struct subject *s, struct err *err) _must_use_;

void subject_release(struct subject *s);

/*
 * As subject_attach() and subject_open_attached(), by way of what is kept of the binary from the
 * last time (goruntime/attach_cache.h), and keeping what is found out now.
 */
int subject_attach_cached(struct subject *s, struct err *err) _must_use_;
int subject_open_cached(struct subject *s, pid_t pid, const char *exe, struct err *err) _must_use_;

/* Both steps, for a process that runs already; retries -EAGAIN for a second. */
int subject_open_attached(struct subject *s, pid_t pid, const char *exe, struct err *err)
	_must_use_;

/*
 * The process that a core file is of; @exe as in struct core_options. Its procfd
 * is -1. Errors as core_open() and subject_attach(); -ENODATA where the binary
 * is needed and not at hand.
 */
int subject_open_core(struct subject *s, const char *path, const char *exe, struct err *err)
	_must_use_;

#endif /* RECORDER_SUBJECT_H */
