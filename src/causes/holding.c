/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/holding.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "causes/frames.h"
#include "causes/live_heap.h"
#include "causes/sites.h"

#define CROWD 10      /* goroutines: a handful may own a collection, a crowd is the leak itself */
#define PART_MIN 0.1  /* of what is to be explained: less does not bring a process down */
#define REST_MIN 0.25 /* of the live heap's growth: less is beside the point */
#define CERTAIN_MIN 0.25 /* of the growth, that cannot have been there before */
#define PLACES 2
#define EARLY_SHARE 0.1 /* of the record: a graph from then is how it began */

const struct case_snapshot *last_with_objects(const struct whycase *c)
{
	for (size_t i = c->n_snapshots; i-- > 0;) {
		if (c->snapshots[i].objects)
			return &c->snapshots[i];
	}
	return NULL;
}

static const struct case_snapshot *first_with_objects(const struct whycase *c)
{
	for (size_t i = 0; i < c->n_snapshots; i++) {
		if (c->snapshots[i].objects)
			return &c->snapshots[i];
	}
	return NULL;
}

double heap_claimed(const struct evidence_base *e, const struct cause **ret_by)
{
	double sum = 0, most = 0;

	*ret_by = NULL;
	for (size_t i = 0; i < e->n_earlier; i++) {
		const struct finding *f = &e->earlier[i];

		if (f->answer != ANSWER_YES)
			continue;
		sum += (double)f->heap_bytes;
		if ((double)f->heap_bytes > most) {
			most = (double)f->heap_bytes;
			*ret_by = f->cause;
		}
	}
	return sum;
}

