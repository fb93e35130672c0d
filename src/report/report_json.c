/* SPDX-License-Identifier: Apache-2.0 */
/* The report for programs: docs/schema/verdict-1.json. What is not known is null. */
#include "report/report.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "report/message.h"

#define WORDS_MAX (64 * 1024)

struct writer {
	struct json j;
	enum lang lang;
	struct buf words; /* scratch */
};

/* Bytes and counts; no limit is null as well. */
static void u64_or_null(struct json *j, const char *key, uint64_t v)
{
	if (known(v) && v != CASE_NO_LIMIT)
		json_u64(j, key, v);
	else
		json_none(j, key);
}

static void pid_or_null(struct json *j, int pid)
{
	if (pid > 0)
		json_i64(j, "pid", pid);
	else
		json_none(j, "pid");
}

static void text(struct writer *w, const char *key, struct text t)
{
	if (!t.key) {
		json_none(&w->j, key);
		return;
	}
	message_render(t, w->lang, &w->words);
	json_str(&w->j, key, buf_view(&w->words));
	buf_clear(&w->words);
}

static void message(struct writer *w, const char *key, const char *message)
{
	text(w, key, (struct text){ .key = message });
}

static void time_or_null(struct writer *w, const char *key, int64_t wall_ns)
{
	if (wall_ns == UNKNOWN_I64) {
		json_none(&w->j, key);
		return;
	}
	clock_rfc3339(&w->words, wall_ns);
	json_str(&w->j, key, buf_view(&w->words));
	buf_clear(&w->words);
}

static void subject(struct writer *w, const struct case_subject *s)
{
	json_open(&w->j, "subject", '{');
	pid_or_null(&w->j, s->pid);
	json_cstr(&w->j, "comm", s->comm);
	json_cstr(&w->j, "exe", s->exe);
	json_cstr(&w->j, "go_version", s->go_version);
	time_or_null(w, "started", s->started_wall_ns);
	json_cstr(&w->j, "cgroup", s->cgroup);
	if (s->container_id || s->container_name) {
		json_open(&w->j, "container", '{');
		json_cstr(&w->j, "id", s->container_id);
		json_cstr(&w->j, "name", s->container_name);
		json_close(&w->j, '}');
	} else {
		json_none(&w->j, "container");
	}
	json_cstr(&w->j, "module", s->module);
	json_close(&w->j, '}');
}

static const char *tri_name(enum tri t)
{
	return t == TRI_YES ? "yes" : t == TRI_NO ? "no" : "unknown";
}

/* Of a kill seen without its log line the victim is the subject; its sizes are not known. */
static void victim(struct writer *w, const struct verdict *v, const struct case_kill *k)
{
	const struct case_subject *s = &v->c->subject;

	if (v->oom.status != TRI_YES) {
		json_none(&w->j, "victim");
		return;
	}
	json_open(&w->j, "victim", '{');
	pid_or_null(&w->j, k ? k->pid : s->pid);
	json_cstr(&w->j, "comm", k ? k->comm : s->comm);
	u64_or_null(&w->j, "anon_rss_bytes", k ? k->anon_rss : UNKNOWN_U64);
	u64_or_null(&w->j, "file_rss_bytes", k ? k->file_rss : UNKNOWN_U64);
	u64_or_null(&w->j, "shmem_rss_bytes", k ? k->shmem_rss : UNKNOWN_U64);
	u64_or_null(&w->j, "total_vm_bytes", k ? k->total_vm : UNKNOWN_U64);
	json_close(&w->j, '}');
}

static void trigger(struct writer *w, const struct case_kill *k)
{
	if (!k || (!k->trigger_pid && !k->trigger_comm)) {
		json_none(&w->j, "trigger");
		return;
	}
	json_open(&w->j, "trigger", '{');
	pid_or_null(&w->j, k->trigger_pid);
	json_cstr(&w->j, "comm", k->trigger_comm);
	json_close(&w->j, '}');
}

static void oom_time(struct writer *w, const struct verdict *v, const struct case_kill *k)
{
	int64_t wall = k && k->wall_ns != UNKNOWN_I64 ? k->wall_ns : v->c->end.wall_ns;

	if (v->oom.status != TRI_YES)
		wall = UNKNOWN_I64;
	time_or_null(w, "time", wall);
	if (wall == UNKNOWN_I64 && k && k->uptime_ns != UNKNOWN_I64)
		json_double(&w->j, "uptime_seconds", (double)k->uptime_ns / (double)NS_PER_S);
}

static void oom(struct writer *w, const struct verdict *v)
{
	const struct case_kill *k = verdict_kill(v);

	json_open(&w->j, "oom", '{');
	json_cstr(&w->j, "status", tri_name(v->oom.status));
	json_cstr(&w->j, "kind", oom_kind_name(v->oom.kind));
	json_cstr(&w->j, "killer", oom_killer_name(v->oom.killer));
	oom_time(w, v, k);
	u64_or_null(&w->j, "limit_bytes", v->oom.limit);
	json_cstr(&w->j, "limit_source", v->oom.limit_source);
	u64_or_null(&w->j, "usage_bytes", v->oom.usage);
	victim(w, v, k);
	trigger(w, k);
	json_open(&w->j, "evidence", '[');
	for (unsigned i = 0; i < v->oom.n_evidence; i++)
		json_cstr(&w->j, NULL, v->oom.evidence[i]);
	json_close(&w->j, ']');
	json_close(&w->j, '}');
}

static void pattern(struct writer *w, const struct pattern *p)
{
	json_open(&w->j, "pattern", '{');
	json_cstr(&w->j, "kind", pattern_name(p->kind));
	json_double(&w->j, "confidence", p->kind == PATTERN_UNKNOWN ? NAN : p->confidence);
	json_double(&w->j, "slope_bytes_per_s", p->slope);
	json_double(&w->j, "seconds_to_limit", p->seconds_to_limit);
	json_close(&w->j, '}');
}

