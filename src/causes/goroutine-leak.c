/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goroutine-leak: goroutines are started and never end.
 *
 * Certain when the number of one origin grows until the end, the oldest has
 * waited for about as long as it was watched (or the number grows though the
 * load does not), and what they hold is a fair part of what is to be explained.
 * A pool grows to its bound and stands still; behind a slow peer waits are short
 * and the number follows the load.
 */
#include "causes/cause.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "causes/accumulate.h"
#include "causes/frames.h"
#include "causes/proof.h"
#include "causes/retained.h"
#include "causes/verify.h"

/* Less than a tenth of what is to be explained does not bring a process down. */
#define PART_MIN 0.1
#define CULPRITS 3
#define HANDFUL 10
#define WEIGHED_MAX                                                                   \
	16 /* lineages whose bytes are worked out, the largest first: bounds the work \
	    */

struct leak {
	const struct lineage *x;
	struct accumulation how;
	struct proof proof;
	struct retained held;
	double bytes;
};

struct leaks {
	struct leak all[CULPRITS]; /* most bytes first */
	unsigned n;
	bool *sites; /* claimed, of the last profile; NULL none */
	unsigned weighed;
	double bytes, heap, count;	 /* of all, those beyond the room too */
	const struct lineage *undecided; /* the largest that may be one */
	struct accumulation undecided_how;
	const struct lineage *calm; /* the largest that surely is none */
	struct accumulation calm_how;
};

static void keep(struct leaks *r, const struct leak *k)
{
	unsigned at = r->n < CULPRITS ? r->n++ : CULPRITS;

	while (at > 0 && r->all[at - 1].bytes < k->bytes) {
		if (at < CULPRITS)
			r->all[at] = r->all[at - 1];
		at--;
	}
	if (at < CULPRITS)
		r->all[at] = *k;
	r->bytes += k->bytes;
	r->heap += (double)k->held.heap;
	r->count += (double)(k->how.last - k->how.first);
}

static enum answer piles_up(const struct accumulation *how, const struct proof *proof)
{
	if (how->growth == GROWTH_NONE || how->growth == GROWTH_LEVELLED)
		return ANSWER_NO;
	if (proof->proved)
		return ANSWER_YES; /* who can never be woken has piled up, however it came */
	if (how->growth == GROWTH_UNKNOWN || how->stay == STAY_UNKNOWN)
		return ANSWER_UNKNOWN;
	if (how->stay == STAY_FOR_EVER || how->load == LOAD_NOT_FOLLOWED)
		return ANSWER_YES;
	return how->load == LOAD_FOLLOWED ? ANSWER_NO : ANSWER_UNKNOWN;
}

static double part_min(const struct evidence_base *e)
{
	return known(e->pattern.to_explain) ? PART_MIN * (double)e->pattern.to_explain : 0;
}

/* What the members that came hold; where growth was under way before the record, all of them. */
static void weigh(const struct evidence_base *e, const struct lineages *l, bool *sites,
		  struct leak *k)
{
	if (e->pattern.grew_before_record && k->how.stay == STAY_FOR_EVER)
		k->how.first = 0;
	k->held = retained_of(e->c, l, k->x, k->how.last - k->how.first, sites);
	retained_in_graph(&k->proof, (double)(k->how.last - k->how.first), &k->held);
	k->bytes = (double)k->held.stacks + (double)k->held.heap;
}

/* A handful, or so few bytes that it would not matter if they did pile up. */
static bool negligible(const struct evidence_base *e, const struct lineages *l, struct leak *k)
{
	if (k->how.last < HANDFUL)
		return true;
	k->held = retained_of(e->c, l, k->x, k->how.last, NULL);
	return k->held.by != RETAINED_UNKNOWN &&
	       (double)k->held.stacks + (double)k->held.heap < part_min(e);
}

static void sort_out(const struct evidence_base *e, const struct lineages *l, struct arena *a,
		     struct leaks *r)
{
	const struct case_snapshot *p = case_last_with_sites(e->c);

