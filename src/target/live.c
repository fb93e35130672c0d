/* SPDX-License-Identifier: Apache-2.0 */
#include "target/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/uio.h>

#include "host/pagemap.h"
#include "host/proc_stat.h"
#include "target/live_private.h"

#define SAMPLE_MAX 64

/* Never mapped in any process: whoever may read gets EFAULT, whoever may not EPERM. */
#define NOWHERE (UINT64_C(1) << 63)

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void live_free(struct live *l)
{
	live_file_forget(l);
	close_if(l->proc);
	close_if(l->task);
	close_if(l->pagemap);
	close_if(l->mem_fd);
	close_if(l->exe);
	if (l->shown != l->table)
		live_table_free(l->shown);
	live_table_free(l->table);
	free(l->exe_path);
	free(l);
}

static void live_freep(struct live **l)
{
	if (*l)
		live_free(*l);
}

static void live_close(struct mem *m)
{
	live_free((struct live *)m);
}

static const struct mem_ops live_ops = {
	.read = live_read,
	.refresh = live_refresh,
	.close = live_close,
};

static bool dead(const struct proc_stat *st)
{
	return st->state == 'Z' || st->state == 'X';
}

/* A directory of a process that is gone has no files. */
static int stat_of(int dir, struct proc_stat *ret, struct err *err)
{
	int r = proc_stat_read(dir, ret, err);

	return r == -ENOENT || r == -ESRCH ? err_set(err, -ESRCH, "has ended") : r;
}

static int same(struct live *l, int dir, uint64_t start_time, bool may_be_dead, struct err *err)
{
	struct proc_stat st;
	int r = stat_of(dir, &st, err);

	if (r < 0)
		return err_wrap(err, r, "%s", l->name);
	if (st.start_ticks != start_time)
		return err_set(err, -ESRCH,
			       "%s: is another process: started at %" PRIu64 ", not %" PRIu64,
			       l->name, st.start_ticks, start_time);
	if (dead(&st) && !may_be_dead)
		return err_set(err, -ESRCH, "%s: has ended", l->name);
	return 0;
}

int live_same(struct live *l, struct err *err)
{
	int r = same(l, l->proc, l->start_time, l->task >= 0, err);

	if (r < 0 || l->task < 0)
		return r;
	return same(l, l->task, l->thread_start, false, err);
}

int live_there(struct live *l, struct err *err)
{
	uint64_t word;
	ssize_t n =
		pagemap_read(l->pagemap, l->table->regions[0].start, l->page_size, &word, 1, err);
	int r;

	l->mem.calls++;
	if (n < 0)
		return err_wrap(err, (int)n, "%s", l->name);
	if (n > 0)
		return 0;
	r = live_same(l, err);
	return r < 0 ? r : err_set(err, -ESRCH, "%s: runs another program by now", l->name);
}

int live_failed(struct live *l, int code, struct err *err)
{
	struct err why;
	int r = code == -ENOENT || code == -ESRCH ? live_same(l, &why) : 0;

	if (r < 0)
		return err_set(err, r, "%s", why.msg);
	return err_wrap(err, code, "%s", l->name);
}

static int open_task(struct live *l, pid_t tid, int *ret, struct proc_stat *st, struct err *err)
{
	char name[32];
	int r;

	snprintf(name, sizeof(name), "task/%d", (int)tid);
	_cleanup_(close_fd) int fd = openat(l->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return err_set(err, -ESRCH, "%s: has no thread %d", l->name, (int)tid);
	if (fd < 0)
		return err_sys(err, "%s: thread %d", l->name, (int)tid);
	r = stat_of(fd, st, err);
	if (r < 0)
		return err_wrap(err, r, "%s: thread %d", l->name, (int)tid);
	*ret = fd;
	fd = -1;
	return 0;
}

/* Opens the directory and finds out who it is: nothing else can be mistaken from here on. */
static int open_process(struct live *l, const struct live_options *opt, struct err *err)
{
	struct proc_stat st;
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d", (int)l->pid);
	l->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->proc < 0 && errno == ENOENT)
		return err_set(err, -ESRCH, "%s: no such process", l->name);
	if (l->proc < 0)
		return err_sys(err, "%s", l->name);
	r = stat_of(l->proc, &st, err);
	if (r < 0)
		return err_wrap(err, r, "%s", l->name);
	l->start_time = opt->start_time ? opt->start_time : st.start_ticks;
	if (opt->tid) {
		r = open_task(l, opt->tid, &l->task, &st, err);
		if (r < 0)
			return r;
		l->thread_start = st.start_ticks;
	}
	return live_same(l, err);
}