static bool same_name(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

/* The same holder in an earlier graph: paths may differ, what they begin with does not. */
static const struct case_holder *holder_in(const struct case_objects *o,
					   const struct case_holder *h)
{
	for (size_t i = 0; i < o->n_holders; i++) {
		if (o->holders[i].kind == h->kind && same_name(o->holders[i].name, h->name))
			return &o->holders[i];
	}
	return NULL;
}

/* Can it own a collection that nobody empties? */
static bool may_own(const struct case_holder *h)
{
	if (!known(h->retained_bytes))
		return false;
	if (h->kind == HOLDER_GOROUTINE)
		return known(h->goroutines) && h->goroutines < CROWD;
	return h->kind == HOLDER_GLOBAL;
}

static double share_of_record(const struct whycase *c, int64_t t)
{
	double begin = (double)c->samples[0].t, end = (double)c->samples[c->n_samples - 1].t;

	return end > begin ? ((double)t - begin) / (end - begin) : 1;
}

/* What a holder had when the record began, as far as a graph saw it. */
static double at_begin(const struct evidence_base *e, const struct holding *r,
		       const struct case_holder *before)
{
	if (!before || e->pattern.grew_before_record || !e->c->n_samples ||
	    share_of_record(e->c, r->first->t) > EARLY_SHARE)
		return 0;
	return (double)before->retained_bytes;
}

static void weigh(const struct evidence_base *e, const struct live_heap *live,
		  const struct case_holder *h, struct holding *r)
{
	const struct case_holder *before = r->first ? holder_in(r->first->objects, h) : NULL;
	double last = (double)h->retained_bytes, came;

	if (before && !known(before->retained_bytes))
		return;
	if (r->first)
		came = last - (before ? (double)before->retained_bytes : 0);
	else
		came = last - live->first;
	if (r->h && came <= r->certain)
		return;
	r->h = h;
	r->before = before;
	r->certain = fmax(came, 0);
	r->grown = fmin(fmax(last - at_begin(e, r, before), 0), live->growth);
	r->elements = before && known(before->elements) && known(h->elements) &&
				      same_name(before->path, h->path)
			      ? (double)h->elements - (double)before->elements
			      : NAN;
}

static const char *holding_of(const struct evidence_base *e, struct holding *ret, bool *no)
{
	struct live_heap live = live_heap_of(e->c, e->pattern.grew_before_record);
	const struct case_objects *o;
	struct holding r = { .elements = NAN };

	*no = e->pattern.kind != PATTERN_LEAK && e->pattern.kind != PATTERN_UNKNOWN;
	if (*no)
		return "holding.no.flat";
	if (e->pattern.kind == PATTERN_UNKNOWN)
		return "holding.unknown.pattern";
	r.last = last_with_objects(e->c);
	if (!r.last)
		return "holding.unknown.no-graph";
	if (!live.known)
		return "holding.unknown.heap";
	r.first = first_with_objects(e->c);
	r.first = r.first == r.last ? NULL : r.first;
	r.compared = r.first != NULL;
	r.live_growth = live.growth;
	r.claimed = heap_claimed(e, &r.by);
	o = r.last->objects;
	for (size_t i = 0; i < o->n_holders; i++) {
		/* The runtime's variables lead to what others made: nobody to name either. */
		if ((o->holders[i].kind == HOLDER_SHARED || o->holders[i].kind == HOLDER_RUNTIME) &&
		    known(o->holders[i].retained_bytes))
			r.shared += (double)o->holders[i].retained_bytes;
		else if (may_own(&o->holders[i]))
			weigh(e, &live, &o->holders[i], &r);
	}
	if (r.h && known(o->reached_bytes) && o->reached_bytes)
		r.holds = (double)r.h->retained_bytes / (double)o->reached_bytes;
	r.grown = fmin(r.grown, fmax(r.live_growth - r.claimed, 0));
	*ret = r;
	return NULL;
}

const char *holder_place(const struct case_holder *h, struct arena *a)
{
	BUF(place, 1024);
	struct str copy;

	buf_printf(&place, "%s%s", h->name ? h->name : "?", h->path ? h->path : "");
	if (h->type)
		buf_printf(&place, " (%s)", h->type);
	copy = arena_str(a, buf_view(&place));
	return copy.p ? copy.p : "?";
}

struct culprit *culprit_holder(struct finding *f, const struct case_holder *h, struct arena *a)
{
	struct culprit *c =
		finding_culprit(f, h->kind == HOLDER_GOROUTINE ? CULPRIT_GOROUTINE : CULPRIT_GLOBAL,
				holder_place(h, a));

	c->module = h->module;
	c->bytes = h->retained_bytes;
	c->count = h->elements;
	return c;
}

/* Growth of what is live between the two graphs; with one, over the record. */
static double grown_meanwhile(const struct holding *r)
{
	const struct case_objects *o = r->last->objects;

	if (!r->compared || !known(o->reached_bytes) || !known(r->first->objects->reached_bytes))
		return r->live_growth;
	return (double)o->reached_bytes - (double)r->first->objects->reached_bytes;
}

static double to_explain(const struct evidence_base *e, double growth)
{
	return known(e->pattern.to_explain) ? (double)e->pattern.to_explain : growth;
}

double holding_enough(const struct evidence_base *e, double growth)
{
	return fmax(PART_MIN * to_explain(e, growth), REST_MIN * growth);
}

static enum holding_growth growth_of(const struct evidence_base *e, const struct holding *r)
{
	double enough = holding_enough(e, r->live_growth);

	if (r->live_growth <= 0 || r->live_growth < enough)
		return HOLDING_ELSEWHERE;
	if (r->by && r->live_growth - r->claimed < enough)
		return HOLDING_CLAIMED;
	if (!r->h || r->grown < enough || r->certain <= 0 ||
	    r->certain < CERTAIN_MIN * grown_meanwhile(r))
		return HOLDING_NONE;
	return HOLDING_GREW;
}

static void say_no(const struct evidence_base *e, const struct holding *r, enum holding_growth g,
		   struct finding *f, struct arena *a)
{
	if (g == HOLDING_CLAIMED)
		finding_no(f, text_new(a, "heap-growth.no.explained",
				       ARG_STR("cause", r->by->title), ARG_END));
	else
		finding_no(f, text_new(a, "heap-growth.no.elsewhere",
				       ARG_BYTES("bytes", r->live_growth),
				       ARG_BYTES("whole", to_explain(e, r->live_growth)), ARG_END));
}

bool holding_look(const struct evidence_base *e, struct holding *r, enum holding_growth *g,
		  struct finding *f, struct arena *a)
{
	bool no;
	const char *why = holding_of(e, r, &no);

	if (why) {
		(no ? finding_no : finding_unknown)(f, text_new(a, why, ARG_END));
		return false;
	}
	*g = growth_of(e, r);
	if (*g == HOLDING_NONE || *g == HOLDING_GREW)
		return true;
	say_no(e, r, *g, f, a);
	return false;
}

const struct case_frame *holding_places(const struct evidence_base *e, struct finding *f,
					struct arena *a)
{
	const struct place *top[PLACES];
	struct places l;
	unsigned n;

	if (places_of(e, INT64_MIN, a, &l) < 0)
		return NULL;
	n = places_grown(&l, top, PLACES);
	for (unsigned i = 0; i < n; i++) {
		struct culprit *c;

		if (!(top[i]->grown > 0) || top[i]->grown < REST_MIN * top[0]->grown)
			return i ? top[0]->frame : NULL;
		c = culprit_frame(f, CULPRIT_FUNCTION, top[i]->frame);
		c->bytes = whole_u64(top[i]->grown);
		c->count = whole_u64(top[i]->objects);
		finding_evidence(
			f,
			text_new(a, "holding.evidence.place", ARG_BYTES("bytes", top[i]->grown),
				 ARG_STR("place", frame_place(top[i]->frame, a)),
				 ARG_STR("function", function_short(top[i]->frame->function)),
				 ARG_END),
			top[i]->grown, "bytes", "heap profile (runtime.mbuckets)");
	}
	return n ? top[0]->frame : NULL;
}
