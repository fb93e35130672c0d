/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_report: reports that are being read, and which of them a line is of.
 *
 * A line names its report by printk's caller where the kernel prints one, else
 * by the pid or comm in it. Lines without a name (numbers of the group, rows
 * of the table) are of the only report that is open. A header closes the
 * reports before it to such lines, for the kernel prints one report at a time
 * on a host (oom_lock); but when a line that names an earlier report follows,
 * the two do run through each other, and from then on lines without a name are
 * of neither: unknown is better than mixed.
 */
#ifndef HOST_KERNLOG_REPORT_H
#define HOST_KERNLOG_REPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "host/kernlog.h"
#include "host/kernlog_lines.h"
#include "host/kernlog_prefix.h"
#include "host/kernlog_rows.h"
#include "host/kernlog_store.h"
#include "host/kernlog_table.h"

#define REPORTS_OPEN_MAX 8

struct report {
	bool used;
	bool dormant;	    /* a later header came: only lines that name it */
	bool killed;	    /* its kill was found; more may follow for memory.oom.group */
	bool group;	    /* "are going to be killed due to memory.oom.group set" */
	bool whole;	    /* more than a row or two: worth being told without a kill */
	bool mixed_trigger; /* two reports of one comm ran through each other */

	struct kernlog_kill draft; /* strings in @arena */
	struct arena arena;
	int chosen_pid;	      /* by the constraint line or "Kill process"; 0 not yet */
	bool chosen_by_words; /* "Kill process": a child may die instead */
	uint64_t chosen_line, group_line;
	int64_t group_uptime;
	bool constraint_seen, no_killable, memcg_hint, global_hint, sysrq_hint, in_stats;
	enum kernlog_kind constraint;
	enum kernlog_kind words; /* of "Kill process" */

	struct table_layout layout;
	struct rows rows;
	struct table *table; /* made of them at the kill */
	uint64_t page_size;  /* proved by something else than the victim's row; 0 */
	bool odd_pgtables;   /* a pgtables_bytes that no page size explains */
	bool small_pgtables; /* one that only 4 KiB explains */

	uint32_t caller;
	uint64_t last_line; /* of the log, that was added */
	int64_t last_uptime;
	struct store_place place;
};

struct reports {
	struct report at[REPORTS_OPEN_MAX];
	unsigned open;
	struct report *last_killed; /* that the newest kill was of; NULL: it stood alone */
	struct store *store;
	unsigned boot;
	char release[128]; /* of the kernel, from any line of this boot */
	uint32_t release_host;
	int64_t boot_wall; /* the wall clock at printk's zero; KERNLOG_NO_TIME */
	int failed;
};

static inline bool report_same_host(const struct report *r, const struct logline *line)
{
	return !r->place.host || !line->host || r->place.host == line->host;
}

static inline bool report_same_caller(const struct report *r, const struct logline *line)
{
	return !r->caller || !line->caller || r->caller == line->caller;
}

/* @to is at most @ns after @from, and hardly before it; true where one is not known. */
static inline bool report_within(int64_t from, int64_t to, int64_t ns)
{
	const int64_t slack = 1000000000;

	return from == KERNLOG_NO_TIME || to == KERNLOG_NO_TIME ||
	       (to >= from - slack && to - from <= ns);
}

void reports_init(struct reports *rs, struct store *store);
void reports_release(struct reports *rs);

/* kernlog_report.c: their life */

/* A new report that @line opens; the ones before it on the same host become dormant. */
struct report *report_open(struct reports *rs, const struct logline *line, bool header);

/* kernlog_route.c: whose a line is */

/* The one report that a line without a name can be of; NULL if there is none, or two. */
struct report *report_only(struct reports *rs, const struct logline *line);

/* As above, but one is opened where none is. NULL where two are. */
struct report *report_any(struct reports *rs, const struct logline *line);

/* Of the trigger @comm, and still without its pid. */
struct report *report_of_trigger(struct reports *rs, const struct logline *line, struct str comm);

/* Whose constraint line may name @pid and @comm as the victim; NULL: none, or more than one. */
struct report *report_of_chosen(struct reports *rs, const struct logline *line, int pid,
				struct str comm);

/* Whose kill this is; NULL: of none that is open. */
struct report *report_of_killed(struct reports *rs, const struct logline *line,
				const struct line_killed *killed);

/* @line was added to @r. */
void report_touch(struct report *r, const struct logline *line);

/* A copy in the report's arena, NULL when that is full or @s is empty. */
const char *report_str(struct report *r, struct str s);

void report_add_row(struct report *r, const struct kernlog_task *task, uint64_t pgtables);

/* What the report was about, by all that is known. */
enum kernlog_kind report_kind(const struct report *r, enum kernlog_kind words, bool *ret_stated);

/* Hand the report over (if it is worth it and nobody was killed) and free its place. */
void report_close(struct reports *rs, struct report *r);

/* Close those that nothing was added to for long. */
void reports_expire(struct reports *rs, const struct logline *line);
void reports_close_all(struct reports *rs);

/* A wall clock from the uptime, where the start of the machine is known. */
void report_derive_wall(const struct reports *rs, struct kernlog_kill *k);

/* Keep the kill that @line tells: of @r, or on its own when that is NULL. */
void report_kill(struct reports *rs, struct report *r, const struct logline *line,
		 const struct line_killed *killed, bool quoted);

#endif /* HOST_KERNLOG_REPORT_H */
