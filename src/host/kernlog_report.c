/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_report.h"

#include <errno.h>
#include <string.h>

#define REPORT_ARENA ((size_t)48 << 10)
#define LINE_TEXT_MAX 4096
#define IDLE_LINES 2000
#define GROUP_FOLLOWS_LINES 64 /* a kill without a group line by then has none */
#define IDLE_NS (60 * INT64_C(1000000000))

void reports_init(struct reports *rs, struct store *store)
{
	*rs = (struct reports){ .store = store, .boot_wall = KERNLOG_NO_TIME };
	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++)
		rows_init(&rs->at[i].rows);
}

static void reset(struct report *r)
{
	struct rows rows = r->rows;

	arena_release(&r->arena);
	table_drop(r->table);
	rows_clear(&rows);
	*r = (struct report){ .rows = rows };
}

void reports_release(struct reports *rs)
{
	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		reset(&rs->at[i]);
		rows_release(&rs->at[i].rows);
	}
}

static struct store_place place_of(const struct reports *rs, const struct logline *line)
{
	return (struct store_place){
		.host = line->host, .boot = rs->boot, .has_date = line->has_date, .date = line->date
	};
}

static void blank(struct kernlog_kill *k)
{
	*k = (struct kernlog_kill){
		.wall_ns = KERNLOG_NO_TIME,
		.uptime_ns = KERNLOG_NO_TIME,
		.total_vm = KERNLOG_UNKNOWN,
		.anon_rss = KERNLOG_UNKNOWN,
		.file_rss = KERNLOG_UNKNOWN,
		.shmem_rss = KERNLOG_UNKNOWN,
		.pgtables = KERNLOG_UNKNOWN,
		.uid = KERNLOG_UNKNOWN,
		.page_size = KERNLOG_UNKNOWN,
	};
	memset(&k->memcg, 0xff, sizeof(k->memcg)); /* every field KERNLOG_UNKNOWN */
}

static void set_time(struct kernlog_kill *k, const struct logline *line)
{
	if (line->wall_ns != KERNLOG_NO_TIME) {
		k->wall_ns = line->wall_ns;
		k->zone_known = line->date.zone_known;
	}
	if (line->uptime_ns != KERNLOG_NO_TIME)
		k->uptime_ns = line->uptime_ns;
}

void report_touch(struct report *r, const struct logline *line)
{
	r->last_line = line->number;
	r->draft.last_line = line->number;
	if (line->uptime_ns != KERNLOG_NO_TIME)
		r->last_uptime = line->uptime_ns;
	/* a report without a kill has its first stamp */
	if (r->draft.uptime_ns == KERNLOG_NO_TIME && r->draft.wall_ns == KERNLOG_NO_TIME)
		set_time(&r->draft, line);
	if (!r->place.host)
		r->place.host = line->host;
}

static struct report *free_slot(struct reports *rs)
{
	struct report *oldest = &rs->at[0];

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		if (!rs->at[i].used)
			return &rs->at[i];
		if (rs->at[i].last_line < oldest->last_line)
			oldest = &rs->at[i];
	}
	report_close(rs, oldest);
	return oldest;
}

struct report *report_open(struct reports *rs, const struct logline *line, bool header)
{
	struct report *r;

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		r = &rs->at[i];
		if (!r->used || !report_same_host(r, line) ||
		    (r->caller && r->caller != line->caller))
			continue;
		if (r->killed || (line->caller && r->caller == line->caller))
			report_close(rs, r);
		else
			r->dormant |= header;
	}
	r = free_slot(rs);
	r->used = true;
	rs->open++;
	arena_init(&r->arena, REPORT_ARENA);
	blank(&r->draft);
	r->last_uptime = KERNLOG_NO_TIME;
	r->group_uptime = KERNLOG_NO_TIME;
	r->caller = line->caller;
	r->place = place_of(rs, line);
	r->draft.first_line = line->number;
	report_touch(r, line);
	return r;
}

const char *report_str(struct report *r, struct str s)
{
	if (s.n > LINE_TEXT_MAX)
		s.n = LINE_TEXT_MAX;
	return s.n ? arena_str(&r->arena, s).p : NULL;
}

void report_add_row(struct report *r, const struct kernlog_task *task, uint64_t pgtables)
{
	if (!rows_add(&r->rows, task))
		r->draft.tasks_dropped++;
	if (pgtables % 4096)
		r->odd_pgtables = true;
	else if (pgtables % 16384)
		r->small_pgtables = true;
	r->whole |= rows_count(&r->rows) > 1;
}

enum kernlog_kind report_kind(const struct report *r, enum kernlog_kind words, bool *ret_stated)
{
	bool sysrq = r->sysrq_hint || (r->draft.order_known && r->draft.order == -1);

	*ret_stated = true;
	if (r->no_killable)
		return KERNLOG_NO_KILLABLE;
	if (r->draft.oom_memcg || r->constraint == KERNLOG_MEMCG)
		return KERNLOG_MEMCG;
	if (sysrq)
		return KERNLOG_SYSRQ;
	if (r->constraint != KERNLOG_KIND_UNKNOWN)
		return r->constraint;
	*ret_stated = false;
	if (r->memcg_hint)
		return KERNLOG_MEMCG;
	if (words != KERNLOG_KIND_UNKNOWN)
		return words;
	if (r->words != KERNLOG_KIND_UNKNOWN)
		return r->words;
	return r->global_hint ? KERNLOG_GLOBAL : KERNLOG_KIND_UNKNOWN;
}

