/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unbounded-collection: a map, slice, list or channel buffer that something which
 * never ends keeps, and that is only ever added to.
 *
 * Certain when the live heap grows without end and the object graph shows that
 * one holder's retained bytes are that growth: they rose between two graphs, or
 * are more than all that was live at the begin.
 */
#include <math.h>

#include "causes/frames.h"
#include "causes/holding.h"
#include "causes/verify.h"

#define SHARED_MIN 0.5 /* of what is reached: kept by several, nobody to name */

static double confidence(const struct evidence_base *e, const struct holding *r)
{
	double most = 0.7;

	if (r->compared)
		most = r->elements > 0 ? 0.95 : 0.9;
	else if (known(r->h->elements))
		most = 0.8;
	return fmin(most, e->pattern.confidence);
}

static void summary(const struct evidence_base *e, const struct holding *r, struct finding *f,
		    struct arena *a)
{
	const char *place = holder_place(r->h, a);
	struct text t;

	if (known(r->h->elements))
		t = text_new(a, "unbounded-collection.summary", ARG_STR("place", place),
			     ARG_BYTES("bytes", r->h->retained_bytes),
			     ARG_COUNT("count", r->h->elements), ARG_END);
	else
		t = text_new(a, "unbounded-collection.summary.uncounted", ARG_STR("place", place),
			     ARG_BYTES("bytes", r->h->retained_bytes),
			     ARG_COUNT("count", r->h->objects), ARG_END);
	finding_yes(f, confidence(e, r), whole_u64(r->grown), t);
	f->heap_bytes = f->bytes;
}

static void evidence(const struct evidence_base *e, const struct holding *r, struct finding *f,
		     struct arena *a)
{
	double before = r->before ? (double)r->before->retained_bytes : 0;

	if (r->compared)
		finding_evidence(
			f,
			text_new(a, "unbounded-collection.evidence.grew",
				 ARG_BYTES("first", before),
				 ARG_BYTES("last", r->h->retained_bytes),
				 ARG_SECONDS("span", (double)(r->last->t - r->first->t) / 1e9),
				 ARG_END),
			(double)r->h->retained_bytes - before, "bytes", "object graph");
	else
		finding_evidence(f,
				 text_new(a, "unbounded-collection.evidence.once",
					  ARG_BYTES("bytes", r->h->retained_bytes),
					  ARG_PERCENT("share", r->holds),
					  ARG_BYTES("certain", r->certain), ARG_END),
				 (double)r->h->retained_bytes, "bytes", "object graph");
	if (r->elements > 0)
		finding_evidence(f,
				 text_new(a, "unbounded-collection.evidence.elements",
					  ARG_COUNT("more", r->elements),
					  ARG_COUNT("count", r->h->elements), ARG_END),
				 r->elements, "elements", "object graph");
	if (r->h->by_reference)
		finding_evidence(f, text_new(a, "holding.evidence.by-reference", ARG_END), NAN,
				 NULL, "code references");
	finding_evidence(f,
			 text_new(a, "holding.evidence.live", ARG_BYTES("growth", r->live_growth),
				  ARG_COUNT("cycles", e->c->n_cycles), ARG_END),
			 r->live_growth, "bytes", "gcController.heapMarked");
}

static void yes(const struct evidence_base *e, const struct holding *r, struct finding *f,
		struct arena *a)
{
	const struct case_frame *made;

	summary(e, r, f, a);
	culprit_holder(f, r->h, a);
	evidence(e, r, f, a);
	made = holding_places(e, f, a);
	finding_remedy(f, text_new(a, "unbounded-collection.remedy.bound",
				   ARG_STR("place", holder_place(r->h, a)), ARG_END));
	if (made)
		finding_remedy(f, text_new(a, "unbounded-collection.remedy.place",
					   ARG_STR("place", frame_place(made, a)), ARG_END));
	finding_remedy(f, text_new(a, "unbounded-collection.remedy.map", ARG_END));
	f->verify = verify_run(e->c, a);
}

/* No holder is shown to have grown: why that is no NO, or that it is one. */
static void none(const struct holding *r, struct finding *f, struct arena *a)
{
	double reached = known(r->last->objects->reached_bytes)
				 ? (double)r->last->objects->reached_bytes
				 : INFINITY;

	if (r->shared >= SHARED_MIN * reached)
		finding_unknown(f, text_new(a, "unbounded-collection.unknown.shared",
					    ARG_BYTES("bytes", r->shared), ARG_END));
	else if (!r->compared)
		finding_unknown(f, text_new(a, "unbounded-collection.unknown.once", ARG_END));
	else
		finding_no(f, text_new(a, "unbounded-collection.no.holder",
				       ARG_BYTES("bytes", r->certain), ARG_END));
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	enum holding_growth g;
	struct holding r;

	if (!holding_look(e, &r, &g, f, a))
		return;
	if (g == HOLDING_GREW)
		yes(e, &r, f, a);
	else
		none(&r, f, a);
}

const struct cause cause_unbounded_collection = {
	.id = "unbounded-collection",
	.title = "unbounded-collection.title",
	.about = "unbounded-collection.about",
	.judge = judge,
};
