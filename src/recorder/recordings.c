/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/recordings.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host/cgroup_procs.h"
#include "host/file.h"
#include "host/proc_list.h"

#define YOUNG (2 * NS_PER_S)	   /* so long the command is looked at often */
#define LOOK_FAST (50 * NS_PER_MS) /* between two looks */
#define LOOK_SLOW NS_PER_S
#define LOOK_SHARE 20
#define LOOK_ARENA ((size_t)16 << 20)
#define STRANGER_TRIES 5
#define STRANGER_AGE (2 * NS_PER_S)	 /* of one that seems no Go */
#define STRANGER_AGE_MAX (20 * NS_PER_S) /* of one whose runtime does not come up */
#define KILL_BUDGET ((size_t)1 << 30)
#define KILL_RESERVED ((size_t)4 << 20) /* 50,000 goroutines in 5 groups take 25 kB */

void recordings_init(struct recordings *r, pid_t child, int group_fd, bool want_any_end)
{
	memset(r, 0, sizeof(*r));
	r->child = child;
	r->group_fd = group_fd;
	r->want_any_end = want_any_end;
	r->capture_max = UNKNOWN_U64;
	r->begin = clock_mono();
	arena_init(&r->kill_arena, KILL_BUDGET);
}

void recordings_release(struct recordings *r)
{
	while (r->n)
		recordings_forget(r, r->of[r->n - 1]);
	arena_release(&r->kill_arena);
	if (r->watching)
		group_watch_release(&r->group);
	r->watching = false;
}

struct recording *recordings_by_thread(struct recordings *r, pid_t tid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->of[i]->hold.tid == tid)
			return r->of[i];
	}
	return NULL;
}

struct recording *recordings_by_pid(struct recordings *r, pid_t pid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->of[i]->s.pid == pid)
			return r->of[i];
	}
	return NULL;
}

bool recordings_any_held(const struct recordings *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->of[i]->hold.tid)
			return true;
	}
	return false;
}

void recordings_disarm(struct recordings *r)
{
	for (size_t i = 0; i < r->n; i++)
		hold_disarm(&r->of[i]->hold);
}

void recordings_forget(struct recordings *r, struct recording *rec)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->of[i] != rec)
			continue;
		recording_release(rec);
		free(rec);
		r->of[i] = r->of[--r->n];
		return;
	}
}

static struct recording *new_recording(struct recordings *r, pid_t pid)
{
	struct recording *rec = calloc(1, sizeof(*rec));
	struct group_watch *group;

	if (!r->watching)
		r->watching = group_watch_open(&r->group, pid, NULL) == 0;
	group = r->watching ? &r->group : NULL;
	if (rec && recording_open(rec, pid, NULL, group, &r->kill_arena, NULL) < 0) {
		free(rec);
		rec = NULL;
	}
	if (rec) {
		rec->want_any_end = r->want_any_end;
		rec->capture_max = r->capture_max;
		rec->only_if_go = pid != r->child;
	}
	return rec;
}

static void forget_stranger(struct recordings *r, struct recording *rec)
{
	strangers_add(&r->strangers, rec->s.pid, rec->program);
	recordings_forget(r, rec);
}

/* Looked at some times, and not because a runtime had yet to come up. CMD itself stays. */
static bool seems_no_go(const struct recordings *r, const struct recording *rec)
{
	return !rec->attached && rec->s.pid != r->child && rec->attach_tries >= STRANGER_TRIES &&
	       rec->attach_error.code != -EAGAIN;
}

/* The oldest that seems no Go gives way. */
static bool make_room(struct recordings *r)
{
	struct recording *oldest = NULL;

	for (size_t i = 0; r->n == RECORDINGS_MAX && i < r->n; i++) {
		if (seems_no_go(r, r->of[i]) && (!oldest || r->of[i]->begin < oldest->begin))
			oldest = r->of[i];
	}
	if (oldest)
		forget_stranger(r, oldest);
	return r->n < RECORDINGS_MAX;
}

