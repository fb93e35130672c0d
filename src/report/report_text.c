/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for people: the answer first, then why we say so, where the bytes
 * were, what to change, and what was ruled out or could not be looked at.
 */
#include "report/report.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "report/layout.h"
#include "report/ledger_table.h"
#include "report/message.h"

#define SENTENCES_MAX (64 * 1024)

struct page {
	const struct verdict *v;
	const struct report_options *opt;
	struct buf *out;
	struct buf words; /* what is being put together for the next lines */
};

static void bold(struct page *p, bool on)
{
	if (p->opt->colour)
		buf_cstr(p->out, on ? "\033[1m" : "\033[0m");
}

/* Lay out what was put together, and forget it. */
static void flush(struct page *p, const char *first, unsigned indent, enum long_words how)
{
	layout_words(p->out, buf_view(&p->words), first, indent, how);
	buf_clear(&p->words);
}

static void title(struct page *p, struct text t)
{
	buf_char(p->out, '\n');
	message_render(t, p->opt->lang, &p->words);
	bold(p, true);
	flush(p, "", 0, LONG_WORDS_SHORTENED);
	bold(p, false);
}

static void title_plain(struct page *p, const char *key)
{
	title(p, (struct text){ .key = key });
}

static void line(struct page *p, struct text t, const char *first, unsigned indent)
{
	message_render(t, p->opt->lang, &p->words);
	flush(p, first, indent, LONG_WORDS_SHORTENED);
}

/* "name value", with " · " before all but the first. */
static void fact(struct page *p, const char *key, const char *value)
{
	if (!value)
		return;
	if (p->words.n)
		buf_cstr(&p->words, ", ");
	message_plain(key, p->opt->lang, &p->words);
	if (*key && message_find(key, p->opt->lang) && *message_find(key, p->opt->lang))
		buf_char(&p->words, ' ');
	show_foreign(&p->words, str_from(value));
}

static void wall_fact(struct page *p, const char *key, int64_t wall_ns)
{
	BUF(when, 64);

	if (wall_ns == UNKNOWN_I64)
		return;
	clock_rfc3339(&when, wall_ns);
	fact(p, key, when.p);
}

static void bytes_fact(struct page *p, const char *key, uint64_t bytes)
{
	BUF(size, 64);

	if (!known(bytes) || bytes == CASE_NO_LIMIT)
		return;
	show_bytes(&size, (int64_t)bytes);
	fact(p, key, size.p);
}

static void subject(struct page *p)
{
	const struct case_subject *s = &p->v->c->subject;
	const struct case_kill *k = verdict_kill(p->v);
	BUF(pid, 32);

	if (s->pid || (k && k->pid))
		buf_printf(&pid, "%d", s->pid ? s->pid : k->pid);
	fact(p, "fact.comm", s->comm ? s->comm : k ? k->comm : NULL);
	fact(p, "fact.pid", pid.p);
	fact(p, "fact.go-version", s->go_version);
	fact(p, "fact.module", s->module);
	fact(p, "fact.container", s->container_name ? s->container_name : s->container_id);
	wall_fact(p, "fact.ended",
		  p->v->c->end.wall_ns != UNKNOWN_I64 ? p->v->c->end.wall_ns
		  : k				      ? k->wall_ns
						      : UNKNOWN_I64);
	flush(p, "  ", 2, LONG_WORDS_SHORTENED);
	bytes_fact(p, "fact.limit", p->v->oom.limit);
	bytes_fact(p, "fact.usage", p->v->oom.usage);
	if (known(p->v->oom.limit))
		fact(p, "fact.of", p->v->oom.limit_source);
	/* The source is a file of that group, where it is one. */
	if (k && k->oom_memcg && !(p->v->oom.limit_source && *p->v->oom.limit_source == '/'))
		fact(p, "fact.group", k->oom_memcg);
	flush(p, "  ", 2, LONG_WORDS_CUT);
}

/* Of the kernel's lines the one that kills; of other evidence all. */
static void quotations(struct page *p)
{
	const struct oom *oom = &p->v->oom;
	bool kill_line = false;

	for (unsigned i = 0; i < oom->n_evidence; i++)
		kill_line = kill_line || strstr(oom->evidence[i], "Killed process");
	for (unsigned i = 0; i < oom->n_evidence; i++) {
		if (kill_line && !strstr(oom->evidence[i], "Killed process"))
			continue;
		show_foreign(&p->words, str_from(oom->evidence[i]));
		flush(p, "  > ", 4, LONG_WORDS_CUT);
	}
}

static void evidence(struct page *p, const struct finding *f)
{
	for (unsigned i = 0; i < f->n_evidence; i++) {
		message_render(f->evidence[i].text, p->opt->lang, &p->words);
		buf_cstr(&p->words, " [");
		show_foreign(&p->words, str_from(f->evidence[i].source));
		buf_char(&p->words, ']');
		flush(p, "  - ", 4, LONG_WORDS_SHORTENED);
	}
}

static void remedy(struct page *p, const struct finding *f)
{
	char number[16];

	for (unsigned i = 0; i < f->n_remedy; i++) {
		snprintf(number, sizeof(number), "  %u. ", i + 1);
		line(p, f->remedy[i], number, 5);
	}
	if (!f->verify.key)
		return;
	message_plain("report.verify", p->opt->lang, &p->words);
	flush(p, "  ", 2, LONG_WORDS_SHORTENED);
	line(p, f->verify, "    ", 6);
}

