/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/kernlog_parser.h"
#include "host/kernlog_scan.h"

#define LINE_MAX_BYTES ((size_t)64 << 10)
#define READ_BYTES ((size_t)256 << 10)

const char *kernlog_kind_name(enum kernlog_kind kind)
{
	static const char *const names[KERNLOG_KIND_COUNT] = {
		[KERNLOG_KIND_UNKNOWN] = "unknown",    [KERNLOG_MEMCG] = "memcg",
		[KERNLOG_GLOBAL] = "global",	       [KERNLOG_CPUSET] = "cpuset",
		[KERNLOG_MEMPOLICY] = "mempolicy",     [KERNLOG_SYSRQ] = "sysrq",
		[KERNLOG_NO_KILLABLE] = "no-killable",
	};

	return kind < KERNLOG_KIND_COUNT ? names[kind] : names[KERNLOG_KIND_UNKNOWN];
}

struct kernlog *kernlog_new(size_t budget)
{
	struct kernlog *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	store_init(&k->store, budget);
	reports_init(&k->reports, &k->store);
	others_init(&k->others);
	unwrap_init(&k->unwrap);
	buf_init(&k->carry, LINE_MAX_BYTES + 1);
	k->uptime = KERNLOG_NO_TIME;
	return k;
}

void kernlog_free(struct kernlog *k)
{
	if (!k)
		return;
	reports_release(&k->reports);
	store_release(&k->store);
	others_release(&k->others);
	unwrap_release(&k->unwrap);
	buf_release(&k->carry);
	free(k);
}

void kernlog_freep(struct kernlog **k)
{
	kernlog_free(*k);
}

void kernlog_set_boot_wall(struct kernlog *k, int64_t wall_ns)
{
	k->reports.boot_wall = wall_ns;
}

/* One line, whose number has been counted. */
static void read_line(struct kernlog *k, struct str raw, bool cut)
{
	struct logline line;
	struct str rest, part;
	bool no_cut_before;

	if (raw.n > LINE_MAX_BYTES) {
		raw.n = LINE_MAX_BYTES;
		k->counts.long_lines++;
		cut = true;
	}
	if (!unwrap_line(&k->unwrap, raw, &line))
		return;
	line.number = k->counts.lines;
	rest = line.msg;
	while (str_take_line(&rest, &part)) {
		no_cut_before = rest.n > 0;
		line.msg = str_trim(part);
		line.cut = cut && !no_cut_before;
		if (line.msg.n)
			kernlog_message(k, &line);
	}
}

/* While a report is open each line may be of it, and near a kill each may tell the year. */
static bool each_line(const struct kernlog *k)
{
	return k->reports.open || k->unwrap.dmesg_json || k->counts.lines < k->hint_until;
}

/* Whole lines. */
static void read_lines(struct kernlog *k, struct str s)
{
	while (s.n) {
		struct str line;

		if (!each_line(k)) {
			size_t at = scan_word(s);
			const char *before = at ? memrchr(s.p, '\n', at) : NULL;
			size_t skip = before ? (size_t)(before - s.p) + 1 : 0;

			if (at == s.n) {
				k->counts.lines += scan_newlines(s);
				return;
			}
			k->counts.lines += scan_newlines((struct str){ s.p, skip });
			s = str_skip(s, skip);
		}
		if (!str_take_line(&s, &line))
			return;
		k->counts.lines++;
		read_line(k, line, false);
	}
}

/* Add to the line whose end was not fed yet; what is past the maximum is not kept. */
static int carry(struct kernlog *k, struct str s)
{
	size_t room = LINE_MAX_BYTES - k->carry.n;

	if (s.n > room) {
		k->carry_long = true;
		s.n = room;
	}
	buf_add(&k->carry, s.p, s.n);
	return k->carry.failed;
}

static void end_carried(struct kernlog *k, bool cut)
{
	struct str line = buf_view(&k->carry);
	/* as read_lines() would: how a log is cut into pieces must not show */
	bool wanted = each_line(k) || scan_word(line) < line.n;

	if (k->carry_long)
		k->counts.long_lines++;
	k->counts.lines++;
	if (wanted)
		read_line(k, line, cut || k->carry_long);
	buf_clear(&k->carry);
	k->carry_long = false;
}

static int failure(const struct kernlog *k)
{
	if (k->failed)
		return k->failed;
	return k->reports.failed ? k->reports.failed : k->others.failed;
}

int kernlog_feed(struct kernlog *k, const void *p, size_t n)
{
	struct str s = { p, n }, line;
	const char *last = n ? memrchr(p, '\n', n) : NULL;
	size_t whole = last ? (size_t)(last - s.p) + 1 : 0;
	int r = 0;

	k->counts.bytes += n;
	if (k->carry.n && str_take_until(&s, '\n', &line)) {
		whole -= line.n + 1;
		r = carry(k, line);
		end_carried(k, false);
	}
	read_lines(k, (struct str){ s.p, whole });
	s = str_skip(s, whole);
	if (s.n && r == 0)
		r = carry(k, s);
	if (r < 0 && !k->failed)
		k->failed = r;
	return failure(k);
}

int kernlog_finish(struct kernlog *k)
{
	if (k->carry.n)
		end_carried(k, true);
	reports_close_all(&k->reports);
	others_settle(&k->others, kernlog_kills(k) > 0);
	kernlog_settle_times(k);
	k->counts.kills_dropped = k->store.kills_dropped;
	k->counts.reports_dropped = k->store.reports_dropped;
	return failure(k);
}

int kernlog_read(struct kernlog *k, int fd, const char *name, struct err *err)
{
	_cleanup_(free_ptr) char *room = malloc(READ_BYTES);
	int r = 0;

	if (!room)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	while (r == 0) {
		ssize_t n = read(fd, room, READ_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "%s", name);
		if (n == 0)
			break;
		r = kernlog_feed(k, room, (size_t)n);
	}
	if (r == 0)
		r = kernlog_finish(k);
	return r < 0 ? err_set(err, r, "%s: no memory", name) : 0;
}

size_t kernlog_kills(const struct kernlog *k)
{
	return (size_t)(k->store.kills.end - k->store.kills.begin);
}

const struct kernlog_kill *kernlog_kill(const struct kernlog *k, size_t i)
{
	const struct stored *e = ring_at(&k->store.kills, i);

	return e ? &e->kill : NULL;
}

size_t kernlog_reports(const struct kernlog *k)
{
	return (size_t)(k->store.reports.end - k->store.reports.begin);
}

const struct kernlog_kill *kernlog_report(const struct kernlog *k, size_t i)
{
	const struct stored *e = ring_at(&k->store.reports, i);

	return e ? &e->kill : NULL;
}

size_t kernlog_others(const struct kernlog *k)
{
	return others_count(&k->others);
}

const struct kernlog_other *kernlog_other(const struct kernlog *k, size_t i)
{
	return other_killers_at(&k->others, i);
}

struct kernlog_counts kernlog_counts(const struct kernlog *k)
{
	return k->counts;
}

const struct kernlog_kill *kernlog_find(const struct kernlog *k, int pid)
{
	const struct stored *e = store_newest(&k->store, pid);

	return e ? &e->kill : NULL;
}

uint64_t kernlog_bytes(const struct kernlog_kill *kill, uint64_t pages)
{
	uint64_t bytes;

	if (pages == KERNLOG_UNKNOWN || kill->page_size == KERNLOG_UNKNOWN ||
	    __builtin_mul_overflow(pages, kill->page_size, &bytes))
		return KERNLOG_UNKNOWN;
	return bytes;
}
