/* SPDX-License-Identifier: Apache-2.0 */
/*
 * third-party-leak: a library keeps, in a variable of its own, what it allocates
 * itself, and lets go of nothing.
 *
 * Certain when the holder of the growth (holding.h) and the place that made most
 * of it are of the same module, which is neither the program's nor the standard
 * library's. A library that only makes what the program keeps is not at fault,
 * nor one whose variable the program fills.
 */
#include <math.h>
#include <string.h>

#include "causes/frames.h"
#include "causes/holding.h"
#include "causes/sites.h"
#include "causes/verify.h"

static bool foreign(const struct whycase *c, const char *module)
{
	return strcmp(module, "std") != 0 && strcmp(module, "main") != 0 &&
	       (!c->subject.module || strcmp(module, c->subject.module) != 0);
}

/* What made most of the growth; NULL without a profile. */
static const struct case_frame *maker(const struct evidence_base *e, struct arena *a)
{
	const struct place *top[1];
	struct places l;

	if (places_of(e, INT64_MIN, a, &l) < 0 || places_grown(&l, top, 1) == 0)
		return NULL;
	return top[0]->grown > 0 ? top[0]->frame : NULL;
}

static void yes(const struct evidence_base *e, const struct holding *r, struct finding *f,
		struct arena *a)
{
	const char *place = holder_place(r->h, a);
	struct culprit *c;

	finding_yes(f, fmin(r->compared ? 0.9 : 0.75, e->pattern.confidence), whole_u64(r->grown),
		    text_new(a, "third-party-leak.summary", ARG_STR("module", r->h->module),
			     ARG_STR("place", place), ARG_BYTES("bytes", r->h->retained_bytes),
			     ARG_END));
	f->heap_bytes = f->bytes;
	c = finding_culprit(f, CULPRIT_MODULE, r->h->module);
	c->module = r->h->module;
	c->bytes = r->h->retained_bytes;
	culprit_holder(f, r->h, a);
	holding_places(e, f, a);
	finding_evidence(f,
			 text_new(a, "third-party-leak.evidence.holder", ARG_STR("place", place),
				  ARG_STR("module", r->h->module),
				  ARG_BYTES("bytes", r->h->retained_bytes), ARG_END),
			 (double)r->h->retained_bytes, "bytes", "object graph");
	finding_evidence(f,
			 text_new(a, "holding.evidence.live", ARG_BYTES("growth", r->live_growth),
				  ARG_COUNT("cycles", e->c->n_cycles), ARG_END),
			 r->live_growth, "bytes", "gcController.heapMarked");
	finding_remedy(f, text_new(a, "third-party-leak.remedy.upgrade",
				   ARG_STR("module", r->h->module), ARG_END));
	finding_remedy(
		f, text_new(a, "third-party-leak.remedy.wrap", ARG_STR("place", place), ARG_END));
	f->verify = verify_run(e->c, a);
}

static void judge_holder(const struct evidence_base *e, const struct holding *r, struct finding *f,
			 struct arena *a)
{
	const struct case_frame *made;

	if (!r->h->module) {
		finding_unknown(f, text_new(a, "third-party-leak.unknown.module", ARG_END));
		return;
	}
	if (!foreign(e->c, r->h->module)) {
		finding_no(f, text_new(a, "third-party-leak.no.own",
				       ARG_STR("place", holder_place(r->h, a)), ARG_END));
		return;
	}
	made = maker(e, a);
	if (!made || !made->module)
		finding_unknown(f, text_new(a, "third-party-leak.unknown.maker",
					    ARG_STR("module", r->h->module), ARG_END));
	else if (strcmp(made->module, r->h->module) != 0)
		finding_no(f,
			   text_new(a, "third-party-leak.no.maker", ARG_STR("module", r->h->module),
				    ARG_STR("place", frame_place(made, a)), ARG_END));
	else
		yes(e, r, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	enum holding_growth g;
	struct holding r;

	if (!holding_look(e, &r, &g, f, a))
		return;
	if (g == HOLDING_GREW)
		judge_holder(e, &r, f, a);
	else
		finding_unknown(f, text_new(a, "third-party-leak.unknown.holder", ARG_END));
}

const struct cause cause_third_party_leak = {
	.id = "third-party-leak",
	.title = "third-party-leak.title",
	.about = "third-party-leak.about",
	.judge = judge,
};
