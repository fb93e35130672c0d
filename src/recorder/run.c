/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/run.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "host/cgroup_make.h"
#include "host/file.h"
#include "recorder/evidence.h"
#include "recorder/recordings.h"
#include "recorder/signals.h"
#include "recorder/spared.h"
#include "recorder/spawn.h"

#define LAST_WORDS (200 * NS_PER_MS)
#define KEEP_BYTES (16 << 20)
#define SERIES_BYTES (1 << 20)
#define PRIORITY (-10)
#define GROUP_PATIENCE (5 * NS_PER_S)
#define CASE_ARENA ((size_t)64 << 20)

struct runner {
	const struct run_options *opt;
	struct cgroup_made made;
	bool have_group;
	struct log_watch log;
	int signals;
	pid_t child;
	int child_status;
	bool child_ended;
	struct recordings recordings;
	unsigned n_killed, n_normal;  /* reports made */
	pid_t killed[RECORDINGS_MAX]; /* the first of the killed that were reported */
};

static void note(struct runner *r, const char *what, const struct err *err)
{
	char text[400];

	snprintf(text, sizeof(text), "%s: %s", what, err->msg);
	r->opt->note(r->opt->arg, text);
}

static void note_refusal(struct runner *r, const char *what, const struct err *why)
{
	if (why->code)
		note(r, what, why);
}

/* The group is asked for only where a limit is; what is not granted is said and left out. */
static void make_group(struct runner *r, struct spawn_options *spawn_opt)
{
	struct cgroup_want want = { .memory_max =
					    r->opt->memory_max ? r->opt->memory_max : HOST_UNKNOWN,
				    .cpu_milli = r->opt->cpu_max > 0
							 ? (uint64_t)(r->opt->cpu_max * 1000 + 0.5)
							 : HOST_UNKNOWN };
	_cleanup_(close_fd) int root = file_open_root(NULL);

	if (root < 0 || (!r->opt->memory_max && r->opt->cpu_max <= 0))
		return;
	if (cgroup_make(root, &want, &r->made) != 0) {
		note_refusal(r, "runs without a memory limit", &r->made.memory_why);
		note_refusal(r, "runs without a CPU limit", &r->made.cpu_why);
	}
	if (r->opt->memory_max && !r->made.memory_why.code)
		note_refusal(r, "swap is not limited", &r->made.swap_why);
	r->have_group = true;
	spawn_opt->group = &r->made;
}

/* The group goes with the run; daemons that CMD left behind live on outside of it. */
static void remove_group(struct runner *r)
{
	struct err err;
	int left = cgroup_made_remove(&r->made, GROUP_PATIENCE, &err);
	char text[120];

	if (left < 0)
		note(r, "a group is left behind", &err);
	if (left <= 0)
		return;
	snprintf(text, sizeof(text), "%d process%s of CMD live%s on, without its limits", left,
		 left == 1 ? "" : "es", left == 1 ? "s" : "");
	r->opt->note(r->opt->arg, text);
}

static void pass_on(struct runner *r, const struct signalfd_siginfo *s)
{
	if (!r->child_ended && signals_to_pass(s))
		kill(r->child, (int)s->ssi_signo);
}

/*
 * Nobody may be left seized while we do not run: whoever dies then could not end.
 * Recordings seize again at their next step.
 */
static void stop_with_child(struct runner *r)
{
	recordings_disarm(&r->recordings);
	signals_stop_here();
}

/* Of one whose death was not seen (-1): do the kernel's words or counts tell of a kill? */
static bool is_told(const struct whycase *c, int status)
{
	return status >= 0 || c->end.kill || c->end.group_counted_kill == TRI_YES;
}