static void trend(struct page *p, struct arena *a)
{
	const struct pattern *t = &p->v->base.pattern;

	title_plain(p, "report.title.trend");
	if (t->kind == PATTERN_UNKNOWN)
		line(p, text_new(a, t->why_unknown ? t->why_unknown : "pattern.unknown", ARG_END),
		     "  ", 2);
	else if (t->kind == PATTERN_LEAK && isfinite(t->slope))
		line(p,
		     text_new(a, "report.pattern.slope",
			      ARG_STR("pattern", pattern_message(t->kind)),
			      ARG_RATE("slope", t->slope), ARG_PERCENT("confidence", t->confidence),
			      ARG_END),
		     "  ", 2);
	else
		line(p,
		     text_new(a, "report.pattern", ARG_STR("pattern", pattern_message(t->kind)),
			      ARG_PERCENT("confidence", t->confidence), ARG_END),
		     "  ", 2);
	if (t->more_cycles)
		line(p,
		     text_new(a, "report.more-cycles", ARG_COUNT("cycles", t->more_cycles),
			      ARG_END),
		     "  ", 2);
	if (t->grew_before_record)
		line(p, text_new(a, "report.grew-before", ARG_END), "  ", 2);
	if (isfinite(t->seconds_to_limit) && p->v->c->end.alive)
		line(p,
		     text_new(a, "report.forecast", ARG_SECONDS("seconds", t->seconds_to_limit),
			      ARG_SECONDS("low", t->seconds_low),
			      ARG_SECONDS("high", t->seconds_high), ARG_END),
		     "  ", 2);
}

static void others(struct page *p, struct arena *a)
{
	for (size_t i = 1; i < p->v->n_yes; i++) {
		const struct finding *f = p->v->yes[i];

		title(p,
		      text_new(a, "report.title.also", ARG_STR("cause", f->cause->title), ARG_END));
		line(p, f->summary, "  ", 2);
		evidence(p, f);
		remedy(p, f);
	}
}

/* The causes with @answer: "  title: why". */
static void answered(struct page *p, enum answer answer, const char *key)
{
	bool any = false;

	for (size_t i = 0; i < p->v->n_findings; i++) {
		const struct finding *f = &p->v->findings[i];

		if (f->answer != answer)
			continue;
		if (!any)
			title_plain(p, key);
		any = true;
		message_plain(f->cause->title, p->opt->lang, &p->words);
		buf_cstr(&p->words, ": ");
		message_render(f->why, p->opt->lang, &p->words);
		flush(p, "  ", 4, LONG_WORDS_SHORTENED);
	}
}

/* Killed, and no cause: what would have told. */
static void next_time(struct page *p)
{
	const struct case_end *end = &p->v->c->end;

	if (p->v->n_yes || p->v->exit_status != 3 || end->alive)
		return;
	if (p->v->c->n_samples && end->kernel_log_read == TRI_YES)
		return; /* it was watched, and the log was read */
	title_plain(p, "report.title.next");
	if (p->v->c->n_samples == 0)
		line(p, (struct text){ .key = "report.next.run" }, "  - ", 4);
	if (end->kernel_log_read != TRI_YES)
		line(p, (struct text){ .key = "report.next.log" }, "  - ", 4);
}

static void missing(struct page *p)
{
	const struct whycase *c = p->v->c;

	if (c->n_missing)
		title_plain(p, "report.title.missing");
	for (unsigned i = 0; i < c->n_missing; i++) {
		show_foreign(&p->words, str_from(c->missing[i].what));
		buf_cstr(&p->words, ": ");
		show_foreign(&p->words, str_from(c->missing[i].why));
		flush(p, "  ", 4, LONG_WORDS_SHORTENED);
	}
}

static void why_and_what(struct page *p)
{
	const struct finding *f = p->v->n_yes ? p->v->yes[0] : NULL;
	bool quoted = p->v->oom.n_evidence > 0;

	if (quoted || (f && f->n_evidence))
		title_plain(p, "report.title.evidence");
	if (f)
		evidence(p, f);
	quotations(p);
	if (f && f->n_remedy) {
		title_plain(p, "report.title.remedy");
		remedy(p, f);
	}
}

void report_headline(const struct verdict *v, enum lang lang, struct buf *out)
{
	message_render(v->headline, lang, out);
	if (v->n_yes) {
		buf_char(out, ' ');
		message_render(v->yes[0]->summary, lang, out);
	}
}

void report_text(const struct verdict *v, const struct report_options *opt, struct buf *out)
{
	ARENA(a, SENTENCES_MAX);
	struct page p = { .v = v, .opt = opt, .out = out };

	buf_init(&p.words, SENTENCES_MAX);
	report_headline(v, opt->lang, &p.words);
	bold(&p, true);
	flush(&p, "", 0, LONG_WORDS_SHORTENED);
	bold(&p, false);
	buf_char(out, '\n');
	subject(&p);
	why_and_what(&p);
	if (v->base.ledger.known)
		title(&p, text_new(&a, "report.title.ledger",
				   ARG_BYTES("total", v->base.ledger.total), ARG_END));
	ledger_table(&v->base.ledger, opt->lang, out);
	trend(&p, &a);
	others(&p, &a);
	answered(&p, ANSWER_NO, "report.title.ruled-out");
	answered(&p, ANSWER_UNKNOWN, "report.title.undecided");
	missing(&p);
	next_time(&p);
	buf_release(&p.words);
}
