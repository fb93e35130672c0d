/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/proc_stat.h"
#include "host/proc_status.h"
#include "host/proc_words.h"
#include "recorder/program.h"
#include "recorder/recording_objects.h"
#include "target/live.h"

#define SAMPLE_SLOW NS_PER_S
#define SAMPLE_STRANGER (100 * NS_PER_MS)
#define SAMPLE_FAST (50 * NS_PER_MS)
#define SAMPLES_TO_LIMIT 20 /* at least that many before the limit, at the present slope */
#define SNAPSHOT_BUDGET ((size_t)256 << 20)
#define WORDS_BUDGET ((size_t)1 << 20)
#define SNAPSHOT_MIN (500 * NS_PER_MS)
#define SNAPSHOT_MAX (300 * NS_PER_S)
#define PERIODIC_SHARE 200 /* a snapshot's cost is at most this part of the time between two */
#define STAGE_SHARE 20
#define ATTACH_PAUSE (20 * NS_PER_MS)
#define ATTACH_TRIES 500 /* ten seconds: a runtime that has not come up by then never will */
#define HOLD_MEMCG (1500 * NS_PER_MS)
#define HOLD_GLOBAL (200 * NS_PER_MS)

/* Who it is, while it can be asked; again at each attach, for exec changes it. */
static void identify(struct recording *r)
{
	struct machine machine;
	struct proc_stat stat;
	_cleanup_(close_fd) int root = file_open_root(NULL);

	if (proc_comm(r->s.procfd, &r->words, &r->comm, NULL) < 0 ||
	    proc_exe(r->s.procfd, &r->words, &r->exe, NULL) < 0 ||
	    proc_cmdline(r->s.procfd, &r->words, &r->cmdline, NULL) < 0)
		return;
	if (root >= 0 && machine_read(root, &machine, NULL) == 0 &&
	    proc_stat_read(r->s.procfd, &stat, NULL) == 0)
		r->started_wall = machine_start_wall_ns(&machine, stat.start_ticks);
}

int recording_open(struct recording *r, pid_t pid, const char *exe, struct group_watch *group,
		   struct arena *kill_arena, struct err *err)
{
	struct recording new = { .group = group,
				 .kill_arena = kill_arena,
				 .statm = -1,
				 .exe_fd = -1,
				 .capture_max = UNKNOWN_U64,
				 .begin = clock_mono(),
				 .begin_wall = clock_wall(),
				 .started_wall = UNKNOWN_I64,
				 .last_charge = UNKNOWN_U64 };
	int e = subject_open(&new.s, pid, exe, err);

	if (e < 0)
		return e;
	new.statm = file_open(new.s.procfd, "statm", NULL);
	if (history_init(&new.history) < 0) {
		subject_release(&new.s);
		return err_set(err, -ENOMEM, "no memory to record PID %d", pid);
	}
	arena_init(&new.words, WORDS_BUDGET);
	new.program = program_of(new.s.procfd);
	identify(&new);
	*r = new;
	return 0;
}

void recording_release(struct recording *r)
{
	hold_disarm(&r->hold);
	gosampler_release(&r->sampler);
	arena_release(&r->words);
	history_release(&r->history);
	if (r->statm >= 0)
		close(r->statm);
	if (r->exe_fd >= 0)
		close(r->exe_fd);
	objects_release(&r->objects);
	heap_globals_free(r->globals);
	subject_release(&r->s);
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t recording_due(const struct recording *r)
{
	int64_t due = r->next_sample;

	if (r->gone || r->replaced)
		return INT64_MAX;
	if (!r->attached && r->attach_tries < ATTACH_TRIES)
		due = earliest(due, r->next_attach);
	if (r->attached)
		due = earliest(due, r->next_snapshot);
	return due;
}

/* Seizes again whenever the thread is gone; other reasons (one thread, a debugger) may pass. */
static void arm(struct recording *r)
{
	struct err err;

	if (r->kill_arena && !r->hold.tid && hold_arm(&r->hold, r->s.pid, &err) < 0)
		r->hold_error = err;
}

static void attach(struct recording *r, int64_t now)
{
	int e = subject_attach(&r->s, &r->attach_error);

	r->attach_tries++;
	r->next_attach = now + ATTACH_PAUSE;
	if (e == -ESRCH) {
		uint64_t program = program_of(r->s.procfd);

		r->replaced = program && program != r->program;
		r->gone = !r->replaced;
	}
	if (e < 0) {
		/* Not Go, as far as one sees, but it may still be relocating itself. */
		if (e != -EAGAIN)
			r->next_attach = now + earliest(r->attach_tries, 10) * ATTACH_PAUSE;
		return;
	}
	identify(r);
	r->next_sample = now;
	r->attached = gosampler_init(&r->sampler, &r->s.rt, &r->attach_error) == 0;
	r->next_snapshot = now;
	if (r->exe_fd < 0)
		r->exe_fd = openat(r->s.procfd, "exe", O_RDONLY | O_CLOEXEC);
}

static void sample_process(struct recording *r, struct case_sample *s)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct proc_statm m;

	if (r->statm < 0 || proc_statm_reread(r->statm, &m, NULL) < 0) {
		r->samples_lost++;
		return;
	}
	s->rss_anon = (m.resident > m.shared ? m.resident - m.shared : 0) * page;
	s->rss_file = m.shared * page;
}

