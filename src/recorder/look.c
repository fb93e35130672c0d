/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/look.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "recorder/evidence.h"

#define ASK_EVERY (2 * NS_PER_S)
#define ASK_ARENA ((size_t)64 << 20)

static void sleep_until(int64_t t)
{
	int64_t left = t - clock_mono();
	struct timespec ts = { .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };

	if (left > 0)
		nanosleep(&ts, NULL);
}

static bool enough(const struct look_options *opt, struct look *l)
{
	ARENA(a, ASK_ARENA);
	struct whycase c;

	if (!opt->enough || recording_case(&l->recording, &a, &c, NULL) < 0)
		return false;
	c.end.alive = true;
	return opt->enough(opt->arg, &c);
}

static int wait_attached(struct recording *r, struct err *err)
{
	while (!r->attached && !r->gone) {
		recording_step(r);
		if (r->attached)
			return 0;
		if (r->replaced)
			return err_set(err, -ESRCH, "PID %d: it has become another program",
				       r->s.pid);
		if (r->attach_error.code != -EAGAIN) {
			*err = r->attach_error;
			return err->code;
		}
		sleep_until(recording_due(r));
	}
	return r->gone ? err_set(err, -ESRCH, "PID %d: it has ended", r->s.pid) : 0;
}

static bool ended(const struct recording *r)
{
	struct proc_stat s;

	return proc_stat_read(r->s.procfd, &s, NULL) < 0 || s.state == 'Z' || s.state == 'X';
}

static void watch(const struct look_options *opt, struct look *l)
{
	int64_t begin = clock_mono(), end = begin + opt->for_ns, next_ask = begin + ASK_EVERY;

	while (clock_mono() < end && !l->recording.gone) {
		int64_t due = recording_due(&l->recording);

		sleep_until(due < end ? due : end);
		if (ended(&l->recording)) {
			l->recording.gone = true;
			break;
		}
		recording_step(&l->recording);
		if (l->recording.replaced) { /* whom we looked at is no more */
			l->recording.gone = true;
			break;
		}
		if (opt->progress)
			opt->progress(opt->arg, clock_mono() - begin, opt->for_ns);
		if (clock_mono() >= next_ask) {
			next_ask = clock_mono() + ASK_EVERY;
			if (enough(opt, l))
				break;
		}
	}
}

static int finish(struct look *l, struct log_watch *log, struct arena *a, struct whycase *ret,
		  struct err *err)
{
	struct death death = { .t = clock_mono(), .status = -1 };
	int r;

	if (!l->recording.gone)
		recording_snapshot(&l->recording, SNAP_END);
	r = recording_case(&l->recording, a, ret, err);
	if (r == 0 && l->recording.gone)
		r = evidence_of(&death, l->watching ? &l->group : NULL, log, ret, err);
	if (r < 0)
		return r;
	ret->end.alive = !l->recording.gone;
	ret->run.mode = "diagnose";
	return 0;
}

int look(const struct look_options *opt, struct look *l, struct arena *a, struct whycase *ret,
	 struct err *err)
{
	struct log_watch log;
	int r;

	memset(l, 0, sizeof(*l));
	l->watching = group_watch_open(&l->group, opt->pid, NULL) == 0;
	r = recording_open(&l->recording, opt->pid, opt->exe, l->watching ? &l->group : NULL, NULL,
			   err);
	if (r < 0) {
		if (l->watching)
			group_watch_release(&l->group);
		return r;
	}
	l->recording.capture_max = opt->capture_max;
	log_watch_open(&log);
	r = wait_attached(&l->recording, err);
	if (r == 0) {
		watch(opt, l);
		r = finish(l, &log, a, ret, err);
	}
	log_watch_release(&log);
	if (r < 0)
		look_release(l);
	return r;
}

void look_release(struct look *l)
{
	recording_release(&l->recording);
	if (l->watching)
		group_watch_release(&l->group);
}
