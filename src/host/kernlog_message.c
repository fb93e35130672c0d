/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the kernel's report, as a table: how each is known and who reads it.
 */
#include <string.h>

#include "host/kernlog_lines.h"
#include "host/kernlog_parser.h"
#include "host/kernlog_take.h"

#define BACKWARDS_NS (5 * INT64_C(1000000000))

static void on_header(struct kernlog *k, const struct logline *line)
{
	struct line_header h;
	struct report *r;

	if (!line_header(line->msg, line->cut, &h))
		return;
	r = report_only(&k->reports, line);
	if (!r || !r->sysrq_hint || r->whole)
		r = report_open(&k->reports, line, true);
	r->whole = true;
	r->draft.trigger_comm = report_str(r, h.comm);
	r->draft.gfp = report_str(r, h.gfp);
	r->draft.order = h.order;
	r->draft.order_known = h.order_known;
	r->draft.header_line = report_str(r, line->text);
	if (r->caller && !(r->caller >> 31))
		r->draft.trigger_pid = (int)(r->caller - 1);
}

static void keep_release(struct kernlog *k, const struct logline *line, struct str release)
{
	struct reports *rs = &k->reports;

	if (!release.n || release.n >= sizeof(rs->release))
		return;
	memcpy(rs->release, release.p, release.n);
	rs->release[release.n] = '\0';
	rs->release_host = line->host;
}

static void on_cpu(struct kernlog *k, const struct logline *line)
{
	struct line_cpu c;
	struct report *r;

	if (!line_cpu(line->msg, line->cut, &c))
		return;
	keep_release(k, line, c.release);
	r = report_of_trigger(&k->reports, line, c.comm);
	if (!r)
		return;
	r->draft.trigger_pid = c.pid;
	r->draft.kernel = report_str(r, c.release);
	report_touch(r, line);
}

/* "Linux version 6.1.0-50-cloud-amd64 (…": a start of the machine. */
static void on_boot(struct kernlog *k, const struct logline *line)
{
	struct str s = line->msg, release;

	if (!str_take_prefix(&s, STR("Linux version ")) || !str_take_word(&s, &release))
		return;
	k->reports.boot++;
	keep_release(k, line, release);
}

static void take_register(struct str s, uint64_t *to)
{
	uint64_t v;

	if (str_take_hex(&s, &v))
		*to = v;
}

static void on_regs(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);
	struct str s = line->msg;
	uint64_t rip;
	ptrdiff_t at;

	if (!r)
		return;
	r->page_size = r->page_size ? r->page_size : 4096; /* amd64 has no other */
	if (str_take_prefix(&s, STR("RIP: 0033:")) || str_take_prefix(&s, STR("RIP: 0000:"))) {
		skip_if(&s, STR("["));
		skip_if(&s, STR("<"));
		skip_if(&s, STR("0x"));
		if (str_take_hex(&s, &rip) && !r->draft.regs.rip)
			r->draft.regs.rip = rip;
	}
	s = line->msg;
	if ((str_take_prefix(&s, STR("RSP: 002b:")) || str_take_prefix(&s, STR("RSP: 0000:"))) &&
	    !r->draft.regs.rsp)
		take_register(s, &r->draft.regs.rsp);
	s = line->msg;
	if (str_take_prefix(&s, STR("RBP: ")) && !r->draft.regs.rbp)
		take_register(s, &r->draft.regs.rbp);
	at = str_find(line->msg, STR(" R14: "));
	s = str_skip(line->msg, at < 0 ? line->msg.n : (size_t)at + 6);
	if (at >= 0 && !r->draft.regs.r14)
		take_register(s, &r->draft.regs.r14);
	report_touch(r, line);
}