/* From the victim's row, else from what else gives it away. */
static uint64_t page_size_of(struct report *r, int pid, uint64_t total_vm)
{
	const struct kernlog_task *row = pid ? rows_find(&r->rows, pid) : NULL;
	uint64_t size = row ? table_page_size(row->total_vm_pages, total_vm) : 0;

	if (!size)
		size = r->page_size;
	if (!size && r->small_pgtables && !r->odd_pgtables)
		size = 4096;
	return size ? size : KERNLOG_UNKNOWN;
}

static void make_table(struct report *r)
{
	if (!r->table)
		r->table = table_new(rows_all(&r->rows), rows_count(&r->rows));
}

static void set_release(struct reports *rs, struct kernlog_kill *k, uint32_t host)
{
	if (!k->kernel && rs->release[0] &&
	    (!host || !rs->release_host || host == rs->release_host))
		k->kernel = rs->release;
}

void report_close(struct reports *rs, struct report *r)
{
	struct kernlog_kill *k = &r->draft;
	int e;

	if (!r->used)
		return;
	if (!r->killed && r->whole) {
		make_table(r);
		k->kind = report_kind(r, KERNLOG_KIND_UNKNOWN, &k->kind_stated);
		k->pid = r->chosen_pid;
		k->page_size = page_size_of(r, 0, KERNLOG_UNKNOWN);
		set_release(rs, k, r->place.host);
		e = store_report(rs->store, k, r->table, &r->place);
		if (e < 0 && !rs->failed)
			rs->failed = e;
	}
	if (rs->last_killed == r)
		rs->last_killed = NULL;
	reset(r);
	rs->open--;
}

void reports_expire(struct reports *rs, const struct logline *line)
{
	for (size_t i = 0; rs->open && i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		if (!r->used || !report_same_host(r, line))
			continue;
		if (line->number - r->last_line >
			    (r->killed && !r->group ? GROUP_FOLLOWS_LINES : IDLE_LINES) ||
		    !report_within(r->last_uptime, line->uptime_ns, IDLE_NS))
			report_close(rs, r);
	}
}

void reports_close_all(struct reports *rs)
{
	for (;;) {
		struct report *first = NULL;

		/* in the order of the log */
		for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
			struct report *r = &rs->at[i];

			if (r->used && (!first || r->draft.first_line < first->draft.first_line))
				first = r;
		}
		if (!first)
			return;
		report_close(rs, first);
	}
}

static void set_victim(struct kernlog_kill *k, const struct line_killed *killed, const char *comm)
{
	k->killed = true;
	k->pid = killed->pid;
	k->comm = comm;
	k->total_vm = killed->total_vm;
	k->anon_rss = killed->anon_rss;
	k->file_rss = killed->file_rss;
	k->shmem_rss = killed->shmem_rss;
	k->pgtables = killed->pgtables;
	k->uid = killed->uid;
	k->oom_score_adj = killed->oom_score_adj;
	k->oom_score_adj_known = killed->oom_score_adj_known;
}

/* The victim's own row tells what older kill lines do not. */
static void add_row(struct kernlog_kill *k, struct report *r)
{
	const struct kernlog_task *row = rows_find(&r->rows, k->pid);

	if (!k->oom_score_adj_known && row) {
		k->oom_score_adj = row->oom_score_adj;
		k->oom_score_adj_known = true;
	}
}

void report_derive_wall(const struct reports *rs, struct kernlog_kill *k)
{
	if (k->wall_ns != KERNLOG_NO_TIME || k->uptime_ns == KERNLOG_NO_TIME ||
	    rs->boot_wall == KERNLOG_NO_TIME ||
	    __builtin_add_overflow(rs->boot_wall, k->uptime_ns, &k->wall_ns))
		return;
	k->zone_known = true;
	k->wall_derived = true;
}

void report_kill(struct reports *rs, struct report *r, const struct logline *line,
		 const struct line_killed *killed, bool quoted)
{
	struct store_place place = place_of(rs, line);
	enum kernlog_kind words = line_kind(killed->words);
	char comm[KERNLOG_COMM * 2] = "", text[LINE_TEXT_MAX + 1];
	struct kernlog_kill k;
	int e;

	blank(&k);
	if (r) {
		make_table(r);
		k = r->draft;
		k.member = r->killed;
		k.kind = report_kind(r, words, &k.kind_stated);
		k.page_size = page_size_of(r, killed->pid, killed->total_vm);
		if (!place.host)
			place.host = r->place.host;
	} else {
		k.kind = words;
		k.first_line = line->number;
	}
	memcpy(comm, killed->comm.p,
	       killed->comm.n < sizeof(comm) ? killed->comm.n : sizeof(comm) - 1);
	memcpy(text, line->text.p, line->text.n < sizeof(text) ? line->text.n : sizeof(text) - 1);
	text[line->text.n < sizeof(text) ? line->text.n : sizeof(text) - 1] = '\0';
	set_victim(&k, killed, comm);
	set_time(&k, line);
	k.kill_line = text;
	k.last_line = line->number;
	if (!line->has_date)
		report_derive_wall(rs, &k);
	k.quoted = quoted;
	if (!r || !r->killed)
		set_release(rs, &k, place.host);
	if (r) {
		add_row(&k, r);
		if (r->killed && k.page_size == KERNLOG_UNKNOWN)
			k.page_size = r->draft.page_size;
		r->draft.page_size = k.page_size;
	}
	e = store_kill(rs->store, &k, r ? r->table : NULL, &place);
	if (e < 0 && !rs->failed)
		rs->failed = e;
	rs->last_killed = quoted ? rs->last_killed : r;
	if (r) {
		r->killed = true;
		report_touch(r, line);
	}
}