static int vm_failed(struct live *l, int code, struct err *err)
{
	int r;

	if (code == EPERM)
		return err_set(err, -EPERM, "%s: may not be read", l->name);
	if (code != ESRCH)
		return err_set(err, -EIO, "%s: process_vm_readv: %s", l->name, strerror(code));
	r = live_same(l, err);
	return r < 0 ? r : err_set(err, -ESRCH, "%s: has no memory any more", l->name);
}

ssize_t live_vm_read(struct live *l, const struct iovec *local, size_t n_local,
		     const struct iovec *remote, size_t n_remote, struct err *err)
{
	ssize_t n = process_vm_readv(l->tid, local, n_local, remote, n_remote, 0);

	l->mem.calls++;
	if (n < 0 && errno == EFAULT)
		return 0;
	if (n < 0)
		return vm_failed(l, errno, err);
	l->mem.bytes_read += (uint64_t)n;
	return n;
}

static int may_read(struct live *l, struct err *err)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)(uintptr_t)NOWHERE, 1 };
	ssize_t n = live_vm_read(l, &local, 1, &remote, 1, err);

	return n < 0 ? (int)n : 0;
}

static int open_files(struct live *l, const struct live_options *opt, struct err *err)
{
	int r = live_exe_open(l, opt->exe, err);

	if (r < 0)
		return r;
	l->pagemap = pagemap_open(live_dir(l), err);
	if (l->pagemap < 0)
		return live_failed(l, l->pagemap, err);
	l->mem_fd = openat(live_dir(l), "mem", O_RDONLY | O_CLOEXEC);
	return may_read(l, err);
}

int live_open(pid_t pid, const struct live_options *opt, struct mem **ret, struct err *err)
{
	static const struct live_options none;
	_cleanup_(live_freep) struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(err, -ENOMEM, "PID %d: no memory", (int)pid);
	opt = opt ? opt : &none;
	l->pid = pid;
	l->tid = opt->tid ? opt->tid : pid;
	l->page_size = (size_t)sysconf(_SC_PAGESIZE);
	l->proc = l->task = l->pagemap = l->mem_fd = l->exe = l->file.fd = -1;
	snprintf(l->name, sizeof(l->name), "PID %d", (int)pid);
	l->mem = (struct mem){ .ops = &live_ops, .name = l->name };
	r = open_process(l, opt, err);
	if (r == 0)
		r = open_files(l, opt, err);
	if (r == 0)
		r = live_refresh(&l->mem, err);
	if (r < 0)
		return r;
	*ret = &l->mem;
	l = NULL;
	return 0;
}

int live_exe_fd(const struct mem *m)
{
	return ((const struct live *)m)->exe;
}

uint64_t live_start_time(const struct mem *m)
{
	return ((const struct live *)m)->start_time;
}

int live_sample(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	struct iovec local[SAMPLE_MAX], remote[SAMPLE_MAX];
	struct live *l = (struct live *)m;
	ssize_t got;
	int r;

	if (n == 0)
		return 0;
	if (n > SAMPLE_MAX)
		return err_set(err, -EINVAL, "%s: %zu pieces in a sample", l->name, n);
	r = mem_in_time(m, err);
	for (size_t i = 0; i < n; i++) {
		v[i].ok = false;
		local[i] = (struct iovec){ v[i].dst, v[i].len };
		remote[i] = (struct iovec){ (void *)(uintptr_t)v[i].addr, v[i].len };
	}
	got = r < 0 ? r : live_vm_read(l, local, n, remote, n, err);
	if (got < 0)
		return (int)got;
	/* Of the same memory still? Then of the same during the read. */
	r = live_there(l, err);
	for (size_t i = 0; r == 0 && i < n && (size_t)got >= v[i].len; i++) {
		v[i].ok = true;
		got -= (ssize_t)v[i].len;
	}
	return r;
}

int live_hold(struct mem *m, pid_t tid, struct err *err)
{
	struct live *l = (struct live *)m;
	struct proc_stat st;
	int fd, r;

	if (m->ops != &live_ops)
		return err_set(err, -EINVAL, "%s: is no live process", m->name);
	r = open_task(l, tid, &fd, &st, err);
	if (r < 0)
		return r;
	close_if(l->task);
	l->task = fd;
	l->tid = tid;
	l->thread_start = st.start_ticks;
	r = live_there(l, err);
	if (r == 0)
		r = live_refresh(m, err);
	if (r == 0)
		r = live_watch(l, err);
	l->held = r == 0;
	return r;
}
