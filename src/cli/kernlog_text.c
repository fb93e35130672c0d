/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernlog_text.h"

#include "base/clock.h"
#include "report/message.h"

#define ARENA_BYTES ((size_t)64 << 10)
#define LARGEST 5
#define INDENT "    "

/* Where a line is written: messages need an arena, which lives for one kill. */
struct page {
	enum lang lang;
	struct buf *out;
	struct arena *arena;
};

static void say(struct page *p, struct text t)
{
	message_render(t, p->lang, p->out);
	buf_char(p->out, '\n');
}

static void say_indented(struct page *p, struct text t)
{
	buf_cstr(p->out, INDENT);
	say(p, t);
}

static bool is_number(uint64_t v)
{
	return v != KERNLOG_UNKNOWN && v != KERNLOG_NO_LIMIT;
}

static const char *or_unknown(const char *s)
{
	return s ? s : "?";
}

/* "2025-05-19T18:14:43Z", "[139.201482]", "?" */
static const char *when(struct page *p, const struct kernlog_kill *k)
{
	BUF(text, 64);

	if (k->wall_ns != KERNLOG_NO_TIME)
		clock_rfc3339(&text, k->wall_ns);
	else if (k->uptime_ns != KERNLOG_NO_TIME)
		buf_printf(&text, "[%lld.%06lld]", (long long)(k->uptime_ns / NS_PER_S),
			   (long long)(k->uptime_ns % NS_PER_S / 1000));
	return or_unknown(text.n ? arena_str(p->arena, buf_view(&text)).p : NULL);
}

static void headline(struct page *p, const struct kernlog_kill *k)
{
	static const char *const keys[KERNLOG_KIND_COUNT] = {
		[KERNLOG_KIND_UNKNOWN] = "kernlog.kill.unknown",
		[KERNLOG_MEMCG] = "kernlog.kill.memcg",
		[KERNLOG_GLOBAL] = "kernlog.kill.global",
		[KERNLOG_CPUSET] = "kernlog.kill.cpuset",
		[KERNLOG_MEMPOLICY] = "kernlog.kill.mempolicy",
		[KERNLOG_SYSRQ] = "kernlog.kill.sysrq",
		[KERNLOG_NO_KILLABLE] = "kernlog.kill.unknown",
	};
	const char *time = when(p, k);

	if (!k->killed && k->kind == KERNLOG_NO_KILLABLE)
		say(p, text_new(p->arena, "kernlog.report.no-killable", ARG_STR("time", time),
				ARG_STR("comm", or_unknown(k->trigger_comm)), ARG_END));
	else if (!k->killed)
		say(p, text_new(p->arena, "kernlog.report", ARG_STR("time", time),
				ARG_STR("comm", or_unknown(k->trigger_comm)), ARG_END));
	else if (k->kind == KERNLOG_MEMCG && is_number(k->memcg.limit))
		say(p, text_new(p->arena, "kernlog.kill.limit", ARG_STR("time", time),
				ARG_STR("comm", or_unknown(k->comm)), ARG_INT("pid", k->pid),
				ARG_BYTES("limit", k->memcg.limit), ARG_END));
	else
		say(p, text_new(p->arena, keys[k->kind], ARG_STR("time", time),
				ARG_STR("comm", or_unknown(k->comm)), ARG_INT("pid", k->pid),
				ARG_END));
}

static void victim(struct page *p, const struct kernlog_kill *k)
{
	if (is_number(k->anon_rss) && is_number(k->file_rss))
		say_indented(
			p, text_new(p->arena, "kernlog.resident", ARG_BYTES("anon", k->anon_rss),
				    ARG_BYTES("file", k->file_rss),
				    ARG_BYTES("shmem", is_number(k->shmem_rss) ? k->shmem_rss : 0),
				    ARG_END));
	if (k->oom_score_adj_known && k->oom_score_adj)
		say_indented(p, text_new(p->arena, "kernlog.adj", ARG_INT("adj", k->oom_score_adj),
					 ARG_END));
}

static void group(struct page *p, const struct kernlog_kill *k)
{
	const char *owner = k->oom_memcg ? k->oom_memcg : k->stats_memcg;

	if (owner)
		say_indented(p,
			     text_new(p->arena, "kernlog.group", ARG_STR("group", owner), ARG_END));
	if (is_number(k->memcg.usage) && is_number(k->memcg.failcnt))
		say_indented(p,
			     text_new(p->arena, "kernlog.usage", ARG_BYTES("usage", k->memcg.usage),
				      ARG_COUNT("count", k->memcg.failcnt), ARG_END));
	if (k->limit_lowered)
		say_indented(p, text_new(p->arena, "kernlog.lowered", ARG_END));
	if (k->trigger_comm && k->killed)
		say_indented(p,
			     text_new(p->arena, "kernlog.trigger", ARG_STR("comm", k->trigger_comm),
				      ARG_INT("pid", k->trigger_pid), ARG_END));
}

