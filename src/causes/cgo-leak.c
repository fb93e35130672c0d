/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgo-leak: memory that C code allocates grows, outside of all that Go knows.
 *
 * Certain when resident anonymous memory that is neither the Go runtime's nor
 * the binary's nor a thread's stack grows without end: the [heap] mapping, which
 * only malloc uses, or in a program with cgo any other. In a program without cgo
 * such mappings are made by Go code itself and this cause is ruled out.
 */
#include "causes/cause.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "causes/frames.h"
#include "causes/verify.h"

#define PART_MIN 0.1   /* of what is to be explained: less does not bring a process down */
#define BRK_PART 0.5   /* of the growth: malloc's own mapping tells */
#define READINGS_MIN 3 /* fewer cannot tell growth from one jump */
#define POINTS_MAX 512
#define CALLERS 64

struct native {
	unsigned readings;
	double first, last, brk_first, brk_last, threads_first, threads_last;
	bool steady; /* rises through the record */
};

static double bytes(uint64_t v)
{
	return known(v) ? (double)v : NAN;
}

static struct native readings_of(const struct whycase *c)
{
	struct native n = { .steady = true };

	for (size_t i = 0; i < c->n_snapshots; i++) {
		const struct case_resident *r = c->snapshots[i].resident;

		if (!r || !known(r->native))
			continue;
		if (n.readings++ == 0) {
			n.first = n.last = (double)r->native;
			n.brk_first = bytes(r->brk);
			n.threads_first = bytes(r->thread_stacks);
		}
		n.steady = n.steady && (double)r->native >= 0.95 * n.last;
		n.last = (double)r->native;
		n.brk_last = bytes(r->brk);
		n.threads_last = bytes(r->thread_stacks);
	}
	n.steady = n.steady && n.readings >= READINGS_MIN;
	return n;
}

/* Anonymous memory beyond all that the Go runtime holds, sample by sample: does it rise? */
static bool series_rises(const struct whycase *c)
{
	struct point p[POINTS_MAX];
	size_t n = 0, step = c->n_samples / POINTS_MAX + 1;
	struct trend t;

	for (size_t i = 0; i < c->n_samples && n < POINTS_MAX; i += step) {
		const struct case_sample *s = &c->samples[i];

		if (known(s->rss_anon) && known(s->mapped_ready))
			p[n++] = (struct point){
				.t = s->t, .v = (double)s->rss_anon - (double)s->mapped_ready
			};
	}
	t = trend_of(p, n);
	return t.known && t.rising && t.rise > 0;
}

struct caller {
	const struct case_frame *frame; /* the Go function that calls C */
	const char *c_function;
	uint64_t count;
};

/* "_Cfunc_leak" of "main._Cfunc_leak": the Go side of a call of C.leak(). */
static const char *c_function(const char *function)
{
	const char *found = function ? strstr(function, "_Cfunc_") : NULL;

	return found ? found + strlen("_Cfunc_") : NULL;
}

static void count_call(struct caller *all, unsigned *n, const struct case_goroutines *g,
		       uint32_t at)
{
	const struct case_frame *f = g->stack.frames[at + 1 < g->stack.n ? at + 1 : at];
	const char *name = c_function(g->stack.frames[at]->function);
	unsigned i = 0;

	while (i < *n && strcmp(all[i].c_function, name) != 0)
		i++;
	if (i == CALLERS)
		return;
	if (i == *n)
		all[(*n)++] = (struct caller){ .frame = f, .c_function = name };
	all[i].count += g->count;
}

/* The Go function seen most often inside a call of C, over all looks at goroutines. */
static struct caller caller_of(const struct whycase *c)
{
	struct caller all[CALLERS], best = { 0 };
	unsigned n = 0;

	for (size_t i = 0; i < c->n_snapshots; i++) {
		for (size_t k = 0; k < c->snapshots[i].n_groups; k++) {
			const struct case_goroutines *g = &c->snapshots[i].groups[k];

			for (uint32_t at = 0; at < g->stack.n; at++) {
				if (!c_function(g->stack.frames[at]->function))
					continue;
				count_call(all, &n, g, at);
				break;
			}
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (all[i].count > best.count)
			best = all[i];
	}
	return best;
}

static void evidence(const struct whycase *c, const struct native *n, const struct caller *by,
		     struct finding *f, struct arena *a)
{
	finding_evidence(f,
			 text_new(a, "cgo-leak.evidence.native", ARG_BYTES("first", n->first),
				  ARG_BYTES("last", n->last), ARG_COUNT("readings", n->readings),
				  ARG_END),
			 n->last - n->first, "bytes", "pagemap less the runtime's arenas");
	if (isfinite(n->brk_last) && isfinite(n->brk_first))
		finding_evidence(f,
				 text_new(a, "cgo-leak.evidence.brk",
					  ARG_BYTES("bytes", n->brk_last - n->brk_first), ARG_END),
				 n->brk_last - n->brk_first, "bytes", "the [heap] mapping");
	if (isfinite(n->threads_last) && isfinite(n->threads_first))
		finding_evidence(f,
				 text_new(a, "cgo-leak.evidence.threads",
					  ARG_BYTES("bytes", n->threads_last - n->threads_first),
					  ARG_END),
				 n->threads_last - n->threads_first, "bytes", "maps");
	if (c->subject.has_cgo == TRI_YES)
		finding_evidence(f, text_new(a, "cgo-leak.evidence.cgo", ARG_END), NAN, NULL,
				 "build info");
	if (by->count)
		finding_evidence(f,
				 text_new(a, "cgo-leak.evidence.caller",
					  ARG_STR("place", frame_place(by->frame, a)),
					  ARG_STR("function", function_short(by->frame->function)),
					  ARG_STR("c-function", by->c_function),
					  ARG_COUNT("count", by->count), ARG_END),
				 (double)by->count, "goroutines", "goroutine stacks");
}

static void culprits(const struct native *n, const struct caller *by, double growth,
		     struct finding *f)
{
	bool brk = n->brk_last - n->brk_first >= BRK_PART * growth;
	struct culprit *c;

