/* SPDX-License-Identifier: Apache-2.0 */
/*
 * neighbour: another process of the group, or of the host, took the memory.
 *
 * The kernel kills the largest, which need not be the one that grew. With a
 * record the growth of both decides; with a kernel log alone what each held, as
 * its task table says: of a group's kill the group's tasks, of a global one the
 * host's.
 */
#include "causes/cause.h"

#include <math.h>

#include "base/buf.h"
#include "causes/verify.h"

#define PART_MIN 0.25  /* of what is to be explained: a main part */
#define HOLDS_MOST 0.5 /* of what all tasks hold */
#define HOLDS_LITTLE 0.1

struct taker {
	const char *comm;
	int pid;
	double now, growth; /* NAN unknown */
};

struct sides {				     /* the target and the others together */
	double target, others;		     /* held at the end */
	double target_growth, others_growth; /* over the record; NAN unknown */
	struct taker most;		     /* the other that grew (or holds) most */
	size_t n_others;
	const char *source;
};

static double bytes(uint64_t v)
{
	return known(v) ? (double)v : NAN;
}

static double grown(const struct case_process *p)
{
	return bytes(p->rss_anon) - bytes(p->first_rss_anon);
}

/* What another process can be blamed for: its growth, else what it holds. */
static double blame(const struct taker *t)
{
	return isnan(t->growth) ? t->now : t->growth;
}

static void consider(struct sides *r, struct taker t)
{
	r->n_others++;
	if (!r->most.comm || blame(&t) > blame(&r->most))
		r->most = t;
}

static void from_processes(const struct whycase *c, struct sides *r)
{
	double others_growth = 0;

	r->target = r->target_growth = NAN;
	r->others = 0;
	r->source = "status of the group's processes";
	for (size_t i = 0; i < c->n_processes; i++) {
		const struct case_process *p = &c->processes[i];

		if (p->target) {
			r->target = bytes(p->rss_anon);
			r->target_growth = grown(p);
			continue;
		}
		if (known(p->rss_anon))
			r->others += (double)p->rss_anon;
		others_growth += grown(p);
		consider(r, (struct taker){ p->comm ? p->comm : "?", p->pid, bytes(p->rss_anon),
					    grown(p) });
	}
	r->others_growth = others_growth;
}

/* The dead may be missing in the list of the living: its own series has it. */
static void target_from_samples(const struct whycase *c, struct sides *r)
{
	double first = NAN, last = NAN;

	for (size_t i = 0; i < c->n_samples; i++) {
		if (!known(c->samples[i].rss_anon))
			continue;
		last = (double)c->samples[i].rss_anon;
		first = isnan(first) ? last : first;
	}
	if (isnan(r->target))
		r->target = last;
	if (isnan(r->target_growth))
		r->target_growth = last - first;
}

/* The series knows of processes that came after the record began, and of those gone at its end. */
static void from_samples(const struct whycase *c, struct sides *r)
{
	const struct case_sample *first = NULL, *last = NULL;

	for (size_t i = 0; i < c->n_samples; i++) {
		const struct case_sample *s = &c->samples[i];

		if (!known(s->others_anon) || !known(s->rss_anon))
			continue;
		first = first ? first : s;
		last = s;
	}
	if (!first || first == last)
		return;
	r->target = bytes(last->rss_anon);
	r->others = bytes(last->others_anon);
	r->target_growth = bytes(last->rss_anon) - bytes(first->rss_anon);
	r->others_growth = bytes(last->others_anon) - bytes(first->others_anon);
	r->source = "status of the group's processes, sampled";
}

static double task_of_victim(const struct case_kill *k)
{
	double sum = 0;

	for (size_t i = 0; i < k->n_tasks; i++) {
		if (k->tasks[i].pid == k->pid && known(k->tasks[i].rss_bytes))
			return (double)k->tasks[i].rss_bytes;
	}
	sum += known(k->anon_rss) ? (double)k->anon_rss : 0;
	sum += known(k->file_rss) ? (double)k->file_rss : 0;
	return sum + (known(k->shmem_rss) ? (double)k->shmem_rss : 0);
}

static void from_tasks(const struct case_kill *k, struct sides *r)
{
	r->target = task_of_victim(k);
	r->target_growth = r->others_growth = NAN;
	r->source = "kernel log, task table";
	for (size_t i = 0; i < k->n_tasks; i++) {
		const struct case_task *t = &k->tasks[i];

		if (t->pid == k->pid || !known(t->rss_bytes))
			continue;
		r->others += (double)t->rss_bytes;
		consider(r, (struct taker){ t->comm ? t->comm : "?", t->pid, (double)t->rss_bytes,
					    NAN });
	}
}

/* "postgres[1234]" */
static const char *named(const struct taker *t, struct arena *a)
{
	BUF(name, 256);
	const char *kept;

	if (!t->comm)
		return "?";
	buf_printf(&name, t->pid > 0 ? "%s[%d]" : "%s", t->comm, t->pid);
	kept = arena_str(a, buf_view(&name)).p;
	return kept ? kept : "?";
}