/* A function of the call trace says how the allocator came to the killer. */
static void on_frame(struct kernlog *k, const struct logline *line)
{
	static const struct {
		struct str name;
		bool opens, memcg, sysrq, lowered, global;
	} frames[] = {
		{ STR_INIT("dump_header+"), .opens = true },
		{ STR_INIT("mem_cgroup_out_of_memory+"), .memcg = true },
		{ STR_INIT("mem_cgroup_oom_synchronize+"), .memcg = true },
		{ STR_INIT("moom_callback+"), .sysrq = true },
		{ STR_INIT("memory_max_write+"), .lowered = true },
		{ STR_INIT("mem_cgroup_resize_max+"), .lowered = true },
		{ STR_INIT("mem_cgroup_resize_limit+"), .lowered = true },
		{ STR_INIT("__alloc_pages"), .global = true },
	};
	struct report *r;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		if (str_find(line->msg, frames[i].name) < 0)
			continue;
		r = frames[i].opens ? report_any(&k->reports, line)
				    : report_only(&k->reports, line);
		if (!r)
			return;
		r->whole |= frames[i].opens;
		r->memcg_hint |= frames[i].memcg;
		r->sysrq_hint |= frames[i].sysrq;
		r->global_hint |= frames[i].global;
		r->draft.limit_lowered |= frames[i].lowered;
		report_touch(r, line);
		return;
	}
}

static void on_meminfo(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);

	if (!r)
		return;
	r->global_hint = true;
	report_touch(r, line);
}

/* "Node 0 DMA: 5*4kB (UM) 6*8kB …": the first is a page. */
static void on_buddy(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);
	ptrdiff_t at = str_find(line->msg, STR(": "));
	struct str s = str_skip(line->msg, at < 0 ? line->msg.n : (size_t)at + 2);
	uint64_t count, kb;

	if (!r)
		return;
	report_touch(r, line);
	if (str_take_u64(&s, &count) && str_take_prefix(&s, STR("*")) && str_take_u64(&s, &kb) &&
	    str_take_prefix(&s, STR("kB")) && kb >= 4 && kb <= 64 && (kb & (kb - 1)) == 0)
		r->page_size = kb * 1024;
}

static void on_task_in(struct kernlog *k, const struct logline *line)
{
	struct str task, limit;
	struct report *r;

	if (!line_task_in(line->msg, line->cut, &task, &limit))
		return;
	r = report_any(&k->reports, line);
	if (!r)
		return;
	r->whole = true;
	r->memcg_hint = true;
	if (!r->draft.task_memcg)
		r->draft.task_memcg = report_str(r, task);
	if (!r->draft.oom_memcg)
		r->draft.oom_memcg = report_str(r, limit);
	report_touch(r, line);
}

static uint64_t limit_of(uint64_t limit)
{
	/* before 3.19 "unlimited" was any number near the end */
	return limit != KERNLOG_UNKNOWN && limit >= INT64_MAX / 65536 * 65536 ? KERNLOG_NO_LIMIT
									      : limit;
}

/* "memory: usage …" and its three relatives. */
static bool usage_of(struct str msg, struct kernlog_memcg *m, uint64_t *ret_page_size)
{
	uint64_t nothing;
	const struct {
		struct str name;
		uint64_t *usage, *limit, *failcnt;
	} kinds[] = {
		{ STR("memory: "), &m->usage, &m->limit, &m->failcnt },
		{ STR("memory+swap: "), &m->memsw_usage, &m->memsw_limit, &nothing },
		{ STR("swap: "), &m->swap_usage, &m->swap_limit, &nothing },
		{ STR("kmem: "), &m->kmem_usage, &m->kmem_limit, &nothing },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct str s = msg;

		if (!str_take_prefix(&s, kinds[i].name) ||
		    !line_usage(s, kinds[i].usage, kinds[i].limit, kinds[i].failcnt))
			continue;
		*ret_page_size = line_unlimited_page_size(*kinds[i].limit);
		*kinds[i].limit = limit_of(*kinds[i].limit);
		return true;
	}
	return false;
}

static void unknown_memcg(struct kernlog_memcg *m)
{
	memset(m, 0xff, sizeof(*m));
}

