/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/evidence.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "recorder/kill_of_log.h"

#define WAIT_FOR_LINE_MS 300

void log_watch_open(struct log_watch *w)
{
	memset(w, 0, sizeof(*w));
	w->kmsg.fd = -1;
	if (kmsg_open(&w->kmsg, NULL, KMSG_NOW, &w->why) < 0)
		return;
	w->log = kernlog_new(KERNLOG_BUDGET);
	if (!w->log) {
		err_set(&w->why, -ENOMEM, "no memory for the kernel log");
		return;
	}
	kernlog_set_boot_wall(w->log, kmsg_boot_wall());
}

void log_watch_release(struct log_watch *w)
{
	kernlog_free(w->log);
	if (w->kmsg.fd >= 0)
		kmsg_close(&w->kmsg);
	*w = (struct log_watch){ .kmsg.fd = -1 };
}

static bool victim_was_in(const struct kernlog_kill *k, const char *name)
{
	struct str path = str_from(k->task_memcg ? k->task_memcg : "");
	size_t n = strlen(name);

	return k->killed && path.n > n && path.p[path.n - n - 1] == '/' &&
	       str_has_suffix(path, str_from(name));
}

size_t log_watch_kills_in(struct log_watch *w, const char *group_name,
			  void (*each)(void *arg, const struct kernlog_kill *k), void *arg)
{
	size_t n = 0;

	if (!w->log || kmsg_drain(&w->kmsg, w->log, NULL) < 0)
		return 0;
	for (size_t i = 0; i < kernlog_kills(w->log); i++) {
		const struct kernlog_kill *k = kernlog_kill(w->log, i);

		if (!victim_was_in(k, group_name))
			continue;
		n++;
		if (each)
			each(arg, k);
	}
	return n;
}

/*
 * Of this process? The log numbers processes as the host does: in a PID
 * namespace the name and the group must do.
 */
static bool is_of(const struct case_kill *k, const struct whycase *c)
{
	const char *group = c->subject.cgroup, *comm = c->subject.comm;

	if (k->pid == c->subject.pid)
		return true;
	return group && comm && k->comm && k->task_memcg && strcmp(k->comm, comm) == 0 &&
	       str_has_suffix(str_from(k->task_memcg), str_from(group));
}

/* The log begins with the watch, so a kill in it happened during the record. */
static int read_log(struct log_watch *log, bool wait, struct whycase *c)
{
	int found, r;

	if (!log->log) {
		c->end.kernel_log_read = TRI_NO;
		case_add_missing(c, "kernel log", log->why.msg);
		return 0;
	}
	found = kmsg_wait_kill(&log->kmsg, log->log, c->subject.pid, wait ? WAIT_FOR_LINE_MS : 0,
			       &log->why);
	c->end.kernel_log_read = found < 0 || log->kmsg.missed ? TRI_NO : TRI_YES;
	if (found < 0)
		case_add_missing(c, "kernel log", log->why.msg);
	else if (log->kmsg.missed)
		case_add_missing(c, "kernel log", "records were overwritten before they were read");
	r = kills_of_log(log->log, c);
	for (size_t i = 0; r == 0 && i < c->n_kills; i++) {
		if (is_of(&c->kills[i], c))
			c->end.kill = &c->kills[i];
	}
	return r;
}

static void fill_status(const struct death *d, struct case_end *e)
{
	e->observed = true;
	e->alive = false;
	e->t = d->t;
	e->wall_ns = clock_wall();
	e->held = d->held;
	e->held_ns = d->held_ns;
	if (d->status < 0) {
		e->exit_status = -1;
		e->signal = -1;
	} else if (WIFSIGNALED(d->status)) {
		e->exit_status = -1;
		e->signal = WTERMSIG(d->status);
	} else {
		e->exit_status = WEXITSTATUS(d->status);
		e->signal = 0;
	}
}

int evidence_of(const struct death *d, struct group_watch *group, struct log_watch *log,
		struct whycase *c, struct err *err)
{
	bool by_signal =
		d->status < 0 || (WIFSIGNALED(d->status) && WTERMSIG(d->status) == SIGKILL);

	fill_status(d, &c->end);
	c->end.group_counted_kill = group ? group_watch_killed(group) : TRI_UNKNOWN;
	if (read_log(log, by_signal, c) < 0)
		return err_set(err, -ENOMEM, "no memory for the kernel log's kills");
	return 0;
}
