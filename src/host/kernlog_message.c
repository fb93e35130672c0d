/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the kernel's report, as a table: how each is known and who reads it.
 */
#include <string.h>

#include "host/kernlog_handlers.h"
#include "host/kernlog_lines.h"
#include "host/kernlog_take.h"

#define HINT_LINES 200 /* behind a kill, in which its year may be told */
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
	memcg_bind(k, r);
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

/* "Tasks in /a/b are going to be killed due to memory.oom.group set", right behind the first kill.
 */
static void on_group(struct kernlog *k, const struct logline *line)
{
	struct report *r = k->reports.last_killed;
	struct str path = line->msg, task;
	ptrdiff_t end = str_find(path, STR(" are going to be killed"));

	/* where the header was left out there is no report: the members then stand alone */
	if (end < 0 || !r || !r->killed || !report_same_host(r, line))
		return;
	path = str_skip((struct str){ path.p, (size_t)end }, strlen("Tasks in "));
	task = r->draft.task_memcg ? str_from(r->draft.task_memcg) : path;
	if (!line_is_above(path, task))
		return;
	r->group = true;
	r->group_line = line->number;
	r->group_uptime = line->uptime_ns;
	r->last_line = line->number;
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

	if (line->has_date && !line->date.year && !k->hint.year)
		k->hint_until = line->number + HINT_LINES;
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
