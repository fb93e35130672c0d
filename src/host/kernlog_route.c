/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the open reports a line is of. */
#include "host/kernlog_report.h"

#define GROUP_NS (10 * INT64_C(1000000000))
#define GROUP_LINES 8192
#define CHILD_LINES 50

static struct report *only(struct reports *rs, const struct logline *line, unsigned *ret_n)
{
	struct report *found = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		if (!r->used || r->killed || !report_same_host(r, line) ||
		    !report_same_caller(r, line))
			continue;
		if (line->caller && r->caller == line->caller) {
			*ret_n = 1;
			return r;
		}
		if (r->dormant || (line->caller && r->caller))
			continue;
		found = r;
		++*ret_n;
	}
	return *ret_n == 1 ? found : NULL;
}

struct report *report_only(struct reports *rs, const struct logline *line)
{
	unsigned n;

	return only(rs, line, &n);
}

struct report *report_any(struct reports *rs, const struct logline *line)
{
	unsigned n;
	struct report *r = only(rs, line, &n);

	return r || n ? r : report_open(rs, line, false);
}

/* The newest that waits for its CPU line; an older one wakes up by it. */
struct report *report_of_trigger(struct reports *rs, const struct logline *line, struct str comm)
{
	struct report *best = NULL;
	bool taken = false;

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		if (!r->used || r->killed || !report_same_host(r, line) ||
		    !report_same_caller(r, line) || !r->draft.trigger_comm ||
		    !str_eq(str_from(r->draft.trigger_comm), comm))
			continue;
		if (r->draft.trigger_pid) {
			taken |= !r->dormant && !line->caller;
			continue;
		}
		if (!best || r->draft.first_line > best->draft.first_line)
			best = r;
	}
	if (!best || !best->dormant)
		return best;
	/* an earlier report goes on after a later header: they run through each other */
	best->dormant = false;
	if (!taken)
		return best;
	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		/* two of one name: which of the two pids is whose cannot be told */
		if (r->used && r->draft.trigger_comm &&
		    str_eq(str_from(r->draft.trigger_comm), comm)) {
			r->draft.trigger_pid = 0;
			r->mixed_trigger = true;
		}
	}
	return NULL;
}

/* 3 its pid stands there, 2 its name does, 1 it may be, 0 it cannot. */
static int may_choose(struct report *r, int pid, struct str comm)
{
	if (r->draft.trigger_pid == pid || rows_find(&r->rows, pid))
		return 3;
	if (rows_count(&r->rows) && !r->draft.tasks_dropped)
		return 0;
	return r->draft.trigger_comm && str_eq(str_from(r->draft.trigger_comm), comm) ? 2 : 1;
}

struct report *report_of_chosen(struct reports *rs, const struct logline *line, int pid,
				struct str comm)
{
	struct report *best = NULL;
	int level = 0;
	unsigned ties = 0;

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];
		int how;

		if (!r->used || r->killed || r->chosen_pid || !report_same_host(r, line) ||
		    !report_same_caller(r, line))
			continue;
		how = line->caller && r->caller == line->caller ? 3 : may_choose(r, pid, comm);
		/* of two that fit the later one is meant: twice as fine a scale */
		how = how * 2 - r->dormant;
		if (how < 1 || (r->dormant && how < 3) || how < level)
			continue;
		ties = how == level ? ties + 1 : 1;
		level = how;
		best = r;
	}
	if (ties != 1)
		return NULL;
	best->dormant = false;
	return best;
}

/* memory.oom.group: members stand in the table, where there is one. */
static bool may_be_member(struct report *r, const struct logline *line, int pid)
{
	return r->killed && r->group && line->number - r->group_line < GROUP_LINES &&
	       report_within(r->group_uptime, line->uptime_ns, GROUP_NS) &&
	       (!r->table || r->draft.tasks_dropped || rows_find(&r->rows, pid));
}

/* No line said whom it would kill: the report's group and table must at least allow it. */
static bool may_be_victim(struct report *r, const struct logline *line,
			  const struct line_killed *killed)
{
	enum kernlog_kind words = line_kind(killed->words), kind;
	bool stated;

	if (r->killed || r->dormant || r->chosen_pid || r->no_killable ||
	    !report_within(r->last_uptime, line->uptime_ns, GROUP_NS))
		return false;
	kind = report_kind(r, KERNLOG_KIND_UNKNOWN, &stated);
	if ((words == KERNLOG_MEMCG && kind != KERNLOG_MEMCG && kind != KERNLOG_KIND_UNKNOWN) ||
	    (words == KERNLOG_GLOBAL && kind == KERNLOG_MEMCG))
		return false;
	return may_choose(r, killed->pid, killed->comm) > 0;
}

struct report *report_of_killed(struct reports *rs, const struct logline *line,
				const struct line_killed *killed)
{
	struct report *member = NULL, *parent = NULL, *victim = NULL;
	unsigned victims = 0;

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		if (!r->used || !report_same_host(r, line) || !report_same_caller(r, line))
			continue;
		if (!r->killed && r->chosen_pid == killed->pid)
			return r;
		if (may_be_member(r, line, killed->pid))
			member = r;
		else if (!r->killed && r->chosen_by_words && killed->words.n == 0 &&
			 line->number - r->chosen_line < CHILD_LINES)
			parent = r;
		else if (may_be_victim(r, line, killed)) {
			victim = r;
			victims++;
		}
	}
	if (member)
		return member;
	if (parent)
		return parent;
	return victims == 1 ? victim : NULL;
}
