/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

#define RECORD_MAX 16384     /* PRINTKRB_RECORD_MAX is 1024 and its escapes four times that */
#define DRAIN_MAX (1u << 20) /* records of one call: a writer cannot hold us here for ever */

int kmsg_open(struct kmsg *m, const char *path, enum kmsg_from from, struct err *err)
{
	int fd = open(path ? path : "/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "%s", path ? path : "/dev/kmsg");
	if (lseek(fd, 0, from == KMSG_NOW ? SEEK_END : SEEK_SET) < 0) {
		int r = err_sys(err, "%s: seek", path ? path : "/dev/kmsg");

		close(fd);
		return r;
	}
	*m = (struct kmsg){ .fd = fd };
	return 0;
}

void kmsg_close(struct kmsg *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* "prio,seq,usec,…": a jump in seq is what was overwritten. */
static void count_record(struct kmsg *m, struct str record)
{
	uint64_t prio, seq;

	m->records++;
	if (!str_take_u64(&record, &prio) || !str_take_prefix(&record, STR(",")) ||
	    !str_take_u64(&record, &seq))
		return;
	if (m->next_seq && seq > m->next_seq)
		m->missed += seq - m->next_seq;
	m->next_seq = seq + 1;
}

/* 1 a record was fed, 0 there is none. */
static int one(struct kmsg *m, struct kernlog *log, struct err *err)
{
	char room[RECORD_MAX];
	ssize_t n = read(m->fd, room, sizeof(room));
	int r;

	if (n < 0 && errno == EPIPE) {
		m->overruns++;
		return 1;
	}
	if (n < 0 && errno == EINTR)
		return 1;
	if (n == 0 || (n < 0 && errno == EAGAIN))
		return 0;
	if (n < 0)
		return err_sys(err, "kernel log");
	count_record(m, (struct str){ room, (size_t)n });
	r = kernlog_feed(log, room, (size_t)n);
	return r < 0 ? err_set(err, r, "kernel log: no memory") : 1;
}

int kmsg_drain(struct kmsg *m, struct kernlog *log, struct err *err)
{
	uint64_t before = m->records;

	for (unsigned i = 0; i < DRAIN_MAX; i++) {
		int r = one(m, log, err);

		if (r < 0)
			return r;
		if (r == 0)
			break;
	}
	return (int)(m->records - before);
}

int kmsg_wait_kill(struct kmsg *m, struct kernlog *log, int pid, int timeout_ms, struct err *err)
{
	int64_t until = clock_mono() + timeout_ms * NS_PER_MS;

	for (;;) {
		struct pollfd p = { .fd = m->fd, .events = POLLIN };
		int r = kmsg_drain(m, log, err);
		int64_t left = until - clock_mono();

		if (r < 0)
			return r;
		if (kernlog_find(log, pid))
			return 1;
		if (left <= 0)
			return 0;
		r = poll(&p, 1, (int)(left / NS_PER_MS) + 1);
		if (r < 0 && errno != EINTR)
			return err_sys(err, "kernel log: poll");
	}
}

int kmsg_read_all(struct kernlog *log, struct err *err)
{
	struct kmsg m;
	int r = kmsg_open(&m, NULL, KMSG_OLDEST, err);

	if (r < 0)
		return r;
	kernlog_set_boot_wall(log, kmsg_boot_wall());
	r = kmsg_drain(&m, log, err);
	kmsg_close(&m);
	if (r < 0)
		return r;
	r = kernlog_finish(log);
	return r < 0 ? err_set(err, r, "kernel log: no memory") : 0;
}

int64_t kmsg_boot_wall(void)
{
	return clock_wall() - clock_mono();
}