static void ledger(struct writer *w, const struct ledger *l)
{
	json_open(&w->j, "ledger", '{');
	u64_or_null(&w->j, "total_bytes", l->known ? l->total : UNKNOWN_U64);
	if (l->known)
		json_i64(&w->j, "unexplained_bytes", l->unexplained);
	else
		json_none(&w->j, "unexplained_bytes");
	json_open(&w->j, "nodes", '[');
	for (unsigned i = 0; l->known && i < l->n; i++) {
		json_open(&w->j, NULL, '{');
		json_cstr(&w->j, "id", l->nodes[i].id);
		json_cstr(&w->j, "parent", l->nodes[i].parent);
		json_i64(&w->j, "bytes", l->nodes[i].bytes);
		json_bool(&w->j, "exact", l->nodes[i].exact);
		json_cstr(&w->j, "source", l->nodes[i].source);
		json_close(&w->j, '}');
	}
	json_close(&w->j, ']');
	json_close(&w->j, '}');
}

static void culprits(struct writer *w, const struct finding *f)
{
	static const char *const kinds[CULPRIT_KIND_COUNT] = {
		[CULPRIT_FUNCTION] = "function",   [CULPRIT_GLOBAL] = "global",
		[CULPRIT_GOROUTINE] = "goroutine", [CULPRIT_TYPE] = "type",
		[CULPRIT_MODULE] = "module",	   [CULPRIT_SETTING] = "setting",
		[CULPRIT_LIMIT] = "limit",	   [CULPRIT_PROCESS] = "process",
		[CULPRIT_FILE] = "file",	   [CULPRIT_PEER] = "peer",
		[CULPRIT_MAPPING] = "mapping",
	};

	json_open(&w->j, "culprits", '[');
	for (unsigned i = 0; i < f->n_culprits; i++) {
		const struct culprit *c = &f->culprits[i];

		json_open(&w->j, NULL, '{');
		json_cstr(&w->j, "kind", kinds[c->kind]);
		json_cstr(&w->j, "name", c->name);
		json_cstr(&w->j, "file", c->file);
		u64_or_null(&w->j, "line", c->line ? c->line : UNKNOWN_U64);
		json_cstr(&w->j, "module", c->module);
		u64_or_null(&w->j, "bytes", c->bytes);
		u64_or_null(&w->j, "count", c->count);
		json_close(&w->j, '}');
	}
	json_close(&w->j, ']');
}

/* Whole numbers as such: a double's digits would be cut past 12. */
static void value(struct json *j, double v)
{
	if (isfinite(v) && v == floor(v) && fabs(v) < 9e15)
		json_i64(j, "value", (int64_t)v);
	else
		json_double(j, "value", v);
}

static void evidence(struct writer *w, const struct finding *f)
{
	json_open(&w->j, "evidence", '[');
	for (unsigned i = 0; i < f->n_evidence; i++) {
		json_open(&w->j, NULL, '{');
		text(w, "text", f->evidence[i].text);
		value(&w->j, f->evidence[i].value);
		json_cstr(&w->j, "unit", f->evidence[i].unit);
		json_cstr(&w->j, "source", f->evidence[i].source);
		json_close(&w->j, '}');
	}
	json_close(&w->j, ']');
}

static void cause(struct writer *w, const struct finding *f)
{
	json_open(&w->j, NULL, '{');
	json_cstr(&w->j, "id", f->cause->id);
	json_double(&w->j, "confidence", f->confidence);
	u64_or_null(&w->j, "bytes", f->bytes);
	json_double(&w->j, "share", f->share);
	message(w, "title", f->cause->title);
	text(w, "summary", f->summary);
	culprits(w, f);
	evidence(w, f);
	json_open(&w->j, "remedy", '[');
	for (unsigned i = 0; i < f->n_remedy; i++)
		text(w, NULL, f->remedy[i]);
	json_close(&w->j, ']');
	text(w, "verify", f->verify);
	json_close(&w->j, '}');
}

/* The findings that are not YES: id and why. */
static void answered(struct writer *w, const struct verdict *v, const char *key, enum answer answer)
{
	json_open(&w->j, key, '[');
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct finding *f = &v->findings[i];

		if (f->answer != answer)
			continue;
		json_open(&w->j, NULL, '{');
		json_cstr(&w->j, "id", f->cause->id);
		text(w, "why", f->why);
		json_close(&w->j, '}');
	}
	json_close(&w->j, ']');
}

void report_json(const struct verdict *v, enum lang lang, struct buf *out)
{
	struct writer w = { .j = json_into(out), .lang = lang };

	buf_init(&w.words, WORDS_MAX);
	json_open(&w.j, NULL, '{');
	json_cstr(&w.j, "schema", "whyoom.verdict/1");
	json_open(&w.j, "tool", '{');
	json_cstr(&w.j, "version", WHYOOM_VERSION);
	json_close(&w.j, '}');
	subject(&w, &v->c->subject);
	oom(&w, v);
	pattern(&w, &v->base.pattern);
	ledger(&w, &v->base.ledger);
	json_open(&w.j, "causes", '[');
	for (size_t i = 0; i < v->n_yes; i++)
		cause(&w, v->yes[i]);
	json_close(&w.j, ']');
	answered(&w, v, "ruled_out", ANSWER_NO);
	answered(&w, v, "undecided", ANSWER_UNKNOWN);
	json_close(&w.j, '}');
	if (w.words.failed)
		out->failed = w.words.failed;
	buf_release(&w.words);
}
