/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit-too-low: what the process needs when nothing is wrong does not fit.
 *
 * Certain when the live heap stands still and even a tight collector (non-heap
 * + live x 1.25) needs more than nine tenths of the limit. What fits with a
 * tight collector is gogc-too-high instead: the two exclude each other.
 */
#include "causes/cause.h"

#include <math.h>

#include "causes/need.h"
#include "causes/verify.h"

/* The limit of the chain that was met: container, pod, slice, host. */
static const struct case_limit *met(const struct whycase *c, double limit)
{
	for (unsigned i = 0; i < c->n_limits; i++) {
		if (known(c->limits[i].limit_bytes) && (double)c->limits[i].limit_bytes == limit)
			return &c->limits[i];
	}
	return NULL;
}

static void evidence(const struct evidence_base *e, const struct need *n, struct finding *f,
		     struct arena *a)
{
	finding_evidence(f,
			 text_new(a, "limit-too-low.evidence.floor", ARG_BYTES("live", n->live),
				  ARG_COUNT("cycles", e->c->n_cycles), ARG_END),
			 n->live, "bytes", "gcController.heapMarked");
	finding_evidence(f,
			 text_new(a, "limit-too-low.evidence.non-heap",
				  ARG_BYTES("other", n->non_heap), ARG_END),
			 n->non_heap, "bytes", "charge - Go heap");
	finding_evidence(f,
			 text_new(a, "limit-too-low.evidence.tight", ARG_BYTES("tight", n->tight),
				  ARG_BYTES("limit", n->limit), ARG_END),
			 n->tight, "bytes", "non-heap + live x 1.25");
}

static void remedy(const struct evidence_base *e, const struct need *n, struct finding *f,
		   struct arena *a)
{
	const char *least = need_size_up(n->tight / NEED_LIMIT_SHARE, a);

	/* With the collector as it is set, whose peak is the larger need. */
	if (isfinite(n->peak) && n->peak > n->tight)
		finding_remedy(
			f, text_new(a, "limit-too-low.remedy.comfortable",
				    ARG_STR("size", need_size_up(n->peak / NEED_LIMIT_SHARE, a)),
				    ARG_END));
	finding_remedy(f,
		       text_new(a, "limit-too-low.remedy.least", ARG_STR("size", least), ARG_END));
	finding_remedy(
		f, text_new(a, "limit-too-low.remedy.shrink", ARG_BYTES("live", n->live), ARG_END));
	f->verify = verify_run_with(
		e->c, fmax(n->tight, isfinite(n->peak) ? n->peak : 0) / NEED_LIMIT_SHARE, NULL, a);
}

static void yes(const struct evidence_base *e, const struct need *n, struct finding *f,
		struct arena *a)
{
	const struct case_limit *l = met(e->c, n->limit);
	double confidence = e->killed_for_memory == TRI_YES ? 0.9 : 0.65;
	struct culprit *c;

	if (e->pattern.confidence < 0.8 && confidence > 0.75)
		confidence = 0.75;
	finding_yes(f, confidence, case_charge_bytes(e->c),
		    text_new(a, "limit-too-low.summary", ARG_BYTES("tight", n->tight),
			     ARG_BYTES("live", n->live), ARG_BYTES("other", n->non_heap),
			     ARG_BYTES("limit", n->limit),
			     ARG_STR("scope", l && l->scope ? l->scope : "group"), ARG_END));
	c = finding_culprit(f, CULPRIT_LIMIT, l && l->source ? l->source : case_limit_source(e->c));
	c->bytes = whole_u64(n->limit);
	evidence(e, n, f, a);
	remedy(e, n, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	bool killed = e->killed_for_memory == TRI_YES;
	const char *unknown = NULL;
	struct need n;

	if (e->pattern.kind == PATTERN_LEAK) {
		finding_no(f, text_new(a, "limit-too-low.no.leak", ARG_END));
		return;
	}
	unknown = need_of(e, &n);
	if (unknown) {
		finding_unknown(f, text_new(a, unknown, ARG_END));
		return;
	}
	if (isinf(n.limit))
		finding_no(f, text_new(a, "need.no.limit", ARG_END));
	else if (n.fits || (!killed && n.tight < n.limit))
		finding_no(f, text_new(a, "limit-too-low.no.fits", ARG_BYTES("tight", n.tight),
				       ARG_BYTES("limit", n.limit), ARG_END));
	else if (!need_floor_is_flat(&e->pattern))
		finding_unknown(f, text_new(a, "need.unknown.floor", ARG_END));
	else
		yes(e, &n, f, a);
}

const struct cause cause_limit_too_low = {
	.id = "limit-too-low",
	.title = "limit-too-low.title",
	.about = "limit-too-low.about",
	.judge = judge,
};