/* The dead one's case goes to the caller; -1: how it ended is not known. */
static void report(struct runner *r, struct recording *rec, int status, bool killed)
{
	struct death death = { .t = rec->captured_at ? rec->captured_at : clock_mono(),
			       .status = status,
			       .held = rec->captured,
			       .held_ns = rec->held_ns };
	ARENA(a, CASE_ARENA);
	struct whycase c;
	struct run_report out = { .c = &c,
				  .subject = &rec->s,
				  .raw = rec->captured ? &rec->kill : NULL,
				  .killed = killed };
	struct err err;

	if (recording_case(rec, &a, &c, &err) < 0 ||
	    evidence_of(&death, rec->group, &r->log, &c, &err) < 0) {
		note(r, "no report", &err);
		return;
	}
	if (!is_told(&c, status))
		return;
	c.run.mode = "run";
	if (killed && r->n_killed < RECORDINGS_MAX)
		r->killed[r->n_killed] = rec->s.pid;
	if (killed)
		r->n_killed++;
	else
		r->n_normal++;
	r->opt->report(r->opt->arg, &out);
}

/* One report of a run in which nothing was killed: of CMD itself, else of the first Go process. */
static bool wants_normal_end(const struct runner *r, const struct recording *rec)
{
	if (!r->opt->want_normal_end || r->n_killed)
		return false;
	return rec->s.pid == r->child ? rec->attached || !r->n_normal
				      : rec->attached && !r->n_normal;
}

static void ended(struct runner *r, struct recording *rec, int status)
{
	bool killed = status < 0 || recording_died(rec, status);

	if (killed || wants_normal_end(r, rec))
		report(r, rec, status, killed);
	recordings_forget(&r->recordings, rec);
}

static void child_changed(struct runner *r, int status)
{
	struct recording *rec = recordings_by_pid(&r->recordings, r->child);

	if (signals_job_stop(status))
		stop_with_child(r);
	if (WIFSTOPPED(status))
		return;
	r->child_ended = true;
	r->child_status = status;
	if (rec && rec->attached)
		ended(r, rec, status);
}

/* One word of the kernel's about a thread we hold, a child of ours or one that we adopted. */
static void heard(struct runner *r, pid_t pid, int status)
{
	struct recording *rec = recordings_by_thread(&r->recordings, pid);

	if (rec) {
		if (recording_stopped(rec, status) && rec->s.pid != r->child)
			ended(r, rec, rec->exit_code);
		return;
	}
	rec = recordings_by_pid(&r->recordings, pid);
	if (hold_handle_stray(rec ? &rec->hold : NULL, pid, status))
		return;
	if (pid == r->child) {
		child_changed(r, status);
		return;
	}
	if (rec && rec->attached && !WIFSTOPPED(status))
		ended(r, rec, status);
}

static void hear_all(struct runner *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0)
		heard(r, pid, status);
}

static void wait_until(struct runner *r, int64_t due)
{
	struct pollfd p = { .fd = r->signals, .events = POLLIN };
	struct signalfd_siginfo s;
	int64_t left = due - clock_mono();
	struct timespec t = { .tv_sec = left > 0 ? left / NS_PER_S : 0,
			      .tv_nsec = left > 0 ? left % NS_PER_S : 0 };

	if (ppoll(&p, 1, &t, NULL) <= 0)
		return;
	while (read(r->signals, &s, sizeof(s)) == (ssize_t)sizeof(s))
		pass_on(r, &s);
}

static void step_all(struct runner *r, int64_t now)
{
	for (size_t i = 0; i < r->recordings.n; i++) {
		recordings_step(&r->recordings, i, now);
		hear_all(r); /* a kill must not wait for the next one's snapshot */
	}
}

static void loop(struct runner *r)
{
	while (!r->child_ended) {
		int64_t now = clock_mono();
		struct recording *unseen;

		hear_all(r);
		if (r->child_ended)
			break;
		recordings_look(&r->recordings, now);
		while ((unseen = recordings_sweep(&r->recordings, now)))
			ended(r, unseen, -1);
		step_all(r, now);
		if (!r->child_ended)
			wait_until(r, recordings_due(&r->recordings));
	}
}

/* A kernel that killed CMD may have killed the whole group: the others' ends come just after. */
static void hear_the_others(struct runner *r)
{
	const struct timespec pause = { .tv_nsec = 5 * NS_PER_MS };
	int64_t until = clock_mono() + LAST_WORDS;

	while (recordings_any_held(&r->recordings) && clock_mono() < until) {
		hear_all(r);
		nanosleep(&pause, NULL);
	}
}

