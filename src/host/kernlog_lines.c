/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_lines.h"
#include "host/kernlog_take.h"

#include <limits.h>
#include <string.h>

#define COMM_MAX 15 /* TASK_COMM_LEN - 1, include/linux/sched.h */

/* "1234kB" as bytes: the unit proves that the number is whole. */
static uint64_t take_kb(struct str *s)
{
	struct str rest = *s;
	uint64_t v;

	if (!str_take_u64(&rest, &v) || !str_take_prefix(&rest, STR("kB")) ||
	    __builtin_mul_overflow(v, 1024u, &v) || v >= KERNLOG_NO_LIMIT)
		return KERNLOG_UNKNOWN;
	*s = rest;
	return v;
}

/* A number that is followed by something, unless the line is known to be whole. */
static bool take_whole(struct str *s, bool cut, int64_t *ret)
{
	struct str rest = *s;
	int64_t v;

	if (!str_take_i64(&rest, &v) || (cut && rest.n == 0))
		return false;
	*s = rest;
	*ret = v;
	return true;
}

/*
 * "(comm)" from the front of @s. A comm may hold parentheses: the one that
 * closes is the last within its length that is followed as the kernel does.
 */
static bool take_comm(struct str *s, struct str *ret)
{
	struct str in = *s;
	ptrdiff_t end = -1;

	if (!str_take_prefix(&in, STR("(")))
		return false;
	for (size_t i = 0; i < in.n && i <= COMM_MAX; i++) {
		struct str after = str_skip(in, i + 1);

		if (in.p[i] != ')')
			continue;
		if (end < 0 || str_has_prefix(after, STR(" total-vm:")) ||
		    str_has_prefix(after, STR(", UID")) || str_has_prefix(after, STR(" score ")))
			end = (ptrdiff_t)i;
	}
	if (end < 0) {
		/* longer than a comm can be, or cut */
		const char *p = in.n ? memchr(in.p, ')', in.n) : NULL;

		end = p ? p - in.p : (ptrdiff_t)in.n;
	}
	*ret = (struct str){ in.p, (size_t)end };
	*s = str_skip(in, (size_t)end + 1);
	return true;
}

static void killed_fields(struct str s, bool cut, struct line_killed *k)
{
	const struct {
		struct str key;
		uint64_t *to;
	} sizes[] = {
		{ STR("total-vm:"), &k->total_vm }, { STR("anon-rss:"), &k->anon_rss },
		{ STR("file-rss:"), &k->file_rss }, { STR("shmem-rss:"), &k->shmem_rss },
		{ STR("pgtables:"), &k->pgtables },
	};
	struct str at;
	int64_t v;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		at = s;
		if (take_past(&at, sizes[i].key))
			*sizes[i].to = take_kb(&at);
	}
	at = s;
	if ((take_past(&at, STR("UID:")) || take_past(&at, STR("UID "))) &&
	    take_whole(&at, cut, &v) && v >= 0)
		k->uid = (uint64_t)v;
	at = s;
	if (take_past(&at, STR("oom_score_adj:")) && take_whole(&at, cut, &v) && v >= -1000 &&
	    v <= 1000) {
		k->oom_score_adj = (int)v;
		k->oom_score_adj_known = true;
	}
}

static bool killed_at(struct str s, bool cut, struct line_killed *k)
{
	struct str next, fields;
	int64_t uid;
	ptrdiff_t end;

	if (!take_pid(&s, &k->pid))
		return false;
	/* RHEL 6 has the user before the name: "31343, UID 493, (influxd) total-vm:" */
	next = s;
	if (str_take_prefix(&next, STR(", UID ")) && str_take_i64(&next, &uid) && uid >= 0 &&
	    str_take_prefix(&next, STR(","))) {
		k->uid = (uint64_t)uid;
		s = next;
	}
	if (!str_take_prefix(&s, STR(" ")) || !take_comm(&s, &k->comm))
		return false;
	end = str_find(s, STR("Killed process "));
	fields = end < 0 ? s : (struct str){ s.p, (size_t)end };
	killed_fields(fields, cut && end < 0, k);
	return true;
}

bool line_take_killed(struct str *s, bool cut, struct line_killed *ret)
{
	const char *begin = s->p;
	struct str rest = *s;

	while (take_past(&rest, STR("Killed process "))) {
		struct line_killed k = {
			.total_vm = KERNLOG_UNKNOWN,
			.anon_rss = KERNLOG_UNKNOWN,
			.file_rss = KERNLOG_UNKNOWN,
			.shmem_rss = KERNLOG_UNKNOWN,
			.pgtables = KERNLOG_UNKNOWN,
			.uid = KERNLOG_UNKNOWN,
		};

		k.words = str_trim((struct str){ begin, (size_t)(rest.p - begin) -
								strlen("Killed process ") });
		if (killed_at(rest, cut, &k)) {
			*s = rest;
			*ret = k;
			return true;
		}
	}
	return false;
}

