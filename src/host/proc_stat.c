/* SPDX-License-Identifier: Apache-2.0 */
#include "host/proc_stat.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/file.h"

#define STAT_MAX ((size_t)4096)

enum { FIELD_PPID = 4, FIELD_THREADS = 20, FIELD_START = 22 }; /* proc(5) counts from 1 */

static int bad(struct err *err)
{
	return err_set(err, -EBADMSG, "stat: not a line of /proc/PID/stat");
}

static bool take_pid(struct str *s, pid_t *ret)
{
	uint64_t v;

	if (!str_take_u64(s, &v) || v > INT_MAX)
		return false;
	*ret = (pid_t)v;
	return true;
}

/* "(comm)" from the front; the last ')' of the whole line ends it. */
static bool take_comm(struct str *s, char comm[PROC_COMM_ROOM])
{
	ptrdiff_t end = str_find_last(*s, ')');
	size_t n;

	if (end < 0 || !str_take_prefix(s, STR("(")))
		return false;
	n = (size_t)end - 1;
	memcpy(comm, s->p, n < PROC_COMM_ROOM ? n : PROC_COMM_ROOM - 1);
	*s = str_skip(*s, n + 1);
	return true;
}

int proc_stat_parse(struct str text, struct proc_stat *ret, struct err *err)
{
	struct proc_stat s = { 0 };
	struct str word;

	if (!take_pid(&text, &s.pid) || !str_take_prefix(&text, STR(" ")) ||
	    !take_comm(&text, s.comm) || !str_take_word(&text, &word) || word.n != 1)
		return bad(err);
	s.state = word.p[0];
	for (int field = FIELD_PPID; field <= FIELD_START; field++) {
		if (!str_take_word(&text, &word))
			return bad(err);
		if (field == FIELD_PPID && (!take_pid(&word, &s.ppid) || word.n))
			return bad(err);
		if (field == FIELD_THREADS && (!str_take_u64(&word, &s.threads) || word.n))
			return bad(err);
		if (field == FIELD_START && (!str_take_u64(&word, &s.start_ticks) || word.n))
			return bad(err);
	}
	*ret = s;
	return 0;
}

int proc_stat_read(int procfd, struct proc_stat *ret, struct err *err)
{
	BUF(text, STAT_MAX);
	int rc = file_read(procfd, "stat", &text, err);

	return rc < 0 ? rc : proc_stat_parse(buf_view(&text), ret, err);
}

int proc_open(int rootfd, pid_t pid, struct err *err)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "proc/%d", (int)pid);
	fd = file_open_dir(rootfd, name, err);
	return fd == -ENOENT ? err_set(err, -ESRCH, "PID %d: no such process", (int)pid) : fd;
}

int proc_is_same(int procfd, uint64_t start_ticks, struct err *err)
{
	struct proc_stat s;
	int rc = proc_stat_read(procfd, &s, err);

	if (rc < 0)
		return rc;
	if (s.start_ticks != start_ticks)
		return err_set(err, -ESRCH, "PID %d is another process by now", (int)s.pid);
	return 0;
}