/* One raw read where a filtered one has seen the ranges present before (target/live.h). */
static bool read_runtime(struct recording *r)
{
	struct gosampler *g = &r->sampler;
	int e = r->sampled ? live_sample(r->s.mem, g->pieces, g->n_pieces, NULL)
			   : mem_readv(r->s.mem, g->pieces, g->n_pieces, NULL);

	for (size_t i = 0; e == 0 && i < g->n_pieces; i++) {
		if (!g->pieces[i].ok)
			e = -EFAULT;
	}
	if (e == 0)
		r->sampled = true;
	return e == 0;
}

static void sample_runtime(struct recording *r, struct case_sample *s)
{
	struct gosample g;

	if (!r->attached || !read_runtime(r))
		return;
	gosampler_decode(&r->sampler, &g);
	s->heap_live = g.heap_live;
	s->heap_marked = g.heap_marked;
	s->heap_goal = g.heap_goal;
	s->heap_inuse = g.heap_inuse;
	s->heap_free = g.heap_free;
	s->heap_released = g.heap_released;
	s->stack_inuse = g.stack_inuse;
	s->meta = g.sys_other;
	s->mapped_ready = g.mapped_ready;
	s->total_alloc = g.total_alloc;
	s->allglen = g.allglen;
	s->num_gc = g.num_gc;
	if (g.num_gc > r->num_gc && g.gcphase == 0) {
		uint64_t of = known(s->charge) ? s->charge : s->rss_anon;
		uint64_t heap = g.heap_inuse + g.heap_free;
		struct case_cycle c = { .t = g.last_gc_mono > 0 ? g.last_gc_mono : s->t,
					.num_gc = g.num_gc,
					.heap_marked = g.heap_marked,
					.heap_goal = g.heap_goal,
					.non_heap = !known(of)	? UNKNOWN_U64
						    : of > heap ? of - heap
								: 0 };

		r->num_gc = g.num_gc;
		history_cycle(&r->history, &c);
	}
}

/* The charge's slope, smoothed over about five samples, and the rate that it asks for. */
static void pace(struct recording *r, const struct case_sample *s)
{
	double dt = (double)(s->t - r->last_sample) / (double)NS_PER_S, left;
	uint64_t now = known(s->charge) ? s->charge : s->rss_anon;
	int64_t wait = SAMPLE_SLOW;

	if (known(r->last_charge) && known(now) && dt > 0)
		r->slope += 0.2 * (((double)now - (double)r->last_charge) / dt - r->slope);
	r->last_charge = now;
	r->last_sample = s->t;
	if (r->group && known(group_watch_left(r->group, now))) {
		left = (double)group_watch_left(r->group, now);
		if (r->slope > 0)
			wait = (int64_t)fmin((double)SAMPLE_SLOW,
					     left / r->slope / SAMPLES_TO_LIMIT * (double)NS_PER_S);
		if (left < ((double)now + left) / 10)
			wait = SAMPLE_FAST;
	}
	if (s->t - r->begin < 5 * NS_PER_S) /* its start says much: ten a second */
		wait = earliest(wait, 100 * NS_PER_MS);
	r->next_sample = s->t + (wait < SAMPLE_FAST ? SAMPLE_FAST : wait);
}

/* The group's own statistics with each sample, its processes and limits once a second. */
static void sample_group(struct recording *r, struct case_sample *s)
{
	struct case_charge charge;

	if (!r->group)
		return;
	group_watch_charge(r->group, &charge);
	s->charge = charge.usage;
	s->charge_file = charge.file;
	if (s->t < r->next_look)
		return;
	r->next_look = s->t + NS_PER_S;
	group_watch_limits(r->group);
	group_watch_processes(r->group);
	s->others_anon = group_processes_others(&r->group->processes, r->s.pid);
}

static void sample(struct recording *r, int64_t now)
{
	struct case_sample s;

	case_sample_init(&s);
	s.t = now;
	sample_group(r, &s);
	sample_process(r, &s);
	sample_runtime(r, &s);
	history_sample(&r->history, &s);
	pace(r, &s);
}

static void add_charge(struct recording *r, struct arena *a, struct case_snapshot *snap)
{
	struct case_charge *charge = r->group ? arena_new(a, struct case_charge) : NULL;

	if (!charge)
		return;
	group_watch_charge(r->group, charge);
	snap->charge = charge;
	group_watch_processes(r->group);
}