/* Two reports are open: hold the numbers until their group is named. */
static void usage_loose(struct kernlog *k, const struct logline *line, bool first)
{
	struct loose_memcg *l = NULL;
	uint64_t size;

	for (size_t i = 0; i < LOOSE_MAX; i++) {
		struct loose_memcg *x = &k->loose[i];

		if (x->line && !x->path[0]) {
			/* a second set before the first was named: neither can be told */
			if (first) {
				x->line = 0;
				return;
			}
			l = x;
		}
	}
	for (size_t i = 0; !l && first && i < LOOSE_MAX; i++) {
		if (!k->loose[i].line || line->number - k->loose[i].line > 2000)
			l = &k->loose[i];
		if (l) {
			unknown_memcg(&l->memcg);
			l->path[0] = '\0';
			l->line = line->number;
		}
	}
	if (l)
		(void)usage_of(line->msg, &l->memcg, &size);
}

static void on_usage(struct kernlog *k, const struct logline *line)
{
	bool first = str_has_prefix(line->msg, STR("memory: "));
	struct report *r;
	uint64_t size = 0;

	r = report_only(&k->reports, line);
	/* a report has its numbers once: a second set begins another */
	if (first && r && r->draft.memcg.usage != KERNLOG_UNKNOWN)
		r = report_open(&k->reports, line, true);
	if (!r)
		r = report_any(&k->reports, line);
	if (!r) {
		usage_loose(k, line, first);
		return;
	}
	if (!usage_of(line->msg, &r->draft.memcg, &size))
		return;
	r->whole = true;
	r->memcg_hint = true;
	if (size)
		r->page_size = size;
	report_touch(r, line);
}

static const struct {
	struct str key;
	size_t at;
	bool again; /* v1: the sum with the groups below takes the place of the group's own */
} stats[] = {
	{ STR_INIT("anon"), offsetof(struct kernlog_memcg, anon), false },
	{ STR_INIT("rss"), offsetof(struct kernlog_memcg, anon), false },
	{ STR_INIT("total_rss"), offsetof(struct kernlog_memcg, anon), true },
	{ STR_INIT("file"), offsetof(struct kernlog_memcg, file), false },
	{ STR_INIT("cache"), offsetof(struct kernlog_memcg, file), false },
	{ STR_INIT("total_cache"), offsetof(struct kernlog_memcg, file), true },
	{ STR_INIT("shmem"), offsetof(struct kernlog_memcg, shmem), false },
	{ STR_INIT("total_shmem"), offsetof(struct kernlog_memcg, shmem), true },
	{ STR_INIT("kernel"), offsetof(struct kernlog_memcg, kernel), false },
	{ STR_INIT("kernel_stack"), offsetof(struct kernlog_memcg, kernel_stack), false },
	{ STR_INIT("pagetables"), offsetof(struct kernlog_memcg, pagetables), false },
	{ STR_INIT("sock"), offsetof(struct kernlog_memcg, sock), false },
	{ STR_INIT("slab"), offsetof(struct kernlog_memcg, slab), false },
	{ STR_INIT("file_mapped"), offsetof(struct kernlog_memcg, file_mapped), false },
	{ STR_INIT("mapped_file"), offsetof(struct kernlog_memcg, file_mapped), false },
	{ STR_INIT("total_mapped_file"), offsetof(struct kernlog_memcg, file_mapped), true },
	{ STR_INIT("file_dirty"), offsetof(struct kernlog_memcg, file_dirty), false },
	{ STR_INIT("dirty"), offsetof(struct kernlog_memcg, file_dirty), false },
	{ STR_INIT("total_dirty"), offsetof(struct kernlog_memcg, file_dirty), true },
};

static void set_stat(struct kernlog_memcg *m, struct str key, uint64_t value)
{
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		uint64_t *to = (uint64_t *)(void *)((char *)m + stats[i].at);

		if (!str_eq(key, stats[i].key))
			continue;
		if (*to == KERNLOG_UNKNOWN || stats[i].again)
			*to = value;
		return;
	}
}

