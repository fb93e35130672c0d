/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "host/cgroup_make.h"
#include "host/file.h"
#include "host/proc_list.h"
#include "recorder/evidence.h"
#include "recorder/recording.h"
#include "recorder/spawn.h"

#define PROCESSES_MAX 16 /* Go processes recorded at once */
#define YOUNG (2 * NS_PER_S)
#define LOOK_FAST (50 * NS_PER_MS) /* for new descendants: while the command is young */
#define LOOK_SLOW NS_PER_S
#define KILL_BUDGET ((size_t)1 << 30)
#define KILL_RESERVED ((size_t)64 << 20) /* present and locked before it is needed */
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
	int64_t begin, next_look;
	struct group_watch group;
	bool watching;
	struct arena kill_arena; /* shared: what is read of the dying; lives as long as the run */
	unsigned n_killed, n_normal; /* reports made */
	struct recording *recordings[PROCESSES_MAX];
	size_t n;
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

	if (left < 0)
		note(r, "a group is left behind", &err);
}

/* SIGPIPE too: a reader of our report that goes away must not keep us from cleaning up. */
static int catch_signals(sigset_t *old, struct err *err)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGTRAP);
	if (sigprocmask(SIG_BLOCK, &all, old) < 0)
		return err_sys(err, "signals");
	return 0;
}

/* What a terminal sends goes to the whole foreground group: CMD has it already. */
static void pass_on(struct runner *r, const struct signalfd_siginfo *s)
{
	int sig = (int)s->ssi_signo;

	if (sig == SIGCHLD || sig == SIGPIPE || s->ssi_code == SI_KERNEL || r->child_ended)
		return;
	if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
		return;
	kill(r->child, sig);
}

static struct recording *recording_of(struct runner *r, pid_t tid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->recordings[i]->hold.tid == tid)
			return r->recordings[i];
	}
	return NULL;
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
	c.run.mode = "run";
	if (killed)
		r->n_killed++;
	else
		r->n_normal++;
	r->opt->report(r->opt->arg, &out);
}

static void forget(struct runner *r, size_t i)
{
	recording_release(r->recordings[i]);
	free(r->recordings[i]);
	r->recordings[i] = r->recordings[--r->n];
}

/* Did the Go runtime end it (a fatal error or a panic: exit status 2)? */
static bool died_of_runtime(const struct recording *rec, int status)
{
	return rec->attached && WIFEXITED(status) && WEXITSTATUS(status) == 2;
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
	bool killed = WIFSIGNALED(status) || died_of_runtime(rec, status);
	bool of_interest = WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : killed;

	if (of_interest || wants_normal_end(r, rec))
		report(r, rec, status, of_interest);
	for (size_t i = 0; i < r->n; i++) {
		if (r->recordings[i] == rec) {
			forget(r, i);
			return;
		}
	}
}

/* One word of the kernel's about a thread we hold or a child of ours. */
static void heard(struct runner *r, pid_t pid, int status)
{
	struct recording *rec = recording_of(r, pid);

	if (rec) {
		if (recording_stopped(rec, status) && rec->s.pid != r->child)
			ended(r, rec, rec->exit_code);
		return;
	}
	if (pid != r->child || WIFSTOPPED(status))
		return;
	r->child_ended = true;
	r->child_status = status;
	for (size_t i = 0; i < r->n; i++) {
		if (r->recordings[i]->s.pid == pid) {
			ended(r, r->recordings[i], status);
			return;
		}
	}
}

static void hear_all(struct runner *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		heard(r, pid, status);
}

static bool is_recorded(const struct runner *r, pid_t pid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->recordings[i]->s.pid == pid)
			return true;
	}
	return false;
}

static void record(struct runner *r, pid_t pid)
{
	struct recording *rec;

	if (r->n == PROCESSES_MAX || is_recorded(r, pid))
		return;
	if (!r->watching)
		r->watching = group_watch_open(&r->group, pid, NULL) == 0;
	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return;
	if (!r->kill_arena.blocks && arena_reserve(&r->kill_arena, KILL_RESERVED) < 0)
		r->opt->note(r->opt->arg, "no memory to read a dying process into");
	if (recording_open(rec, pid, NULL, r->watching ? &r->group : NULL, &r->kill_arena, NULL) <
	    0) {
		free(rec);
		return;
	}
	r->recordings[r->n++] = rec;
}

/* New descendants: often while the command is young, then rarely. */
static void look_for_processes(struct runner *r, int64_t now)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	ARENA(a, (size_t)16 << 20);
	struct proc_list all, ours;

	r->next_look = now + (now - r->begin < YOUNG ? LOOK_FAST : LOOK_SLOW);
	if (root < 0 || proc_list_read(root, &a, &all, NULL) < 0 ||
	    proc_list_descendants(&all, r->child, &a, &ours, NULL) < 0)
		return;
	for (size_t i = 0; i < ours.n; i++)
		record(r, ours.of[i].pid);
}

/* A descendant that is not our child and was not held: its end is seen by its absence. */
static void drop_gone(struct runner *r)
{
	for (size_t i = r->n; i-- > 0;) {
		struct recording *rec = r->recordings[i];

		if (rec->s.pid == r->child || rec->hold.tid)
			continue;
		if (kill(rec->s.pid, 0) == 0 || errno != ESRCH)
			continue;
		forget(r, i);
	}
}

static int64_t next_due(const struct runner *r)
{
	int64_t due = r->next_look;

	for (size_t i = 0; i < r->n; i++) {
		int64_t d = recording_due(r->recordings[i]);

		due = d < due ? d : due;
	}
	return due;
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

static void loop(struct runner *r)
{
	while (!r->child_ended) {
		int64_t now = clock_mono();

		hear_all(r);
		if (r->child_ended)
			break;
		if (now >= r->next_look) {
			look_for_processes(r, now);
			drop_gone(r);
		}
		for (size_t i = 0; i < r->n; i++) {
			if (recording_due(r->recordings[i]) <= now)
				recording_step(r->recordings[i]);
			hear_all(r); /* a kill must not wait for the next one's snapshot */
		}
		if (!r->child_ended)
			wait_until(r, next_due(r));
	}
}

static void finish(struct runner *r)
{
	while (r->n)
		forget(r, r->n - 1);
	arena_release(&r->kill_arena);
	if (r->watching)
		group_watch_release(&r->group);
	if (r->have_group)
		remove_group(r);
	log_watch_release(&r->log);
	if (r->signals >= 0)
		close(r->signals);
}

int run(const struct run_options *opt, int *ret_status, struct err *err)
{
	struct runner r = { .opt = opt, .signals = -1 };
	struct spawn_options spawn_opt = { .argv = opt->argv, .nofile = opt->nofile };
	sigset_t old, caught;
	int e = catch_signals(&old, err);

	if (e < 0)
		return e;
	spawn_opt.mask = &old;
	sigprocmask(SIG_BLOCK, NULL, &caught);
	r.signals = signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	log_watch_open(&r.log);
	arena_init(&r.kill_arena, KILL_BUDGET);
	make_group(&r, &spawn_opt);
	e = spawn(&spawn_opt, &r.child, err);
	r.begin = clock_mono();
	if (e == 0)
		loop(&r);
	finish(&r);
	if (e == 0)
		*ret_status = r.child_status;
	return e;
}