enum kernlog_kind line_kind(struct str words)
{
	static const struct {
		struct str end;
		enum kernlog_kind kind;
	} known[] = {
		{ STR_INIT("Memory cgroup out of memory:"), KERNLOG_MEMCG },
		{ STR_INIT("Out of memory:"), KERNLOG_GLOBAL },
		{ STR_INIT("Out of memory (oom_kill_allocating_task):"), KERNLOG_GLOBAL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_has_suffix(words, known[i].end))
			return known[i].kind;
	}
	return KERNLOG_KIND_UNKNOWN;
}

bool line_chosen(struct str msg, int *ret_pid, struct str *ret_comm)
{
	struct str s = msg;

	return take_past(&s, STR("Kill process ")) && take_pid(&s, ret_pid) &&
	       str_take_prefix(&s, STR(" ")) && take_comm(&s, ret_comm);
}

bool line_header(struct str msg, bool cut, struct line_header *ret)
{
	static const struct str words = STR_INIT(" invoked oom-killer:");
	ptrdiff_t at = str_find(msg, words);
	struct line_header h = { 0 };
	struct str s = str_skip(msg, at > 0 ? (size_t)at + words.n : 0), value;
	int64_t order;

	if (at <= 0)
		return false;
	h.comm = (struct str){ msg.p, (size_t)at };
	if (h.comm.n > COMM_MAX) {
		/* some prefix that is not known: the name is behind its last mark */
		for (size_t i = h.comm.n; i > 0; i--) {
			if (h.comm.p[i - 1] == ']' ||
			    (h.comm.p[i - 1] == ':' && i < h.comm.n && h.comm.p[i] == ' ')) {
				h.comm = str_trim(str_skip(h.comm, i));
				break;
			}
		}
	}
	value = s;
	if (take_past(&value, STR("gfp_mask="))) {
		size_t n = 0;

		while (n < value.n && value.p[n] != ',' && value.p[n] != ' ')
			n++;
		if (n < value.n || !cut)
			h.gfp = (struct str){ value.p, n };
	}
	if (take_past(&s, STR("order=")) && take_whole(&s, cut, &order) && order >= -1 &&
	    order < 64) {
		h.order = (int)order;
		h.order_known = true;
	}
	*ret = h;
	return true;
}

/* "Not tainted 6.1.0 #1", "Tainted: G        W          6.1.0 #1": the word before " #<digit>". */
static struct str release_of(struct str s, bool cut)
{
	size_t begin, end;

	for (end = 1; end + 2 < s.n; end++) {
		if (s.p[end] == ' ' && s.p[end + 1] == '#' && s.p[end + 2] >= '0' &&
		    s.p[end + 2] <= '9')
			break;
	}
	if (end + 2 >= s.n) {
		/* no build number: trust the last word of a whole "Not tainted RELEASE" only */
		if (cut || !str_take_prefix(&s, STR("Not tainted ")))
			return (struct str){ 0 };
		end = s.n;
	}
	for (begin = end; begin > 0 && s.p[begin - 1] != ' '; begin--)
		;
	s = (struct str){ s.p + begin, end - begin };
	return s.n && s.p[0] >= '0' && s.p[0] <= '9' ? s : (struct str){ 0 };
}

bool line_cpu(struct str msg, bool cut, struct line_cpu *ret)
{
	static const struct str ends[] = {
		STR_INIT(" Not tainted "),
		STR_INIT(" Tainted: "),
		STR_INIT(" Kdump: "),
	};
	struct line_cpu c = { 0 };
	struct str s = msg;
	ptrdiff_t end = -1;

	if (str_take_prefix(&s, STR("Pid: "))) {
		if (!take_pid(&s, &c.pid) || !str_take_prefix(&s, STR(", comm: ")))
			return false;
	} else if (!take_past(&s, STR(" PID: ")) || !take_pid(&s, &c.pid) ||
		   !str_take_prefix(&s, STR(" Comm: "))) {
		return false;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		ptrdiff_t at = str_find(s, ends[i]);

		if (at < 0)
			continue;
		if (!c.release.n)
			c.release = release_of(str_skip(s, (size_t)at + 1), cut);
		if (end < 0 || at < end)
			end = at;
	}
	if (end < 0 && cut)
		return false;
	c.comm = end < 0 ? str_trim(s) : str_trim((struct str){ s.p, (size_t)end });
	*ret = c;
	return true;
}