	if (by->count) {
		c = culprit_frame(f, CULPRIT_FUNCTION, by->frame);
		c->count = by->count;
	}
	c = finding_culprit(f, CULPRIT_MAPPING, brk ? "[heap]" : "anonymous mappings");
	c->bytes = whole_u64(growth);
}

static void yes(const struct evidence_base *e, const struct native *n, double growth,
		struct finding *f, struct arena *a)
{
	struct caller by = caller_of(e->c);
	bool brk = n->brk_last - n->brk_first >= BRK_PART * growth;

	finding_yes(f, brk ? 0.95 : 0.85, whole_u64(growth),
		    by.count ? text_new(a, "cgo-leak.summary", ARG_BYTES("bytes", growth),
					ARG_STR("c-function", by.c_function),
					ARG_STR("place", frame_place(by.frame, a)), ARG_END)
			     : text_new(a, "cgo-leak.summary.unknown", ARG_BYTES("bytes", growth),
					ARG_END));
	culprits(n, &by, growth, f);
	evidence(e->c, n, &by, f, a);
	if (by.count)
		finding_remedy(f, text_new(a, "cgo-leak.remedy.caller",
					   ARG_STR("c-function", by.c_function),
					   ARG_STR("place", frame_place(by.frame, a)), ARG_END));
	finding_remedy(f, text_new(a, "cgo-leak.remedy.free", ARG_END));
	finding_remedy(f, text_new(a, "cgo-leak.remedy.without", ARG_END));
	f->verify = verify_run(e->c, a);
}

static bool matters(const struct evidence_base *e, double growth)
{
	uint64_t charge = case_charge_bytes(e->c);

	if (known(e->pattern.to_explain) && growth < PART_MIN * (double)e->pattern.to_explain)
		return false;
	if (e->killed_for_memory == TRI_YES || e->pattern.kind == PATTERN_LEAK)
		return growth > 0;
	return known(charge) && growth >= PART_MIN * (double)charge;
}

static void judge_growth(const struct evidence_base *e, const struct native *n, double growth,
			 struct finding *f, struct arena *a)
{
	bool brk = n->brk_last - n->brk_first >= BRK_PART * growth;

	if (!matters(e, growth))
		finding_no(f, text_new(a, "cgo-leak.no.flat", ARG_BYTES("last", n->last),
				       ARG_BYTES("growth", growth), ARG_END));
	else if (!brk && e->c->subject.has_cgo == TRI_NO)
		finding_no(f, text_new(a, "cgo-leak.no.cgo", ARG_BYTES("growth", growth), ARG_END));
	else if (!brk && e->c->subject.has_cgo == TRI_UNKNOWN)
		finding_unknown(f, text_new(a, "cgo-leak.unknown.cgo", ARG_BYTES("growth", growth),
					    ARG_END));
	else if (!n->steady && !series_rises(e->c))
		finding_unknown(f, text_new(a, "cgo-leak.unknown.few", ARG_BYTES("growth", growth),
					    ARG_COUNT("readings", n->readings), ARG_END));
	else
		yes(e, n, growth, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	struct native n = readings_of(e->c);
	double growth = n.last - n.first;

	if (n.readings == 0) {
		finding_unknown(f, text_new(a, "cgo-leak.unknown.unread", ARG_END));
		return;
	}
	if (n.readings == 1 && n.last >= PART_MIN * (double)e->pattern.to_explain) {
		finding_unknown(f, text_new(a, "cgo-leak.unknown.once", ARG_BYTES("last", n.last),
					    ARG_END));
		return;
	}
	if (e->pattern.grew_before_record && n.steady)
		growth = n.last;
	judge_growth(e, &n, growth, f, a);
}

const struct cause cause_cgo_leak = {
	.id = "cgo-leak",
	.title = "cgo-leak.title",
	.about = "cgo-leak.about",
	.judge = judge,
};
