/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap-growth: what is live in the Go heap grows without end, and no finer cause
 * explains the same bytes.
 *
 * Certain when the pattern is a leak and the live heap that each GC cycle marks
 * rises with it. With a heap profile the places that allocate what stays are
 * named; who holds it needs the object graph: unbounded-collection.
 */
#include "causes/cause.h"

#include <math.h>

#include "causes/frames.h"
#include "causes/holding.h"
#include "causes/live_heap.h"
#include "causes/sites.h"
#include "causes/verify.h"

#define PART_MIN 0.1  /* of what is to be explained: less does not bring a process down */
#define REST_MIN 0.25 /* of the growth, beside what finer leaks claim: less is their error */
#define HEAP_MIN 0.25 /* of the growth of everything: else it grew elsewhere */
#define PLACES 3

/* Size class whose objects grew most between the first look at the spans and the last. */
static const struct case_span_class *grown_class(const struct whycase *c, double *ret_objects)
{
	const struct case_snapshot *last = case_last_with_spans(c), *first = NULL;
	const struct case_span_class *best = NULL;
	double most = 0;

	for (size_t i = 0; i < c->n_snapshots && !first; i++)
		first = c->snapshots[i].have_spans ? &c->snapshots[i] : NULL;
	for (size_t i = 0; last && first != last && i < last->n_classes; i++) {
		const struct case_span_class *k = &last->classes[i];
		double objects = (double)k->objects;

		for (size_t j = 0; j < first->n_classes; j++) {
			if (first->classes[j].size == k->size &&
			    first->classes[j].noscan == k->noscan)
				objects -= (double)first->classes[j].objects;
		}
		if (k->size && objects * (double)k->size > most) {
			most = objects * (double)k->size;
			*ret_objects = objects;
			best = k;
		}
	}
	return best;
}

static void evidence(const struct evidence_base *e, const struct live_heap *h, struct finding *f,
		     struct arena *a)
{
	const struct case_span_class *k;
	double objects = 0;

	finding_evidence(f,
			 text_new(a, "heap-growth.evidence.marked", ARG_BYTES("first", h->first),
				  ARG_BYTES("last", h->last), ARG_COUNT("cycles", e->c->n_cycles),
				  ARG_END),
			 h->last - h->first, "bytes", "gcController.heapMarked");
	if (h->pending > 0)
		finding_evidence(f,
				 text_new(a, "heap-growth.evidence.pending",
					  ARG_BYTES("pending", h->pending),
					  ARG_PERCENT("kept", h->kept), ARG_END),
				 h->pending, "bytes", "gcController.heapLive, totalAlloc");
	k = grown_class(e->c, &objects);
	if (k)
		finding_evidence(f,
				 text_new(a, "heap-growth.evidence.class",
					  ARG_COUNT("count", objects), ARG_BYTES("size", k->size),
					  ARG_END),
				 objects, "objects", "mheap_.allspans");
}

static void places(const struct place *const p[], unsigned n, bool compared, struct finding *f,
		   struct arena *a)
{
	for (unsigned i = 0; i < n; i++) {
		struct culprit *c;

		if (p[i]->grown < PART_MIN * p[0]->grown)
			break;
		c = culprit_frame(f, CULPRIT_FUNCTION, p[i]->frame);
		c->bytes = whole_u64(p[i]->grown);
		c->count = whole_u64(p[i]->objects);
		finding_evidence(
			f,
			text_new(a,
				 compared ? "heap-growth.evidence.place"
					  : "heap-growth.evidence.place.once",
				 ARG_BYTES("bytes", p[i]->grown),
				 ARG_STR("place", frame_place(p[i]->frame, a)),
				 ARG_STR("function", function_short(p[i]->frame->function)),
				 ARG_END),
			p[i]->grown, "bytes", "heap profile (runtime.mbuckets)");
	}
}