bool line_usage(struct str s, uint64_t *ret_usage, uint64_t *ret_limit, uint64_t *ret_failcnt)
{
	uint64_t usage, limit = KERNLOG_UNKNOWN, failcnt = KERNLOG_UNKNOWN, v;

	if (!take_past(&s, STR("usage ")))
		return false;
	usage = take_kb(&s);
	if (take_past(&s, STR("limit ")))
		limit = take_kb(&s);
	if (take_past(&s, STR("failcnt ")) && str_take_u64(&s, &v))
		failcnt = v;
	*ret_usage = usage;
	*ret_limit = limit;
	*ret_failcnt = failcnt;
	return true;
}

/* PAGE_COUNTER_MAX is LONG_MAX / PAGE_SIZE pages (include/linux/page_counter.h); v1 before
 * 3.19 counted bytes up to LLONG_MAX or ULLONG_MAX, which tells nothing of pages. */
uint64_t line_unlimited_page_size(uint64_t limit)
{
	for (uint64_t size = 4096; size <= 65536; size *= 2) {
		if (limit == (uint64_t)INT64_MAX / size * size)
			return size;
	}
	return 0;
}

/* From behind "KEY=" to the next "," + one of the keys that may follow; the end if none does. */
static struct str value_until(struct str s, struct str next, bool cut)
{
	ptrdiff_t end = -1;

	/* the last one: a path may hold the key's very text */
	for (struct str rest = s;;) {
		ptrdiff_t at = str_find(rest, next);

		if (at < 0)
			break;
		end = (rest.p - s.p) + at;
		rest = str_skip(rest, (size_t)at + next.n);
	}
	if (end < 0)
		return cut ? (struct str){ 0 } : s;
	return (struct str){ s.p, (size_t)end };
}

static enum kernlog_kind constraint_kind(struct str msg)
{
	static const struct {
		struct str text;
		enum kernlog_kind kind;
	} known[] = {
		{ STR_INIT("CONSTRAINT_MEMCG"), KERNLOG_MEMCG },
		{ STR_INIT("CONSTRAINT_CPUSET"), KERNLOG_CPUSET },
		{ STR_INIT("CONSTRAINT_MEMORY_POLICY"), KERNLOG_MEMPOLICY },
		{ STR_INIT("CONSTRAINT_NONE"), KERNLOG_GLOBAL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_has_prefix(msg, known[i].text))
			return known[i].kind;
	}
	return KERNLOG_KIND_UNKNOWN;
}

/* ",task=C,pid=N,uid=N": the last three, for C may hold commas. */
static void constraint_task(struct str msg, struct line_constraint *c)
{
	struct str s = msg, last = { 0 };

	while (take_past(&s, STR(",pid=")))
		last = s;
	if (!last.p || !take_pid(&last, &c->pid) || !str_take_prefix(&last, STR(","))) {
		c->pid = 0;
		return;
	}
	s = msg;
	if (take_past(&s, STR(",task=")))
		c->task = value_until(s, STR(",pid="), false);
}

bool line_constraint(struct str msg, bool cut, struct line_constraint *ret)
{
	static const struct str parts[] = {
		STR_INIT("oom-kill:constraint="), STR_INIT(",nodemask="),  STR_INIT(",cpuset="),
		STR_INIT(",mems_allowed="),	  STR_INIT(",oom_memcg="), STR_INIT(",global_oom"),
		STR_INIT(",task_memcg="),	  STR_INIT(",task="),
	};
	struct line_constraint c = { 0 };
	struct str s = msg;
	bool found = false;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		found |= str_has_prefix(msg, parts[i]);
	if (!found)
		return false;
	if (take_past(&s, STR("constraint=")))
		c.kind = constraint_kind(s);
	s = msg;
	if (take_past(&s, STR(",oom_memcg="))) {
		c.oom_memcg = value_until(s, STR(",task_memcg="), cut);
		/* 5.0 and 5.1 may call it CONSTRAINT_NONE */
		c.kind = KERNLOG_MEMCG;
	}
	if (take_past(&s, STR(",task_memcg=")))
		c.task_memcg = value_until(s, STR(",task="), cut);
	constraint_task(msg, &c);
	*ret = c;
	return true;
}

bool line_is_above(struct str group, struct str task)
{
	return str_eq(group, STR("/")) ||
	       (str_has_prefix(task, group) && (task.n == group.n || task.p[group.n] == '/'));
}

bool line_task_in(struct str msg, bool cut, struct str *ret_task, struct str *ret_limit)
{
	static const struct str middle = STR_INIT(" killed as a result of limit of ");
	struct str s = msg;
	ptrdiff_t at;

	if (!str_take_prefix(&s, STR("Task in ")))
		return false;
	at = str_find(s, middle);
	if (at < 0)
		return false;
	*ret_task = (struct str){ s.p, (size_t)at };
	*ret_limit = str_skip(s, (size_t)at + middle.n);
	/* else the path was cut on its way here */
	if (cut || !line_is_above(*ret_limit, *ret_task))
		*ret_limit = (struct str){ 0 };
	return true;
}