/* A shell that was killed is of interest only where no server was. */
static void last_words(struct runner *r)
{
	struct recording *rec;

	if (WIFSIGNALED(r->child_status) && WTERMSIG(r->child_status) == SIGKILL)
		hear_the_others(r);
	rec = recordings_by_pid(&r->recordings, r->child);
	if (rec && !r->n_killed)
		ended(r, rec, r->child_status);
}

static void tell_unrecorded(void *arg, const struct kernlog_kill *k)
{
	struct runner *r = arg;
	char text[160];

	for (unsigned i = 0; i < r->n_killed && i < RECORDINGS_MAX; i++) {
		if (r->killed[i] == k->pid)
			return;
	}
	snprintf(text, sizeof(text),
		 "the kernel killed PID %d (%s) of this group too: gone too soon to be recorded, "
		 "or no Go",
		 k->pid, k->comm ? k->comm : "?");
	r->opt->note(r->opt->arg, text);
}

/* In a PID namespace the log has other numbers: then their count must do. */
static void tell_all_unrecorded(struct runner *r)
{
	const char *group = r->made.memory.name;

	if (r->made.memory.version && log_watch_kills_in(&r->log, group, NULL, NULL) > r->n_killed)
		log_watch_kills_in(&r->log, group, tell_unrecorded, r);
}

/*
 * After CMD was started, which keeps its own values. Before others, as far as that is
 * granted: on a busy host a death must still be seen in time, and we need little.
 */
static void ask_to_be_spared(struct runner *r)
{
	bool along;
	struct err err;

	setpriority(PRIO_PROCESS, 0, PRIORITY);
	if (spared_ask(&along, &err) < 0 && along)
		note(r, "a kill of this group (memory.oom.group) takes whyoom along, unreported",
		     &err);
}

static void finish(struct runner *r)
{
	recordings_release(&r->recordings);
	if (r->have_group)
		remove_group(r);
	log_watch_release(&r->log);
	close(r->signals);
}

/* Under a limit of locked memory the lock would have later mappings refused. */
static bool lock_is_limited(void)
{
	struct rlimit lim;
	void *probe;

	if (getrlimit(RLIMIT_MEMLOCK, &lim) < 0 || lim.rlim_cur == RLIM_INFINITY)
		return false;
	probe = mmap(NULL, lim.rlim_cur + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (probe == MAP_FAILED)
		return true;
	munmap(probe, lim.rlim_cur + 1);
	return false;
}

/* What was had once is kept, present and locked: at the kill there may be nothing to be had. */
static void keep_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	mallopt(M_MMAP_THRESHOLD, SERIES_BYTES); /* larger ones: series, filled slowly */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 && lock_is_limited())
		munlockall();
}

static int start(struct runner *r, const sigset_t *old, struct err *err)
{
	struct spawn_options spawn_opt = { .argv = r->opt->argv,
					   .nofile = r->opt->nofile,
					   .mask = old };
	struct err refused;
	int e;

	make_group(r, &spawn_opt);
	e = spawn(&spawn_opt, &r->child, &refused, err);
	if (e == 0 && refused.code)
		r->opt->note(r->opt->arg, refused.msg);
	recordings_init(&r->recordings, r->child, r->made.memory.version ? r->made.memory.fd : -1,
			r->opt->want_normal_end);
	r->recordings.capture_max = r->opt->capture_max;
	ask_to_be_spared(r);
	return e;
}

int run(const struct run_options *opt, int *ret_status, struct err *err)
{
	_cleanup_(free_ptr) struct runner *r = calloc(1, sizeof(*r));
	sigset_t old;
	int e = r ? signals_catch(&old, &r->signals, err) : err_set(err, -ENOMEM, "no memory");

	if (e < 0)
		return e;
	r->opt = opt;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	keep_memory();
	log_watch_open(&r->log);
	e = start(r, &old, err);
	if (e == 0) {
		loop(r);
		last_words(r);
		tell_all_unrecorded(r);
		*ret_status = r->child_status;
	}
	finish(r);
	return e;
}