	*r = (struct leaks){ .sites = p && p->n_sites ? arena_new_array(a, bool, p->n_sites)
						      : NULL };
	for (size_t i = 0; i < l->n; i++) {
		struct leak k = { .x = &l->all[i],
				  .how = accumulation_of(e->c, l, &l->all[i]),
				  .proof = proof_of(e->c, &l->all[i]) };
		enum answer answer = piles_up(&k.how, &k.proof);

		if (answer != ANSWER_NO && r->weighed++ >= WEIGHED_MAX)
			break; /* those that follow are smaller */
		if (answer == ANSWER_UNKNOWN && negligible(e, l, &k))
			answer = ANSWER_NO;
		if (answer == ANSWER_UNKNOWN && !r->undecided) {
			r->undecided = k.x;
			r->undecided_how = k.how;
		} else if (answer == ANSWER_NO && !r->calm) {
			r->calm = k.x;
			r->calm_how = k.how;
		} else if (answer == ANSWER_YES) {
			weigh(e, l, r->sites, &k);
			keep(r, &k);
		}
	}
}

static double confidence(const struct leak *k)
{
	if (k->proof.proved)
		return 0.99;
	if (k->how.seen == SEEN_TWICE)
		return 0.6;
	if (k->how.stay != STAY_FOR_EVER)
		return 0.7;
	if (k->how.seen == SEEN_IN_ALLGS)
		return 0.85;
	return k->held.by == RETAINED_BY_SITES ? 0.97 : 0.92;
}

static const char *state_key(const struct lineage *x)
{
	const char *key = x->largest ? lineage_blocked_state(x->largest->state) : NULL;

	return key ? key : "state.other";
}

static const struct case_frame *waits_in(const struct lineage *x)
{
	return x->largest ? frame_of_program(&x->largest->stack) : NULL;
}

static void summary(const struct evidence_base *e, const struct leaks *r, struct finding *f,
		    struct arena *a)
{
	const struct leak *k = &r->all[0];
	double whole = (double)e->pattern.to_explain;
	bool share = known(e->pattern.to_explain) && whole > 0;
	const char *key = !share			  ? "goroutine-leak.summary.no-share"
			  : e->pattern.grew_before_record ? "goroutine-leak.summary.whole"
							  : "goroutine-leak.summary";

	finding_yes(f, confidence(k), whole_u64(r->bytes),
		    text_new(a, key, ARG_COUNT("count", k->how.last),
			     ARG_STR("place", frame_place(k->x->created_by, a)),
			     ARG_STR("function", function_short(k->x->created_by->function)),
			     ARG_STR("state", state_key(k->x)), ARG_BYTES("bytes", k->bytes),
			     ARG_PERCENT("share", share ? fmin(k->bytes / whole, 1) : 0), ARG_END));
}

static void culprits(const struct leaks *r, struct finding *f)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct leak *k = &r->all[i];
		const struct case_frame *wait = waits_in(k->x);
		struct culprit *c = culprit_frame(f, CULPRIT_FUNCTION, k->x->created_by);

		c->bytes = whole_u64(k->bytes);
		c->count = k->how.last;
		if (!wait)
			continue;
		c = culprit_frame(f, CULPRIT_GOROUTINE, wait);
		c->bytes = whole_u64(k->bytes);
		c->count = k->how.last;
	}
}

static void evidence_proof(const struct leak *k, struct finding *f, struct arena *a)
{
	if (k->proof.stuck > 0)
		finding_evidence(f,
				 text_new(a, "goroutine-leak.evidence.proof",
					  ARG_COUNT("stuck", k->proof.stuck),
					  ARG_COUNT("count", k->proof.goroutines), ARG_END),
				 k->proof.stuck, "goroutines", "object graph");
}

static void evidence_growth(const struct leak *k, struct finding *f, struct arena *a)
{
	double span = (double)k->how.span_ns / (double)NS_PER_S;

	finding_evidence(f,
			 text_new(a,
				  k->how.looks > 1 ? "goroutine-leak.evidence.count"
						   : "goroutine-leak.evidence.count.once",
				  ARG_COUNT("last", k->how.last), ARG_COUNT("first", k->how.first),
				  ARG_SECONDS("span", span), ARG_COUNT("looks", k->how.looks),
				  ARG_END),
			 (double)k->how.last, "goroutines", "runtime.allgs");
	if (k->how.wait_max_ns >= 0)
		finding_evidence(
			f,
			text_new(a, "goroutine-leak.evidence.age",
				 ARG_SECONDS("age", (double)k->how.wait_max_ns / (double)NS_PER_S),
				 ARG_END),
			(double)k->how.wait_max_ns / (double)NS_PER_S, "seconds", "g.waitsince");
	if (k->how.stay != STAY_FOR_EVER)
		finding_evidence(f, text_new(a, "goroutine-leak.evidence.load", ARG_END), NAN, NULL,
				 "gcController.totalAlloc");
}