/* "cache:24KB rss:1048552KB …" (before 5.3) */
static void inline_stats(struct kernlog_memcg *m, struct str s)
{
	struct str w, key;
	uint64_t kb;

	while (str_take_word(&s, &w)) {
		if (str_take_until(&w, ':', &key) && str_take_u64(&w, &kb) &&
		    str_eq(w, STR("KB")) && !__builtin_mul_overflow(kb, 1024u, &kb))
			set_stat(m, key, kb);
	}
}

static void on_stats(struct kernlog *k, const struct logline *line)
{
	struct report *r;
	struct str s = line->msg, path;
	ptrdiff_t at;

	if (!str_take_prefix(&s, STR("Memory cgroup stats for ")))
		return;
	at = str_find(s, STR(": "));
	path = at >= 0 ? (struct str){ s.p, (size_t)at } : s;
	if (at < 0 && str_has_suffix(path, STR(":")))
		path.n--;
	else if (at < 0)
		path.n = 0; /* cut */
	r = report_only(&k->reports, line);
	for (size_t i = 0; !r && i < LOOSE_MAX; i++) {
		struct loose_memcg *l = &k->loose[i];

		if (l->line && !l->path[0] && path.n && path.n < sizeof(l->path)) {
			memcpy(l->path, path.p, path.n);
			l->path[path.n] = '\0';
			return;
		}
	}
	if (!r)
		r = report_any(&k->reports, line);
	if (!r)
		return;
	report_touch(r, line);
	/* before 5.3 one line more for each group below: only the first is the owner's */
	if (r->in_stats)
		return;
	r->in_stats = true;
	r->whole = true;
	r->memcg_hint = true;
	if (at >= 0)
		inline_stats(&r->draft.memcg, str_skip(s, (size_t)at + 1));
}

/* "anon 66912256" */
static void on_stat(struct kernlog *k, const struct logline *line)
{
	struct str s = line->msg, key, value;
	struct report *r = report_only(&k->reports, line);
	uint64_t v;

	if (!r || !r->in_stats || !str_take_word(&s, &key) || !str_take_word(&s, &value) ||
	    str_trim(s).n || !str_take_u64(&value, &v) || value.n || line->cut)
		return;
	set_stat(&r->draft.memcg, key, v);
	report_touch(r, line);
}

static void on_table(struct kernlog *k, const struct logline *line)
{
	struct table_layout layout, none = { 0 };
	struct kernlog_task task;
	struct report *r = report_only(&k->reports, line);
	uint64_t pgtables;

	if (table_header(line->msg, &layout)) {
		if (r && r->rows.n)
			r = report_open(&k->reports, line, true);
		if (!r)
			r = report_any(&k->reports, line);
		if (!r)
			return;
		r->layout = layout;
		r->whole = true;
		report_touch(r, line);
		return;
	}
	/* the name ends the line: where that is cut, the row is not whole */
	if (line->cut || !table_row(line->msg, r ? &r->layout : &none, &task, &pgtables))
		return;
	if (!r)
		r = report_any(&k->reports, line);
	if (!r)
		return;
	report_add_row(r, &task, pgtables);
	report_touch(r, line);
}

/* Numbers that were held until their group was named. */
static void bind_loose(struct kernlog *k, struct report *r)
{
	if (!r->draft.oom_memcg || r->draft.memcg.usage != KERNLOG_UNKNOWN)
		return;
	for (size_t i = 0; i < LOOSE_MAX; i++) {
		struct loose_memcg *l = &k->loose[i];

		if (!l->line || strcmp(l->path, r->draft.oom_memcg) != 0)
			continue;
		r->draft.memcg = l->memcg;
		l->line = 0;
		return;
	}
}

/* The rest of a constraint line that printk broke. */
static struct report *constraint_rest(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);

	return r && r->constraint_seen && !r->chosen_pid ? r : NULL;
}

