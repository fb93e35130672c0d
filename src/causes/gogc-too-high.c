/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gogc-too-high: the collector was allowed more garbage than the limit has room for.
 *
 * Certain when the live heap stands still, the heap that the settings in force
 * allow does not fit under the limit, and a tighter collector's would. Every
 * server with GOGC=100 dies when its live heap is half the limit, a leaking one
 * too: with a rising floor the setting is not the root.
 */
#include "causes/cause.h"

#include <math.h>

#include "causes/need.h"
#include "causes/verify.h"

#define GOGC_MIN 25 /* tighter, the collector takes more than a quarter of the CPU's time */

/* The settings as the user would write them. */
static const char *spelled(double v, struct arena *a)
{
	const char *size = isfinite(v) ? need_size_down(v, a) : NULL;

	return isinf(v) ? "off" : size ? size : "?";
}

static struct arg gogc_arg(const char *name, double gogc)
{
	return isinf(gogc) ? ARG_STR(name, "off") : ARG_INT(name, gogc);
}

/* Garbage and free pages: what a tighter collector would not have let stand. */
static uint64_t claim(const struct evidence_base *e, const struct need *n)
{
	static const char *const ids[] = { "go.heap.new", "go.heap.dead", "go.heap.free" };
	uint64_t charge = case_charge_bytes(e->c), bytes = 0;
	uint64_t kept = whole_u64(n->live + n->non_heap);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct ledger_node *node = ledger_find(&e->ledger, ids[i]);

		bytes += node && node->bytes > 0 ? (uint64_t)node->bytes : 0;
	}
	if (e->ledger.known && bytes)
		return bytes;
	if (!known(charge) || charge < kept)
		return UNKNOWN_U64;
	return charge - kept;
}

static void evidence(const struct evidence_base *e, const struct need *n, struct finding *f,
		     struct arena *a)
{
	finding_evidence(f,
			 text_new(a, "gogc-too-high.evidence.floor", ARG_BYTES("live", n->live),
				  ARG_COUNT("cycles", e->c->n_cycles), ARG_END),
			 n->live, "bytes", "gcController.heapMarked");
	finding_evidence(f,
			 text_new(a, "gogc-too-high.evidence.settings", gogc_arg("gogc", n->gogc),
				  ARG_STR("limit", spelled(n->memory_limit, a)), ARG_END),
			 isfinite(n->gogc) ? n->gogc : NAN, "percent", "gcController.gcPercent");
	if (isfinite(n->peak))
		finding_evidence(f,
				 text_new(a, "gogc-too-high.evidence.peak",
					  ARG_BYTES("peak", n->peak), ARG_BYTES("limit", n->limit),
					  ARG_END),
				 n->peak, "bytes", "non-heap + live x (1 + GOGC/100)");
	finding_evidence(
		f,
		text_new(a, "gogc-too-high.evidence.tight", ARG_BYTES("tight", n->tight), ARG_END),
		n->tight, "bytes", "non-heap + live x 1.25");
}

static void remedy(const struct evidence_base *e, const struct need *n, struct finding *f,
		   struct arena *a)
{
	double room = NEED_LIMIT_SHARE * n->limit;
	double gogc = floor(((room - n->non_heap) / n->live - 1) * 20) * 5;
	const char *size = isnan(n->not_go) ? NULL : need_size_down(room - n->not_go, a);

	if (size)
		finding_remedy(f, text_new(a, "gogc-too-high.remedy.memory-limit",
					   ARG_STR("size", size), ARG_BYTES("limit", n->limit),
					   ARG_BYTES("other", n->not_go), ARG_END));
	else
		finding_remedy(f, text_new(a, "gogc-too-high.remedy.memory-limit-share", ARG_END));
	if (n->live > 0 && gogc >= GOGC_MIN && gogc < n->gogc)
		finding_remedy(f, text_new(a, "gogc-too-high.remedy.gogc", ARG_INT("gogc", gogc),
					   ARG_END));
	f->verify = size ? verify_run_with(e->c, NAN, size, a) : verify_run(e->c, a);
}

static void yes(const struct evidence_base *e, const struct need *n, struct finding *f,
		struct arena *a)
{
	/* Killed in the act, or foretold: the living have not met it yet. */
	double confidence = e->killed_for_memory == TRI_YES ? 0.9 : 0.65;

	if (e->pattern.confidence < 0.8 && confidence > 0.75)
		confidence = 0.75;
	finding_yes(f, confidence, claim(e, n),
		    isinf(n->peak)
			    ? text_new(a, "gogc-too-high.summary.off", ARG_BYTES("live", n->live),
				       ARG_BYTES("limit", n->limit), ARG_END)
			    : text_new(a, "gogc-too-high.summary", gogc_arg("gogc", n->gogc),
				       ARG_BYTES("live", n->live), ARG_BYTES("peak", n->peak),
				       ARG_BYTES("limit", n->limit), ARG_END));
	finding_culprit(f, CULPRIT_SETTING, isinf(n->memory_limit) ? "GOGC" : "GOGC, GOMEMLIMIT");
	evidence(e, n, f, a);
	remedy(e, n, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	const char *unknown = NULL;
	struct need n;
	double reach;

	if (e->pattern.kind == PATTERN_LEAK) {
		finding_no(f, text_new(a, "gogc-too-high.no.leak", ARG_END));
		return;
	}
	unknown = need_of(e, &n);
	if (unknown) {
		finding_unknown(f, text_new(a, unknown, ARG_END));
		return;
	}
	reach = e->killed_for_memory == TRI_YES ? NEED_PEAK_SHARE : 1;
	if (isinf(n.limit))
		finding_no(f, text_new(a, "need.no.limit", ARG_END));
	else if (n.peak < reach * n.limit)
		finding_no(f, text_new(a, "gogc-too-high.no.fits", ARG_BYTES("peak", n.peak),
				       ARG_BYTES("limit", n.limit), ARG_END));
	else if (!n.fits)
		finding_no(f, text_new(a, "gogc-too-high.no.tight", ARG_BYTES("tight", n.tight),
				       ARG_BYTES("limit", n.limit), ARG_END));
	else if (isnan(n.gogc))
		finding_unknown(f, text_new(a, "gogc-too-high.unknown.setting", ARG_END));
	else if (!need_floor_is_flat(&e->pattern))
		finding_unknown(f, text_new(a, "need.unknown.floor", ARG_END));
	else
		yes(e, &n, f, a);
}

const struct cause cause_gogc_too_high = {
	.id = "gogc-too-high",
	.title = "gogc-too-high.title",
	.about = "gogc-too-high.about",
	.judge = judge,
};