static void evidence_bytes(const struct leak *k, struct finding *f, struct arena *a)
{
	const struct case_frame *wait = waits_in(k->x);

	if (wait)
		finding_evidence(f,
				 text_new(a, "goroutine-leak.evidence.wait",
					  ARG_STR("place", frame_place(wait, a)),
					  ARG_STR("function", function_short(wait->function)),
					  ARG_STR("state", k->x->largest->state), ARG_END),
				 NAN, NULL, "goroutine stacks");
	finding_evidence(f,
			 text_new(a, "goroutine-leak.evidence.stacks",
				  ARG_BYTES("bytes", k->held.stacks), ARG_END),
			 (double)k->held.stacks, "bytes", "g.stack");
	if (k->held.by == RETAINED_BY_GRAPH)
		finding_evidence(f,
				 text_new(a, "goroutine-leak.evidence.graph",
					  ARG_BYTES("bytes", k->held.heap), ARG_END),
				 (double)k->held.heap, "bytes", "object graph");
	else if (k->held.by == RETAINED_BY_ESTIMATE)
		finding_evidence(f,
				 text_new(a, "goroutine-leak.evidence.estimate",
					  ARG_BYTES("each", k->held.each),
					  ARG_BYTES("bytes", k->held.heap), ARG_END),
				 (double)k->held.heap, "bytes",
				 "gcController.heapMarked over runtime.allglen");
	else if (k->held.by == RETAINED_BY_SITES && k->held.site)
		finding_evidence(
			f,
			text_new(a, "goroutine-leak.evidence.sites",
				 ARG_BYTES("bytes", k->held.heap),
				 ARG_STR("place",
					 frame_place(frame_of_program(&k->held.site->stack), a)),
				 ARG_END),
			(double)k->held.heap, "bytes", "heap profile (runtime.mbuckets)");
	else
		finding_evidence(f, text_new(a, "goroutine-leak.evidence.no-heap", ARG_END), NAN,
				 NULL, "heap profile");
}

/* What ends a wait of this kind. */
static const char *remedy_key(const char *state)
{
	static const struct {
		const char *state, *remedy;
	} remedies[] = {
		{ "state.chan-send", "goroutine-leak.remedy.chan-send" },
		{ "state.chan-receive", "goroutine-leak.remedy.chan-receive" },
		{ "state.select", "goroutine-leak.remedy.select" },
		{ "state.mutex", "goroutine-leak.remedy.lock" },
		{ "state.semaphore", "goroutine-leak.remedy.lock" },
		{ "state.wait-group", "goroutine-leak.remedy.wait-group" },
		{ "state.cond", "goroutine-leak.remedy.wait-group" },
		{ "state.io", "goroutine-leak.remedy.io" },
		{ "state.sleep", "goroutine-leak.remedy.sleep" },
	};

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (strcmp(remedies[i].state, state) == 0)
			return remedies[i].remedy;
	}
	return "goroutine-leak.remedy.other";
}

static void remedies(const struct evidence_base *e, const struct leak *k, struct finding *f,
		     struct arena *a)
{
	const struct case_frame *wait = waits_in(k->x);

	finding_remedy(f, text_new(a, remedy_key(state_key(k->x)),
				   ARG_STR("place", frame_place(wait ? wait : k->x->created_by, a)),
				   ARG_END));
	finding_remedy(f, text_new(a, "goroutine-leak.remedy.context",
				   ARG_STR("place", frame_place(k->x->created_by, a)), ARG_END));
	finding_remedy(f, text_new(a, "goroutine-leak.remedy.bound",
				   ARG_STR("place", frame_place(k->x->created_by, a)), ARG_END));
	f->verify = verify_run(e->c, a);
}