static void on_constraint(struct kernlog *k, const struct logline *line)
{
	struct line_constraint c;
	struct report *r;

	if (!line_constraint(line->msg, line->cut, &c))
		return;
	if (line->msg.p[0] == ',')
		r = constraint_rest(k, line);
	else if (c.pid)
		r = report_of_chosen(&k->reports, line, c.pid, c.task);
	else
		r = report_only(&k->reports, line);
	if (!r && line->msg.p[0] != ',')
		r = report_open(&k->reports, line, false);
	if (!r)
		return;
	r->constraint_seen = true;
	r->whole = true;
	if (c.kind != KERNLOG_KIND_UNKNOWN)
		r->constraint = c.kind;
	if (c.oom_memcg.n)
		r->draft.oom_memcg = report_str(r, c.oom_memcg);
	if (c.task_memcg.n)
		r->draft.task_memcg = report_str(r, c.task_memcg);
	if (c.pid) {
		r->chosen_pid = c.pid;
		r->chosen_line = line->number;
		r->draft.comm = report_str(r, c.task);
	}
	if (!r->draft.constraint_line)
		r->draft.constraint_line = report_str(r, line->text);
	bind_loose(k, r);
	report_touch(r, line);
}

static void on_no_killable(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_any(&k->reports, line);

	if (!r)
		return;
	r->no_killable = true;
	r->whole = true;
	report_touch(r, line);
	report_close(&k->reports, r);
}

/* "sysrq: Manual OOM execution" stands before the header, which may be left out. */
static void on_sysrq(struct kernlog *k, const struct logline *line)
{
	report_open(&k->reports, line, true)->sysrq_hint = true;
}

static void on_group(struct kernlog *k, const struct logline *line)
{
	struct reports *rs = &k->reports;
	struct report *last = NULL;

	for (size_t i = 0; i < REPORTS_OPEN_MAX; i++) {
		struct report *r = &rs->at[i];

		if (r->used && r->killed &&
		    (!r->place.host || !line->host || r->place.host == line->host) &&
		    (!last || r->last_line > last->last_line))
			last = r;
	}
	/* its header and first kill may be missing: the members then stand alone */
	if (!last)
		return;
	last->group = true;
	last->group_line = line->number;
	last->group_uptime = line->uptime_ns;
	last->last_line = line->number;
}

static void on_chosen(struct kernlog *k, const struct logline *line)
{
	struct report *r;
	struct str comm;
	ptrdiff_t at = str_find(line->msg, STR("Kill process "));
	int pid;

	if (!line_chosen(line->msg, &pid, &comm))
		return;
	r = report_of_chosen(&k->reports, line, pid, comm);
	/* 5.0 has both a constraint line and this one */
	for (size_t i = 0; !r && i < REPORTS_OPEN_MAX; i++) {
		struct report *x = &k->reports.at[i];

		if (x->used && !x->killed && x->chosen_pid == pid)
			r = x;
	}
	if (!r)
		r = report_open(&k->reports, line, false);
	r->whole = true;
	r->chosen_pid = pid;
	r->chosen_by_words = true;
	r->chosen_line = line->number;
	r->words = line_kind(str_trim((struct str){ line->msg.p, at > 0 ? (size_t)at : 0 }));
	r->draft.comm = report_str(r, comm);
	report_touch(r, line);
}

/* The kernel's own line begins with these words; anybody else's quotes it. */
static bool is_own(const struct logline *line, struct str words)
{
	return line->source != LOGSOURCE_OTHER &&
	       (words.n == 0 || (line_kind(words) != KERNLOG_KIND_UNKNOWN &&
				 words.p == line->msg.p && words.n < 48));
}

static void on_killed(struct kernlog *k, const struct logline *line)
{
	struct str rest = line->msg;
	struct line_killed killed;

	while (line_take_killed(&rest, line->cut, &killed)) {
		bool quoted = !is_own(line, killed.words);
		struct report *r = NULL;

		if (!quoted)
			r = report_of_killed(&k->reports, line, &killed);
		report_kill(&k->reports, r, line, &killed, quoted);
	}
}