static void record(struct recordings *r, pid_t pid)
{
	struct recording *rec;
	int64_t begin;

	if (recordings_by_pid(r, pid) || strangers_have(&r->strangers, pid, program_of_pid(pid)) ||
	    !make_room(r))
		return;
	begin = clock_cpu();
	rec = new_recording(r, pid);
	if (rec)
		r->of[r->n++] = rec;
	r->making_ns += clock_cpu() - begin;
}

/* False where CMD could not join it, or left it. */
static bool look_into_group(struct recordings *r)
{
	ARENA(a, LOOK_ARENA);
	struct cgroup_procs members;

	if (r->group_fd < 0 || cgroup_procs_read(r->group_fd, &a, &members, NULL) < 0)
		return false;
	for (size_t i = 0; i < members.n; i++)
		record(r, members.of[i]);
	return members.n > 0;
}

static void look_at_all(struct recordings *r)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	ARENA(a, LOOK_ARENA);
	struct proc_list all, ours;

	if (root < 0 || proc_list_read(root, &a, &all, NULL) < 0 ||
	    proc_list_descendants(&all, r->child, &a, &ours, NULL) < 0)
		return;
	for (size_t i = 0; i < ours.n; i++)
		record(r, ours.of[i].pid);
}

void recordings_look(struct recordings *r, int64_t now)
{
	int64_t pause = now - r->begin < YOUNG ? LOOK_FAST : LOOK_SLOW, cost;

	if (now < r->next_look)
		return;
	r->making_ns = 0;
	cost = clock_cpu();
	if (!look_into_group(r))
		look_at_all(r);
	/* Of looking alone, and of our own CPU: neither many new processes nor a busy host must
	 * keep us from finding the next. */
	cost = clock_cpu() - cost - r->making_ns;
	if (pause < LOOK_SHARE * cost)
		pause = LOOK_SHARE * cost;
	r->next_look = clock_mono() + pause;
}

int64_t recordings_due(const struct recordings *r)
{
	int64_t due = r->next_look;

	for (size_t i = 0; i < r->n; i++) {
		int64_t one = recording_due(r->of[i]);

		due = one < due ? one : due;
	}
	return due;
}

/*
 * Made present before it is needed: while a group stands at its limit nothing can
 * be had. Where we are charged to CMD's group, nothing more may be taken then.
 */
static void prepare(struct recordings *r)
{
	if (r->group_fd < 0)
		r->kill_arena.left = KILL_RESERVED;
	r->prepared = arena_reserve(&r->kill_arena, KILL_RESERVED) == 0;
}

void recordings_step(struct recordings *r, size_t i, int64_t now)
{
	struct recording *rec = r->of[i];

	if (recording_due(rec) <= now)
		recording_step(rec);
	if (rec->attached && !r->prepared)
		prepare(r);
}

enum state { GOES_ON, ANOTHER_PROGRAM, NO_GO, UNSEEN_END };

/* CMD's own end is always seen, and the course of its group is of interest whatever it is. */
static enum state state_of(const struct recordings *r, const struct recording *rec, int64_t now)
{
	if (rec->replaced)
		return ANOTHER_PROGRAM;
	if (rec->s.pid == r->child)
		return GOES_ON;
	if (!rec->hold.tid && kill(rec->s.pid, 0) < 0 && errno == ESRCH)
		return rec->attached ? UNSEEN_END : NO_GO;
	if (now - rec->begin > STRANGER_AGE && seems_no_go(r, rec))
		return NO_GO;
	return !rec->attached && now - rec->begin > STRANGER_AGE_MAX ? NO_GO : GOES_ON;
}

struct recording *recordings_sweep(struct recordings *r, int64_t now)
{
	for (size_t i = r->n; i-- > 0;) {
		struct recording *rec = r->of[i];
		enum state state = state_of(r, rec, now);
		pid_t pid = rec->s.pid;

		if (state == UNSEEN_END)
			return rec;
		if (state == GOES_ON)
			continue;
		if (state == NO_GO) {
			forget_stranger(r, rec);
			continue;
		}
		recordings_forget(r, rec);
		record(r, pid);
	}
	return NULL;
}
