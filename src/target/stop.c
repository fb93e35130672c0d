/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stop.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#define POLL_NS 50000
#define ROUNDS_MAX 64 /* threads that start threads */

static bool have(const struct stop *s, pid_t tid)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->of[i].tid == tid)
			return true;
	}
	return false;
}

static int seize(struct stop *s, pid_t tid, struct err *err)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct stopped *v = reallocarray(s->of, room, sizeof(*v));

		if (!v)
			return err_set(err, -ENOMEM, "no memory for %zu threads", room);
		s->of = v;
		s->room = room;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return errno == ESRCH ? 0
				      : err_sys(err, "PID %d: cannot stop thread %d", s->pid, tid);
	if (!s->since)
		s->since = clock_mono();
	s->of[s->n++] = (struct stopped){ tid, 0 };
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 && errno != ESRCH)
		return err_sys(err, "PID %d: cannot stop thread %d", s->pid, tid);
	return 0;
}

/* Forgets a thread that ended. */
static void forget(struct stop *s, size_t i)
{
	s->of[i] = s->of[--s->n];
}

/* True: it stands, or is gone. */
static bool stands(struct stop *s, size_t *i)
{
	int status;
	pid_t r = waitpid(s->of[*i].tid, &status, __WALL | WNOHANG);

	if (r == 0)
		return false;
	if (r < 0 || !WIFSTOPPED(status)) {
		forget(s, (*i)--);
		return true;
	}
	/* Not the interrupt, but a signal on its way: it stands all the same. */
	if (status >> 16 == 0)
		s->of[*i].signal = WSTOPSIG(status);
	return true;
}

static int wait_for(struct stop *s, size_t from, int64_t until, struct err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };

	for (size_t i = from; i < s->n; i++) {
		while (!stands(s, &i)) {
			if (clock_mono() > until)
				return err_set(err, -ETIME, "PID %d: thread %d does not stop",
					       s->pid, s->of[i].tid);
			nanosleep(&pause, NULL);
		}
	}
	return 0;
}

/* Seizes the threads that are new; how many, or a failure. */
static int seize_new(struct stop *s, struct err *err)
{
	_cleanup_(close_dir) DIR *d = NULL;
	size_t before = s->n;
	struct dirent *e;
	char path[64];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", s->pid);
	d = opendir(path);
	if (!d)
		return err_set(err, -ESRCH, "PID %d: no such process", s->pid);
	while (r >= 0 && (e = readdir(d))) {
		struct str name = str_from(e->d_name);
		uint64_t tid;

		if (str_take_u64(&name, &tid) && !have(s, (pid_t)tid))
			r = seize(s, (pid_t)tid, err);
	}
	return r < 0 ? r : (int)(s->n - before);
}

int stop_begin(struct stop *s, pid_t pid, int64_t max_ns, struct err *err)
{
	int64_t until = clock_mono() + max_ns;
	int r = 1;

	*s = (struct stop){ .pid = pid };
	for (int i = 0; r > 0 && i < ROUNDS_MAX; i++) {
		size_t from = s->n;

		r = seize_new(s, err);
		if (r > 0 && wait_for(s, from, until, err) < 0)
			r = err->code;
	}
	if (r > 0)
		r = err_set(err, -ETIME, "PID %d: it starts threads faster than they are stopped",
			    pid);
	if (r >= 0 && !s->n)
		r = err_set(err, -ESRCH, "PID %d: no such process", pid);
	if (r < 0)
		stop_end(s);
	return r;
}

void stop_end(struct stop *s)
{
	for (size_t i = 0; i < s->n; i++) {
		/* One that still runs has to stand before it can be let go. */
		if (ptrace(PTRACE_DETACH, s->of[i].tid, NULL, (void *)(intptr_t)s->of[i].signal) <
			    0 &&
		    errno == ESRCH && waitpid(s->of[i].tid, NULL, __WALL | WNOHANG) > 0)
			ptrace(PTRACE_DETACH, s->of[i].tid, NULL, NULL);
	}
	if (s->since)
		s->ended = clock_mono();
	free(s->of);
	s->of = NULL;
	s->n = s->room = 0;
}
