/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "goruntime/attach_cache.h"
#include "target/core.h"
#include "target/live.h"

#define SYMBOLS_BUDGET ((size_t)256 << 20)
#define ATTACH_TRIES 20
#define ATTACH_PAUSE_MS 50

int subject_open(struct subject *s, pid_t pid, const char *exe, struct err *err)
{
	struct live_options opt = { .exe = exe };
	struct subject new = { .pid = pid, .procfd = -1 };
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	new.procfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (new.procfd < 0)
		return err_set(err, errno == ENOENT ? -ESRCH : -errno, "PID %d: no such process",
			       pid);
	r = live_open(pid, &opt, &new.mem, err);
	if (r < 0) {
		close(new.procfd);
		return r;
	}
	*s = new;
	return 0;
}

int subject_attach(struct subject *s, struct err *err)
{
	int r;

	if (s->attached)
		return 0;
	if (!s->img) {
		r = mem_refresh(s->mem, err);
		if (r == 0)
			r = image_find(s->mem, &s->img, err);
		if (r < 0)
			return r;
		s->symbols = symbols_new(s->img, SYMBOLS_BUDGET);
		if (!s->symbols)
			return err_set(err, -ENOMEM, "%s: no memory for symbols", s->mem->name);
	}
	r = goruntime_attach(s->mem, s->img, &s->rt, err);
	if (r < 0)
		return r;
	s->attached = true;
	return 0;
}

void subject_release(struct subject *s)
{
	symbols_free(s->symbols);
	image_free(s->img);
	mem_close(s->mem);
	if (s->procfd >= 0)
		close(s->procfd);
	*s = (struct subject){ .procfd = -1 };
}

/* 1 where what was kept of the binary held; 0 where there is nothing, or it did not. */
static int attach_from_cache(struct subject *s, struct err *err)
{
	int r = attach_cache_find(s->mem, live_exe_fd(s->mem), &s->img, &s->rt, err);

	if (r <= 0)
		return r;
	s->symbols = symbols_new(s->img, SYMBOLS_BUDGET);
	if (!s->symbols)
		return err_set(err, -ENOMEM, "%s: no memory for symbols", s->mem->name);
	s->attached = true;
	return 1;
}

int subject_attach_cached(struct subject *s, struct err *err)
{
	int r = s->img || s->attached ? 0 : attach_from_cache(s, err);

	if (r || s->attached)
		return r < 0 ? r : 0;
	r = subject_attach(s, err);
	if (r == 0)
		attach_cache_keep(s->mem, live_exe_fd(s->mem), s->img, &s->rt);
	return r;
}

static int open_attached(struct subject *s, pid_t pid, const char *exe,
			 int (*attach)(struct subject *s, struct err *err), struct err *err)
{
	const struct timespec pause = { .tv_nsec = ATTACH_PAUSE_MS * NS_PER_MS };
	struct subject new;
	int r = subject_open(&new, pid, exe, err);

	if (r < 0)
		return r;
	for (int i = 0; i < ATTACH_TRIES; i++) {
		r = attach(&new, err);
		if (r != -EAGAIN)
			break;
		nanosleep(&pause, NULL);
	}
	if (r < 0) {
		subject_release(&new);
		return r;
	}
	*s = new;
	return 0;
}

int subject_open_attached(struct subject *s, pid_t pid, const char *exe, struct err *err)
{
	return open_attached(s, pid, exe, subject_attach, err);
}

int subject_open_cached(struct subject *s, pid_t pid, const char *exe, struct err *err)
{
	return open_attached(s, pid, exe, subject_attach_cached, err);
}

/* What the runtime lacks in a truncated core lacks because of that. */
static int attach_core(struct subject *s, struct err *err)
{
	const struct core_facts *f = core_facts_of(s->mem);
	struct err why = { 0 };
	int r = subject_attach(s, &why);

	if (r < 0 && r != -ENOMEM && f->missing_bytes)
		return err_set(err, -ENODATA,
			       "%s: ends at offset %" PRIu64 ", %" PRIu64
			       " bytes of memory short: %s",
			       s->mem->name, f->file_bytes, f->missing_bytes, why.msg);
	if (r < 0 && err)
		*err = why;
	return r;
}

int subject_open_core(struct subject *s, const char *path, const char *exe, struct err *err)
{
	struct core_options opt = { .exe = exe };
	struct subject new = { .procfd = -1 };
	struct err why;
	int r = core_open(path, &opt, &new.mem, err);

	if (r < 0)
		return r;
	new.pid = core_facts_of(new.mem)->pid;
	r = core_wants_exe(new.mem, &why) ? why.code : 0;
	if (r < 0 && err)
		*err = why;
	if (r == 0)
		r = attach_core(&new, err);
	if (r < 0) {
		subject_release(&new);
		return r;
	}
	*s = new;
	return 0;
}