/* "oom_kill_process: 15 callbacks suppressed" */
static void on_suppressed(struct kernlog *k, const struct logline *line)
{
	struct str s = line->msg;
	uint64_t n;

	if (str_take_prefix(&s, STR("oom_kill_process: ")) && str_take_u64(&s, &n))
		(void)__builtin_add_overflow(k->counts.suppressed, n, &k->counts.suppressed);
}

/* FIRST: the message begins with the text. IN: it holds it. */
enum where { FIRST, IN };

struct rule {
	struct str text;
	enum where where;
	void (*read)(struct kernlog *k, const struct logline *line);
};

/* clang-format off */
static const struct rule rules[] = {
	{ STR_INIT("[<"),                          FIRST, on_frame },
	{ STR_INIT("["),                           FIRST, on_table },
	{ STR_INIT("memory: usage "),              FIRST, on_usage },
	{ STR_INIT("memory+swap: usage "),         FIRST, on_usage },
	{ STR_INIT("swap: usage "),                FIRST, on_usage },
	{ STR_INIT("kmem: usage "),                FIRST, on_usage },
	{ STR_INIT("Memory cgroup stats for "),    FIRST, on_stats },
	{ STR_INIT("oom-kill:constraint="),        FIRST, on_constraint },
	{ STR_INIT(","),                           FIRST, on_constraint },
	{ STR_INIT("Killed process "),             IN,    on_killed },
	{ STR_INIT("Kill process "),               IN,    on_chosen },
	{ STR_INIT(" invoked oom-killer:"),        IN,    on_header },
	{ STR_INIT("Task in "),                    FIRST, on_task_in },
	{ STR_INIT("Tasks in "),                   FIRST, on_group },
	{ STR_INIT("RIP: "),                       FIRST, on_regs },
	{ STR_INIT("RSP: "),                       FIRST, on_regs },
	{ STR_INIT("RBP: "),                       FIRST, on_regs },
	{ STR_INIT("R13: "),                       FIRST, on_regs },
	{ STR_INIT("CPU: "),                       FIRST, on_cpu },
	{ STR_INIT("Pid: "),                       FIRST, on_cpu },
	{ STR_INIT("Mem-Info:"),                   FIRST, on_meminfo },
	{ STR_INIT("Node "),                       FIRST, on_buddy },
	{ STR_INIT("no killable processes"),       IN,    on_no_killable },
	{ STR_INIT("Manual OOM execution"),        IN,    on_sysrq },
	{ STR_INIT("oom_kill_process: "),          FIRST, on_suppressed },
	{ STR_INIT("Linux version "),              FIRST, on_boot },
	{ STR_INIT("+0x"),                         IN,    on_frame },
};
/* clang-format on */

/* The clock went back: another run of the machine. Its release is not known yet. */
static void see_restart(struct kernlog *k, const struct logline *line)
{
	if (line->uptime_ns == KERNLOG_NO_TIME)
		return;
	if (k->uptime != KERNLOG_NO_TIME && k->uptime_host == line->host &&
	    line->uptime_ns < k->uptime - BACKWARDS_NS) {
		k->reports.boot++;
		k->reports.release[0] = '\0';
	}
	k->uptime = line->uptime_ns;
	k->uptime_host = line->host;
}

void kernlog_message(struct kernlog *k, const struct logline *line)
{
	if (line->source == LOGSOURCE_OTHER) {
		if (str_find(line->msg, STR("Killed process ")) >= 0)
			on_killed(k, line);
		others_line(&k->others, line);
		if (line->has_date && !line->date.year)
			kernlog_hint(k, line);
		return;
	}
	see_restart(k, line);
	reports_expire(&k->reports, line);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *rule = &rules[i];

		if (rule->where == FIRST ? str_has_prefix(line->msg, rule->text)
					 : str_find(line->msg, rule->text) >= 0) {
			rule->read(k, line);
			return;
		}
	}
	if (k->reports.open)
		on_stat(k, line);
	if (line->source == LOGSOURCE_UNSAID)
		others_line(&k->others, line);
}