/* The largest not yet taken, by resident size; false when there is none. */
static bool next_largest(const struct kernlog_kill *k, const bool *taken, size_t *ret)
{
	bool found = false;

	for (size_t i = 0; i < k->n_tasks && i < KERNLOG_TASKS_MAX; i++) {
		if (!taken[i] && (!found || k->tasks[i].rss_pages > k->tasks[*ret].rss_pages)) {
			*ret = i;
			found = true;
		}
	}
	return found;
}

static void largest(struct page *p, const struct kernlog_kill *k)
{
	_cleanup_(free_ptr) bool *taken = calloc(k->n_tasks ? k->n_tasks : 1, 1);
	size_t at = 0;

	for (unsigned n = 0; taken && n < LARGEST && next_largest(k, taken, &at); n++) {
		const struct kernlog_task *t = &k->tasks[at];
		uint64_t rss = kernlog_bytes(k, t->rss_pages);

		taken[at] = true;
		if (is_number(rss))
			say_indented(p, text_new(p->arena, "kernlog.task", ARG_STR("comm", t->comm),
						 ARG_INT("pid", t->pid), ARG_BYTES("rss", rss),
						 ARG_END));
	}
}

static void source(struct page *p, const struct kernlog_kill *k)
{
	if (k->quoted)
		say_indented(p, text_new(p->arena, "kernlog.quoted", ARG_END));
	say_indented(p, text_new(p->arena, "kernlog.lines", ARG_COUNT("first", k->first_line),
				 ARG_COUNT("last", k->last_line),
				 ARG_STR("kernel", or_unknown(k->kernel)), ARG_END));
}

static void paragraph(const struct kernlog_kill *k, enum lang lang, struct buf *out)
{
	ARENA(arena, ARENA_BYTES);
	struct page p = { lang, out, &arena };

	buf_char(out, '\n');
	headline(&p, k);
	if (k->killed)
		victim(&p, k);
	if (k->member) {
		say_indented(&p, text_new(&arena, "kernlog.member", ARG_END));
	} else {
		group(&p, k);
		largest(&p, k);
	}
	source(&p, k);
}

static void other(const struct kernlog_other *o, enum lang lang, struct buf *out)
{
	ARENA(arena, ARENA_BYTES);
	struct page p = { lang, out, &arena };

	buf_char(out, '\n');
	say(&p, text_new(&arena, "kernlog.other", ARG_STR("killer", o->killer),
			 ARG_COUNT("line", o->line), ARG_END));
	buf_cstr(out, INDENT);
	show_foreign(out, str_from(or_unknown(o->text)));
	buf_char(out, '\n');
}

static void summary(const struct kernlog *k, enum lang lang, struct buf *out)
{
	ARENA(arena, ARENA_BYTES);
	struct page p = { lang, out, &arena };
	struct kernlog_counts c = kernlog_counts(k);

	if (kernlog_kills(k))
		say(&p, text_new(&arena, "kernlog.summary", ARG_COUNT("kills", kernlog_kills(k)),
				 ARG_COUNT("lines", c.lines), ARG_END));
	else
		say(&p,
		    text_new(&arena, "kernlog.summary.none", ARG_COUNT("lines", c.lines), ARG_END));
	if (c.kills_dropped)
		say(&p, text_new(&arena, "kernlog.dropped", ARG_COUNT("kills", c.kills_dropped),
				 ARG_END));
	if (c.suppressed)
		say(&p, text_new(&arena, "kernlog.suppressed", ARG_COUNT("count", c.suppressed),
				 ARG_END));
}

int kernlog_to_text(const struct kernlog *k, enum lang lang, struct buf *out)
{
	summary(k, lang, out);
	for (size_t i = 0; i < kernlog_kills(k); i++)
		paragraph(kernlog_kill(k, i), lang, out);
	for (size_t i = 0; i < kernlog_reports(k); i++)
		paragraph(kernlog_report(k, i), lang, out);
	for (size_t i = 0; i < kernlog_others(k); i++)
		other(kernlog_other(k, i), lang, out);
	return out->failed;
}