void recording_snapshot(struct recording *r, enum snapshot_why why)
{
	struct history_snapshot *place;
	struct snapshot raw;
	int64_t begin = clock_mono();

	if (!r->attached)
		return;
	place = history_place(&r->history, SNAPSHOT_BUDGET);
	snapshot_read(&r->s, why, &place->arena, &raw);
	if (!raw.have_goroutines && !raw.have_resident)
		return; /* it died meanwhile: what is left of it says little */
	r->last = raw;
	if (snapshot_finish(&r->s, &raw, &place->arena, &place->snap, NULL) < 0)
		return;
	recording_objects(r, &raw, &place->snap, &place->arena);
	add_charge(r, &place->arena, &place->snap);
	history_keep(&r->history);
	r->snapshot_cost = clock_mono() - begin;
}

static unsigned stage_of(const struct recording *r)
{
	if (!r->group || r->group->limit == CASE_NO_LIMIT || !known(r->last_charge) ||
	    !r->group->limit)
		return 0;
	return (unsigned)(r->last_charge * 10 / r->group->limit);
}

/* Is a snapshot due, and why? Passing a tenth of the limit may cost more than mere time. */
static void snapshots(struct recording *r, int64_t now)
{
	unsigned stage = stage_of(r);
	int64_t since = r->history.n_snapshots
				? now - r->history.snapshots[r->history.n_snapshots - 1].snap.t
				: INT64_MAX;
	int64_t periodic, age = now - r->begin;

	if (stage > r->stage && since > STAGE_SHARE * r->snapshot_cost) {
		r->stage = stage;
		recording_snapshot(r, SNAP_STAGE);
	} else if (now >= r->next_snapshot) {
		recording_snapshot(r, r->history.n_snapshots ? SNAP_PERIODIC : SNAP_START);
	} else {
		return;
	}
	periodic = PERIODIC_SHARE * r->snapshot_cost;
	if (periodic < age / 12)
		periodic = age / 12;
	if (periodic < SNAPSHOT_MIN)
		periodic = SNAPSHOT_MIN;
	r->next_snapshot = clock_mono() + earliest(periodic, SNAPSHOT_MAX);
}

/* Once per sample, and where a hold was lost: exec() ends all threads but one. */
static bool is_replaced(struct recording *r, int64_t now)
{
	uint64_t program;

	if (!r->program ||
	    (now < r->next_sample && !(r->attached && r->kill_arena && !r->hold.tid)))
		return false;
	program = program_of(r->s.procfd);
	return program && program != r->program;
}

void recording_step(struct recording *r)
{
	int64_t now = clock_mono(), cpu = clock_cpu();

	if (r->gone || r->replaced)
		return;
	r->replaced = is_replaced(r, now);
	if (r->replaced)
		return;
	if (!r->attached && now >= r->next_attach && r->attach_tries < ATTACH_TRIES)
		attach(r, now);
	if (r->attached)
		arm(r);
	if (now >= r->next_sample && !r->attached && r->only_if_go)
		r->next_sample = now + SAMPLE_STRANGER;
	else if (now >= r->next_sample)
		sample(r, now);
	if (r->attached)
		snapshots(r, now);
	r->cpu_ns += clock_cpu() - cpu;
}

/* A kill by the group's own limit leaves 2 s; a global one must not wait for us (design.md §5). */
static int64_t hold_budget(const struct recording *r)
{
	uint64_t usage = r->group ? group_watch_usage(r->group) : UNKNOWN_U64;

	if (known(usage) && r->group->limit != CASE_NO_LIMIT && usage >= r->group->limit / 10 * 9)
		return HOLD_MEMCG;
	return HOLD_GLOBAL;
}

static void capture(struct recording *r)
{
	int64_t begin = clock_mono();

	if (r->attached && live_hold(r->s.mem, r->hold.tid, NULL) == 0) {
		r->s.via = r->hold.tid;
		r->s.mem->deadline = begin + hold_budget(r);
		snapshot_read(&r->s, SNAP_KILL, r->kill_arena, &r->kill);
		r->captured = r->kill.have_stats;
		r->captured_at = begin;
		if (r->captured)
			recording_objects_at_kill(r);
	}
	if (r->group) {
		group_watch_charge(r->group, &r->kill_charge);
		group_watch_processes(r->group);
	}
	r->held_ns = clock_mono() - begin;
}

bool recording_died(const struct recording *r, int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL;
	return r->attached && WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

bool recording_stopped(struct recording *r, int status)
{
	if (hold_handle(&r->hold, status) != HOLD_DYING)
		return false;
	r->exit_code = r->hold.exit_code;
	r->have_exit = true;
	if (r->want_any_end || recording_died(r, r->exit_code))
		capture(r);
	hold_let_go(&r->hold);
	r->gone = true;
	return true;
}