/* Why there is no profile: the linker left it out, or it could not be read. */
static bool linked_out(const struct whycase *c)
{
	const struct case_snapshot *s = case_last_with_stats(c);

	return s && s->stats->mem_profile_rate == 0;
}

static void without_profile(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	bool out = linked_out(e->c);

	finding_evidence(f,
			 text_new(a,
				  out ? "heap-growth.evidence.linked-out"
				      : "heap-growth.evidence.no-profile",
				  ARG_END),
			 NAN, NULL, "runtime.MemProfileRate");
	finding_remedy(f,
		       text_new(a, out ? "heap-growth.remedy.link" : "heap-growth.remedy.profile",
				ARG_END));
	finding_remedy(f, text_new(a, "heap-growth.remedy.collections", ARG_END));
}

static void yes(const struct evidence_base *e, const struct live_heap *h, double rest,
		struct finding *f, struct arena *a)
{
	const struct place *top[PLACES];
	struct places l;
	unsigned n = 0;
	/* With others' claims taken off, what is left is a difference of estimates. */
	double confidence = rest < h->growth ? 0.6 : 0.9;

	if (places_of(e, INT64_MIN, a, &l) == 0)
		n = places_grown(&l, top, PLACES);
	if (n && top[0]->grown > 0) {
		finding_yes(f, fmin(confidence, e->pattern.confidence), whole_u64(rest),
			    text_new(a, "heap-growth.summary", ARG_BYTES("bytes", rest),
				     ARG_RATE("rate", e->pattern.slope),
				     ARG_STR("place", frame_place(top[0]->frame, a)),
				     ARG_STR("function", function_short(top[0]->frame->function)),
				     ARG_END));
		places(top, n, l.compared, f, a);
		evidence(e, h, f, a);
		finding_remedy(f,
			       text_new(a, "heap-growth.remedy.place",
					ARG_STR("place", frame_place(top[0]->frame, a)), ARG_END));
		finding_remedy(f, text_new(a, "heap-growth.remedy.collections", ARG_END));
	} else {
		finding_yes(f, fmin(confidence, fmin(e->pattern.confidence, 0.8)), whole_u64(rest),
			    text_new(a, "heap-growth.summary.unknown", ARG_BYTES("bytes", rest),
				     ARG_RATE("rate", e->pattern.slope), ARG_END));
		evidence(e, h, f, a);
		without_profile(e, f, a);
	}
	f->heap_bytes = f->bytes;
	f->verify = verify_run(e->c, a);
}

static void judge_leak(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	struct live_heap h = live_heap_of(e->c, e->pattern.grew_before_record);
	const struct cause *by;
	double rest, whole;

	if (!h.known) {
		finding_unknown(f, text_new(a, "heap-growth.unknown.heap", ARG_END));
		return;
	}
	whole = known(e->pattern.to_explain) ? (double)e->pattern.to_explain : h.growth;
	rest = h.growth - heap_claimed(e, &by);
	if (h.growth < HEAP_MIN * whole)
		finding_no(f, text_new(a, "heap-growth.no.elsewhere", ARG_BYTES("bytes", h.growth),
				       ARG_BYTES("whole", whole), ARG_END));
	else if (rest < fmax(PART_MIN * whole, REST_MIN * h.growth))
		finding_no(f, text_new(a, "heap-growth.no.explained",
				       ARG_STR("cause", by ? by->title : "?"), ARG_END));
	else
		yes(e, &h, rest, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	if (e->pattern.kind == PATTERN_LEAK)
		judge_leak(e, f, a);
	else if (e->pattern.kind == PATTERN_UNKNOWN)
		finding_unknown(f, text_new(a, "heap-growth.unknown.pattern", ARG_END));
	else
		finding_no(f, text_new(a, "heap-growth.no.flat", ARG_END));
}

const struct cause cause_heap_growth = {
	.id = "heap-growth",
	.title = "heap-growth.title",
	.about = "heap-growth.about",
	.judge = judge,
};
