/* SPDX-License-Identifier: Apache-2.0 */
/*
 * large-object-load: one call path made one or few objects that are a large
 * part of the limit, within the last seconds.
 *
 * Witnesses: the spans of large objects that an earlier look did not have; the
 * heap profile's pending cycles, which hold what the published profile does not
 * show yet; a goroutine in that call path. Many requests with a share each are
 * not this cause, and a large backing array of a collection that grew all along
 * is the leak's.
 */
#include "causes/cause.h"

#include <math.h>
#include <string.h>

#include "causes/frames.h"
#include "causes/large_new.h"
#include "causes/sites.h"
#include "causes/verify.h"

#define LARGE_PART 0.25	 /* of the limit: what the pattern calls a jump */
#define ONE_PART 0.0625	 /* of the limit: the least that is large by itself */
#define SUDDEN_PART 0.5	 /* of them came with the jump of the last seconds */
#define BEFORE_PART 0.25 /* of the whole rise, before the last seconds: it grew all along */
#define CLIMB_NS 60e9	 /* the longest climb that is still sudden; as the pattern has it */
#define CALM_PART 0.1	 /* of what is to be explained: not yet climbing */
#define MANY 3		 /* goroutines in the path: each has its share */

struct load {
	double limit;
	struct large_new made;
	double bytes, largest; /* of the few objects, by spans or else by the profile */
	double objects;
	const struct case_frame *path; /* NULL unknown */
	bool path_by_profile;
	double callers; /* goroutines in the path; 0 none was seen there */
};

