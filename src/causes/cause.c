/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/cause.h"

#include <math.h>
#include <string.h>

#define CAUSE(name, id) extern const struct cause cause_##name;
#include "causes/causes.def"
#undef CAUSE

const struct cause *const all_causes[] = {
#define CAUSE(name, id) &cause_##name,
#include "causes/causes.def"
#undef CAUSE
	NULL,
};

const struct cause *cause_find(const char *id)
{
	for (const struct cause *const *c = all_causes; *c; c++) {
		if (strcmp((*c)->id, id) == 0)
			return *c;
	}
	return NULL;
}

void finding_init(struct finding *f, const struct cause *cause)
{
	*f = (struct finding){
		.cause = cause,
		.answer = ANSWER_UNKNOWN,
		.confidence = NAN,
		.bytes = UNKNOWN_U64,
		.share = NAN,
	};
}

void finding_no(struct finding *f, struct text why)
{
	finding_init(f, f->cause);
	f->answer = ANSWER_NO;
	f->why = why;
}

void finding_unknown(struct finding *f, struct text why)
{
	finding_init(f, f->cause);
	f->why = why;
}

void finding_yes(struct finding *f, double confidence, uint64_t bytes, struct text summary)
{
	f->answer = ANSWER_YES;
	f->confidence = confidence;
	f->bytes = bytes;
	f->summary = summary;
}

struct culprit *finding_culprit(struct finding *f, enum culprit_kind kind, const char *name)
{
	static _Thread_local struct culprit past_the_room;
	struct culprit *c = &past_the_room;

	if (f->n_culprits < FINDING_CULPRITS_MAX)
		c = &f->culprits[f->n_culprits++];
	*c = (struct culprit){
		.kind = kind,
		.name = name ? name : "?",
		.bytes = UNKNOWN_U64,
		.count = UNKNOWN_U64,
	};
	return c;
}

void finding_evidence(struct finding *f, struct text text, double value, const char *unit,
		      const char *source)
{
	if (f->n_evidence == FINDING_EVIDENCE_MAX || !text.key)
		return;
	f->evidence[f->n_evidence++] = (struct evidence){
		.text = text,
		.value = value,
		.unit = unit,
		.source = source ? source : "?",
	};
}

void finding_remedy(struct finding *f, struct text remedy)
{
	if (f->n_remedy < FINDING_REMEDIES_MAX && remedy.key)
		f->remedy[f->n_remedy++] = remedy;
}

const struct finding *finding_earlier(const struct evidence_base *e, const char *id)
{
	for (size_t i = 0; i < e->n_earlier; i++) {
		if (strcmp(e->earlier[i].cause->id, id) == 0)
			return &e->earlier[i];
	}
	return NULL;
}
