/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subslice-retention: small slices or strings keep the large arrays alive that
 * they were cut from.
 *
 * Certain when the live heap grows without end and the object graph shows arrays
 * of which all live views together see a small part only: what they pin and
 * nobody sees is the growth. What the views do see is their holder's.
 */
#include <math.h>

#include "causes/frames.h"
#include "causes/holding.h"
#include "causes/live_heap.h"
#include "causes/verify.h"

#define SEEN_MAX 0.5	 /* of the array: an array half seen is used, not forgotten */
#define CERTAIN_MIN 0.25 /* of the growth, that cannot have been there before */
#define TYPED_MIN 0.5	 /* of what is reached: with fewer types views are missed */
#define ROWS 3

struct waste {
	double bytes, count;		     /* pinned and seen by nobody; views */
	const struct case_pinned *top[ROWS]; /* the most wasteful first */
	unsigned n;
};

static double unseen(const struct case_pinned *p)
{
	if (!known(p->pinned_bytes) || !known(p->visible_bytes) ||
	    (double)p->visible_bytes > SEEN_MAX * (double)p->pinned_bytes)
		return 0;
	return (double)p->pinned_bytes - (double)p->visible_bytes;
}

static struct waste waste_of(const struct case_objects *o)
{
	struct waste w = { 0 };

	for (size_t i = 0; i < o->n_pinned; i++) {
		double bytes = unseen(&o->pinned[i]);
		unsigned at;

		if (!(bytes > 0))
			continue;
		w.bytes += bytes;
		w.count += known(o->pinned[i].count) ? (double)o->pinned[i].count : 0;
		at = w.n < ROWS ? w.n++ : ROWS;
		for (; at > 0 && bytes > unseen(w.top[at - 1]); at--) {
			if (at < ROWS)
				w.top[at] = w.top[at - 1];
		}
		if (at < ROWS)
			w.top[at] = &o->pinned[i];
	}
	return w;
}

static const char *place_of(const struct case_pinned *p, struct arena *a)
{
	struct case_holder h = { .name = p->holder, .path = p->path, .type = p->type };

	return holder_place(&h, a);
}

static void yes(const struct evidence_base *e, const struct waste *w, double bytes, bool compared,
		struct finding *f, struct arena *a)
{
	const struct case_pinned *p = w->top[0];
	const char *place = place_of(p, a);
	const struct case_frame *made;

	finding_yes(f, fmin(compared ? 0.95 : 0.85, e->pattern.confidence), whole_u64(bytes),
		    text_new(a, "subslice-retention.summary", ARG_COUNT("count", p->count),
			     ARG_STR("place", place), ARG_BYTES("visible", p->visible_bytes),
			     ARG_BYTES("pinned", p->pinned_bytes), ARG_END));
	f->heap_bytes = f->bytes;
	for (unsigned i = 0; i < w->n; i++) {
		struct culprit *c = finding_culprit(f, CULPRIT_GLOBAL, place_of(w->top[i], a));

		c->bytes = w->top[i]->pinned_bytes;
		c->count = w->top[i]->count;
		finding_evidence(f,
				 text_new(a, "subslice-retention.evidence.views",
					  ARG_STR("place", place_of(w->top[i], a)),
					  ARG_COUNT("count", w->top[i]->count),
					  ARG_BYTES("visible", w->top[i]->visible_bytes),
					  ARG_BYTES("pinned", w->top[i]->pinned_bytes), ARG_END),
				 unseen(w->top[i]), "bytes", "object graph");
	}
	made = holding_places(e, f, a);
	finding_remedy(f, text_new(a, "subslice-retention.remedy.clone", ARG_STR("place", place),
				   ARG_END));
	if (made)
		finding_remedy(f, text_new(a, "subslice-retention.remedy.place",
					   ARG_STR("place", frame_place(made, a)), ARG_END));
	f->verify = verify_run(e->c, a);
}

static bool types_are_known(const struct case_objects *o)
{
	return known(o->typed_bytes) && known(o->reached_bytes) &&
	       (double)o->typed_bytes >= TYPED_MIN * (double)o->reached_bytes;
}

static void judge_waste(const struct evidence_base *e, const struct holding *r, struct finding *f,
			struct arena *a)
{
	struct waste w = waste_of(r->last->objects);
	struct waste before = r->first ? waste_of(r->first->objects) : (struct waste){ 0 };
	struct live_heap live = live_heap_of(e->c, e->pattern.grew_before_record);
	double came = w.bytes - (r->compared ? before.bytes : live.first);
	double bytes = fmin(w.bytes, fmax(r->live_growth - r->claimed, 0));

	if (w.bytes < holding_enough(e, r->live_growth)) {
		if (types_are_known(r->last->objects))
			finding_no(f, text_new(a, "subslice-retention.no.none",
					       ARG_BYTES("bytes", w.bytes), ARG_END));
		else
			finding_unknown(f,
					text_new(a, "subslice-retention.unknown.types", ARG_END));
	} else if (came <= 0 && r->compared) {
		finding_no(f, text_new(a, "subslice-retention.no.flat", ARG_BYTES("bytes", w.bytes),
				       ARG_END));
	} else if (!r->compared && came < CERTAIN_MIN * r->live_growth) {
		finding_unknown(f, text_new(a, "subslice-retention.unknown.once",
					    ARG_BYTES("bytes", w.bytes), ARG_END));
	} else {
		yes(e, &w, bytes, r->compared, f, a);
	}
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	enum holding_growth g;
	struct holding r;

	if (!holding_look(e, &r, &g, f, a))
		return;
	judge_waste(e, &r, f, a);
}

const struct cause cause_subslice_retention = {
	.id = "subslice-retention",
	.title = "subslice-retention.title",
	.about = "subslice-retention.about",
	.judge = judge,
};