static bool allocates(const char *function)
{
	static const char *const names[] = { "runtime.mallocgc",     "runtime.growslice",
					     "runtime.makeslice",    "runtime.memclrNoHeapPointers",
					     "runtime.rawbyteslice", "runtime.rawstring" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(function, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* The place whose large objects grew most in the climb. */
static const struct place *grown_place(const struct places *l, double limit)
{
	const struct place *best = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (!best || l->all[i].large_grown > best->large_grown)
			best = &l->all[i];
	}
	return best && best->large_grown >= LARGE_PART * limit / 2 ? best : NULL;
}

/* A goroutine that stands in an allocation, if only one or two do. */
static const struct case_frame *allocating(const struct case_snapshot *s)
{
	const struct case_frame *found = NULL;
	uint64_t count = 0;

	for (size_t i = 0; s && i < s->n_groups; i++) {
		const struct case_goroutines *g = &s->groups[i];

		for (uint32_t k = 0; k < g->stack.n && !g->system; k++) {
			if (!g->stack.frames[k]->function ||
			    !allocates(g->stack.frames[k]->function))
				continue;
			found = frame_of_program(&g->stack);
			count += g->count;
			break;
		}
	}
	return count && count < MANY ? found : NULL;
}

static double callers(const struct case_snapshot *s, const struct case_frame *path)
{
	double n = 0;

	for (size_t i = 0; s && path && i < s->n_groups; i++) {
		if (!s->groups[i].system && stack_has(&s->groups[i].stack, path->function))
			n += (double)s->groups[i].count;
	}
	return n;
}

/* The end of the record, or of the process. */
static int64_t end_of(const struct whycase *c)
{
	int64_t t = c->n_samples ? c->samples[c->n_samples - 1].t : INT64_MIN;

	for (size_t i = 0; i < c->n_snapshots; i++)
		t = c->snapshots[i].t > t ? c->snapshots[i].t : t;
	return c->end.t != UNKNOWN_I64 && c->end.t > t ? c->end.t : t;
}

/* A look at the heap says something of the last seconds if it was taken in them. */
static bool late(const struct evidence_base *e, const struct case_snapshot *s)
{
	return s && (double)end_of(e->c) - (double)s->t <= LARGE_LATE_NS;
}

/* The charge at the begin of the record, of the last seconds, and at the end; false: not sampled.
 */
struct rise {
	uint64_t first, late, last;
};

static bool rise_of(const struct whycase *c, struct rise *ret)
{
	struct rise r = { UNKNOWN_U64, UNKNOWN_U64, UNKNOWN_U64 };
	double end = (double)end_of(c);

	for (size_t i = 0; i < c->n_samples; i++) {
		const struct case_sample *s = &c->samples[i];

		if (!known(s->charge))
			continue;
		r.first = known(r.first) ? r.first : s->charge;
		if (!known(r.late) || end - (double)s->t >= LARGE_LATE_NS)
			r.late = s->charge;
		r.last = s->charge;
	}
	*ret = r;
	return known(r.first);
}

/* What the charge rose by in the last seconds, or in the pattern's own; UNKNOWN_U64. */
static uint64_t risen(const struct evidence_base *e)
{
	uint64_t jump = e->pattern.jump_bytes;
	struct rise r;

	if (!rise_of(e->c, &r) || r.last <= r.late)
		return jump;
	return !known(jump) || r.last - r.late > jump ? r.last - r.late : jump;
}

/* A leak's growth lies mostly before the last seconds. */
static bool grew_all_along(const struct evidence_base *e)
{
	struct rise r;

	if (e->pattern.kind != PATTERN_LEAK)
		return false;
	if (!rise_of(e->c, &r) || r.last <= r.first)
		return true;
	return (double)r.late - (double)r.first > BEFORE_PART * ((double)r.last - (double)r.first);
}

/*
 * When the climb to the end began: after the last sample that was still within a
 * tenth of it from the calm before; at the latest with the last seconds, no
 * earlier than a minute.
 */
static int64_t climb_of(const struct evidence_base *e)
{
	const struct whycase *c = e->c;
	double rise = (1 - CALM_PART) * (double)e->pattern.to_explain;
	double calm = (double)case_charge_bytes(c) - rise, end = (double)end_of(c);
	int64_t t;

	if (__builtin_sub_overflow(end_of(c), (int64_t)LARGE_LATE_NS, &t))
		return INT64_MIN;
	for (size_t i = c->n_samples; i > 0 && known(e->pattern.to_explain); i--) {
		const struct case_sample *s = &c->samples[i - 1];

		if (end - (double)s->t > CLIMB_NS)
			break;
		if (known(s->charge) && (double)s->charge <= calm)
			return s->t < t ? s->t : t;
	}
	return t;
}

/* Gather the witnesses; false where neither spans nor a profile were read at the end. */
static bool witnesses(const struct evidence_base *e, struct arena *a, struct load *r)
{
	bool profile = late(e, case_last_with_sites(e->c));
	const struct place *p = NULL;
	int64_t since = climb_of(e);
	struct places l;

	if (late(e, case_last_with_spans(e->c)))
		r->made = large_new_of(e->c, since);
	if (!r->made.known && !profile)
		return false;
	if (profile && places_of(e, since, a, &l) == 0)
		p = grown_place(&l, r->limit);
	if (r->made.known) {
		r->bytes = r->made.resident;
		r->objects = r->made.n;
		r->largest = r->made.n ? (double)r->made.all[0]->size : 0;
	} else if (p) {
		r->bytes = p->large_grown;
		r->objects = p->large_objects;
		r->largest = p->large_bytes / fmax(p->large_objects, 1);
	}
	r->path = p ? p->frame : allocating(case_last_with_goroutines(e->c));
	r->path_by_profile = p;
	r->callers = callers(case_last_with_goroutines(e->c), r->path);
	return true;
}

enum shape { SHAPE_NONE, SHAPE_FEW, SHAPE_MANY, SHAPE_UNCLEAR };

/* One object or one buffer, or a share each of many requests? */
static enum shape shape_of(const struct load *r)
{
	if (r->bytes < LARGE_PART * r->limit || r->largest < ONE_PART * r->limit)
		return SHAPE_NONE;
	if (r->largest >= LARGE_PART * r->limit)
		return SHAPE_FEW;
	if (r->callers >= MANY || r->made.others > LARGE_FEW || r->objects > LARGE_FEW)
		return SHAPE_MANY;
	return r->callers > 0 || r->made.one_buffer ? SHAPE_FEW : SHAPE_UNCLEAR;
}

static double confidence(const struct evidence_base *e, const struct load *r)
{
	double sure = r->path_by_profile && r->made.known ? 0.95 : r->path ? 0.85 : 0.75;

	return e->pattern.kind == PATTERN_PEAK ? sure : fmin(sure, 0.7);
}

static void culprits(const struct load *r, struct finding *f)
{
	const char *type = r->made.n ? r->made.all[0]->type : NULL;
	struct culprit *c;

	if (r->path) {
		c = culprit_frame(f, CULPRIT_FUNCTION, r->path);
		c->bytes = whole_u64(r->bytes);
		c->count = whole_u64(r->objects);
	}
	if (type) {
		c = finding_culprit(f, CULPRIT_TYPE, type);
		c->bytes = whole_u64(r->largest);
	}
}

static void evidence(const struct evidence_base *e, const struct load *r, struct finding *f,
		     struct arena *a)
{
	const char *type = r->made.n ? r->made.all[0]->type : NULL;

	if (r->made.known)
		finding_evidence(f,
				 type ? text_new(a, "large-object-load.evidence.spans",
						 ARG_BYTES("size", r->largest),
						 ARG_STR("type", type),
						 ARG_COUNT("count", r->made.n),
						 ARG_BYTES("bytes", r->made.bytes), ARG_END)
				      : text_new(a, "large-object-load.evidence.spans-untyped",
						 ARG_BYTES("size", r->largest),
						 ARG_COUNT("count", r->made.n),
						 ARG_BYTES("bytes", r->made.bytes), ARG_END),
				 r->largest, "bytes", "mheap_.allspans (large objects)");
	finding_evidence(f,
			 text_new(a, "large-object-load.evidence.jump", ARG_BYTES("jump", risen(e)),
				  ARG_SECONDS("seconds", LARGE_LATE_NS / 1e9), ARG_END),
			 (double)risen(e), "bytes", "charge");
	if (r->path && r->path_by_profile)
		finding_evidence(
			f,
			text_new(a, "large-object-load.evidence.profile",
				 ARG_STR("place", frame_place(r->path, a)),
				 ARG_STR("function", function_short(r->path->function)), ARG_END),
			NAN, NULL, "heap profile with its pending cycles (runtime.mbuckets)");
	if (r->path && r->callers > 0)
		finding_evidence(f,
				 text_new(a, "large-object-load.evidence.goroutine",
					  ARG_COUNT("count", r->callers),
					  ARG_STR("place", frame_place(r->path, a)), ARG_END),
				 r->callers, "goroutines", "goroutine stacks");
}

static void yes(const struct evidence_base *e, const struct load *r, struct finding *f,
		struct arena *a)
{
	const char *type = r->made.n ? r->made.all[0]->type : NULL;
	double share = r->bytes / r->limit;

	finding_yes(f, confidence(e, r), whole_u64(r->bytes),
		    r->path ? text_new(a, "large-object-load.summary",
				       ARG_STR("place", frame_place(r->path, a)),
				       ARG_STR("function", function_short(r->path->function)),
				       ARG_BYTES("bytes", r->bytes), ARG_COUNT("count", r->objects),
				       ARG_PERCENT("share", share), ARG_END)
		    : type ? text_new(a, "large-object-load.summary.unknown", ARG_STR("type", type),
				      ARG_BYTES("bytes", r->bytes), ARG_COUNT("count", r->objects),
				      ARG_PERCENT("share", share), ARG_END)
			   : text_new(a, "large-object-load.summary.untyped",
				      ARG_BYTES("bytes", r->bytes), ARG_COUNT("count", r->objects),
				      ARG_PERCENT("share", share), ARG_END));
	f->heap_bytes = f->bytes;
	culprits(r, f);
	evidence(e, r, f, a);
	if (!r->path)
		finding_remedy(f, text_new(a, "large-object-load.remedy.profile", ARG_END));
	finding_remedy(f, text_new(a, "large-object-load.remedy.stream",
				   ARG_STR("place", r->path ? frame_place(r->path, a) : "?"),
				   ARG_END));
	finding_remedy(f, text_new(a, "large-object-load.remedy.bound", ARG_END));
	f->verify = verify_run(e->c, a);
}

static void decide(const struct evidence_base *e, const struct load *r, struct finding *f,
		   struct arena *a)
{
	uint64_t jump = risen(e);

	switch (shape_of(r)) {
	case SHAPE_NONE:
		finding_no(f, r->largest > 0 ? text_new(a, "large-object-load.no.small",
							ARG_BYTES("bytes", r->largest), ARG_END)
					     : text_new(a, "large-object-load.no.none", ARG_END));
		return;
	case SHAPE_MANY:
		finding_no(f, text_new(a, "large-object-load.no.many",
				       ARG_BYTES("bytes", r->largest), ARG_END));
		return;
	case SHAPE_UNCLEAR:
		finding_unknown(f, text_new(a, "large-object-load.unknown.shape",
					    ARG_COUNT("count", r->objects), ARG_END));
		return;
	case SHAPE_FEW:
		break;
	}
	if (!known(jump))
		finding_unknown(f, text_new(a, "large-object-load.unknown.jump", ARG_END));
	else if ((double)jump < SUDDEN_PART * r->bytes)
		finding_no(f, text_new(a, "large-object-load.no.slow", ARG_BYTES("jump", jump),
				       ARG_END));
	else
		yes(e, r, f, a);
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	uint64_t limit = case_limit_bytes(e->c), charge = case_charge_bytes(e->c);
	struct load r = { 0 };

	if (e->c->end.alive) {
		finding_no(f, text_new(a, "large-object-load.no.alive", ARG_END));
		return;
	}
	if (grew_all_along(e)) {
		finding_no(f, text_new(a, "large-object-load.no.leak", ARG_END));
		return;
	}
	r.limit = (double)(known(limit) && limit != CASE_NO_LIMIT ? limit : charge);
	if (!witnesses(e, a, &r))
		finding_unknown(f, text_new(a, "large-object-load.unknown.unread", ARG_END));
	else if (!known(charge) && (!known(limit) || limit == CASE_NO_LIMIT))
		finding_unknown(f, text_new(a, "need.unknown.limit", ARG_END));
	else
		decide(e, &r, f, a);
}

const struct cause cause_large_object_load = {
	.id = "large-object-load",
	.title = "large-object-load.title",
	.about = "large-object-load.about",
	.judge = judge,
};