static void yes(const struct evidence_base *e, const struct leaks *r, struct finding *f,
		struct arena *a)
{
	summary(e, r, f, a);
	f->heap_bytes = whole_u64(r->heap);
	f->sites = r->sites;
	culprits(r, f);
	evidence_proof(&r->all[0], f, a);
	evidence_growth(&r->all[0], f, a);
	evidence_bytes(&r->all[0], f, a);
	remedies(e, &r->all[0], f, a);
}

/* Is what they hold enough to matter? Of the growth, and of a living process's memory at all. */
static bool matters(const struct evidence_base *e, double bytes)
{
	uint64_t charge = case_charge_bytes(e->c);

	if (bytes < part_min(e))
		return false;
	if (e->killed_for_memory == TRI_YES || e->pattern.kind == PATTERN_LEAK)
		return true;
	return known(charge) && bytes >= PART_MIN * (double)charge;
}

static void not_decided(const struct leaks *r, struct finding *f, struct arena *a)
{
	const struct accumulation *how = &r->undecided_how;
	const char *key = "goroutine-leak.unknown.few";

	if (how->growth != GROWTH_UNKNOWN)
		key = how->stay == STAY_UNKNOWN ? "goroutine-leak.unknown.age"
						: "goroutine-leak.unknown.load";
	finding_unknown(f, text_new(a, key, ARG_COUNT("count", how->last),
				    ARG_STR("place", frame_place(r->undecided->created_by, a)),
				    ARG_END));
}

static void no(const struct leaks *r, struct finding *f, struct arena *a)
{
	const struct accumulation *how = &r->calm_how;
	const char *key = "goroutine-leak.no.flat";

	if (!r->calm) {
		finding_no(f, text_new(a, "goroutine-leak.no.none", ARG_END));
		return;
	}
	if (how->last < HANDFUL)
		key = "goroutine-leak.no.few";
	else if (how->growth == GROWTH_LEVELLED)
		key = "goroutine-leak.no.levelled";
	else if (how->growth == GROWTH_ENDLESS)
		key = "goroutine-leak.no.load";
	finding_no(f, text_new(a, key, ARG_COUNT("count", how->last),
			       ARG_STR("place", frame_place(r->calm->created_by, a)), ARG_END));
}

/* Without stacks: that the number of goroutines never rose is enough for NO. */
static void without_groups(const struct whycase *c, struct finding *f, struct arena *a)
{
	uint64_t first = UNKNOWN_U64, last = UNKNOWN_U64;

	for (size_t i = 0; i < c->n_samples; i++) {
		if (!known(c->samples[i].allglen))
			continue;
		last = c->samples[i].allglen;
		if (!known(first))
			first = last;
	}
	if (!known(first) || c->n_samples < 5)
		finding_unknown(f, text_new(a, "goroutine-leak.unknown.unread", ARG_END));
	else if ((double)last < 1.25 * (double)first || last - first < 10)
		finding_no(f, text_new(a, "goroutine-leak.no.allgs", ARG_COUNT("count", last),
				       ARG_END));
	else
		finding_unknown(f, text_new(a, "goroutine-leak.unknown.stacks",
					    ARG_COUNT("first", first), ARG_COUNT("last", last),
					    ARG_END));
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	struct lineages l;
	struct leaks r;

	if (lineages_of(e->c, a, &l) < 0) {
		finding_unknown(f, text_new(a, "goroutine-leak.unknown.many", ARG_END));
		return;
	}
	if (l.n_looks == 0) {
		without_groups(e->c, f, a);
		return;
	}
	sort_out(e, &l, a, &r);
	if (r.n && matters(e, r.bytes))
		yes(e, &r, f, a);
	else if (r.n)
		finding_no(f, text_new(a, "goroutine-leak.no.small", ARG_COUNT("count", r.count),
				       ARG_BYTES("bytes", r.bytes), ARG_END));
	else if (r.undecided)
		not_decided(&r, f, a);
	else
		no(&r, f, a);
}

const struct cause cause_goroutine_leak = {
	.id = "goroutine-leak",
	.title = "goroutine-leak.title",
	.about = "goroutine-leak.about",
	.judge = judge,
};