static void yes(const struct evidence_base *e, const struct sides *r, double confidence,
		struct finding *f, struct arena *a)
{
	bool grew = isfinite(r->others_growth);
	double taken = grew ? r->others_growth : r->most.now;
	struct culprit *c;

	finding_yes(f, confidence, whole_u64(taken),
		    text_new(a, grew ? "neighbour.summary.grew" : "neighbour.summary.holds",
			     ARG_STR("name", named(&r->most, a)), ARG_BYTES("taken", taken),
			     ARG_BYTES("own", grew ? r->target_growth : r->target), ARG_END));
	c = finding_culprit(f, CULPRIT_PROCESS, named(&r->most, a));
	c->bytes = whole_u64(isfinite(blame(&r->most)) ? blame(&r->most) : taken);
	finding_evidence(f,
			 text_new(a, "neighbour.evidence.held", ARG_COUNT("count", r->n_others),
				  ARG_BYTES("others", r->others), ARG_BYTES("own", r->target),
				  ARG_END),
			 r->others, "bytes", r->source);
	if (grew)
		finding_evidence(f,
				 text_new(a, "neighbour.evidence.grew",
					  ARG_BYTES("others", r->others_growth),
					  ARG_BYTES("own", r->target_growth), ARG_END),
				 r->others_growth, "bytes", r->source);
	finding_remedy(f, text_new(a, "neighbour.remedy.limit", ARG_STR("name", named(&r->most, a)),
				   ARG_END));
	finding_remedy(f, text_new(a, "neighbour.remedy.separate", ARG_END));
	finding_remedy(f, text_new(a, "neighbour.remedy.adj", ARG_END));
	if (e->c->n_samples)
		f->verify = verify_run(e->c, a);
}

static void judge_growth(const struct evidence_base *e, const struct sides *r, struct finding *f,
			 struct arena *a)
{
	double whole = known(e->pattern.to_explain) ? (double)e->pattern.to_explain
						    : r->others_growth + r->target_growth;

	if (r->others_growth > r->target_growth && r->others_growth >= PART_MIN * whole)
		yes(e, r, 0.9, f, a);
	else
		finding_no(f,
			   text_new(a, "neighbour.no.growth", ARG_BYTES("others", r->others_growth),
				    ARG_BYTES("own", r->target_growth), ARG_END));
}

/* Growth is not known: what each held says something if one side held most of it. */
static void judge_held(const struct evidence_base *e, const struct sides *r, struct finding *f,
		       struct arena *a)
{
	double all = r->target + r->others;

	if (!(all > 0))
		finding_unknown(f, text_new(a, "neighbour.unknown.held", ARG_END));
	else if (r->others < HOLDS_LITTLE * all || r->target >= HOLDS_MOST * all)
		finding_no(f, text_new(a, "neighbour.no.held", ARG_BYTES("own", r->target),
				       ARG_BYTES("others", r->others), ARG_END));
	else if (e->pattern.kind == PATTERN_LEAK)
		finding_unknown(f, text_new(a, "neighbour.unknown.growth", ARG_END));
	else if (r->most.now > r->target)
		yes(e, r, 0.6, f, a);
	else
		finding_unknown(f,
				text_new(a, "neighbour.unknown.shared", ARG_BYTES("own", r->target),
					 ARG_BYTES("others", r->others), ARG_END));
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	const struct case_kill *k = e->c->end.kill;
	bool host = k && k->kind == OOM_GLOBAL;
	struct sides r = { 0 };

	if (e->killed_for_memory != TRI_YES && e->pattern.kind != PATTERN_LEAK) {
		if (e->killed_for_memory == TRI_NO)
			finding_no(f, text_new(a, "neighbour.no.kill", ARG_END));
		else
			finding_unknown(f, text_new(a, "neighbour.unknown.kill", ARG_END));
		return;
	}
	if (e->c->n_processes && !host) {
		from_processes(e->c, &r);
		target_from_samples(e->c, &r);
		from_samples(e->c, &r);
	} else if (k && k->n_tasks) {
		from_tasks(k, &r);
	} else {
		finding_unknown(
			f, text_new(a, host ? "neighbour.unknown.host" : "neighbour.unknown.group",
				    ARG_END));
		return;
	}
	if (r.n_others == 0 && !(r.others > 0))
		finding_no(f, text_new(a, "neighbour.no.alone", ARG_END));
	else if (isfinite(r.others_growth) && isfinite(r.target_growth))
		judge_growth(e, &r, f, a);
	else
		judge_held(e, &r, f, a);
}

const struct cause cause_neighbour = {
	.id = "neighbour",
	.title = "neighbour.title",
	.about = "neighbour.about",
	.judge = judge,
};
