/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause: one thing that can kill a Go server, and how we know.
 *
 * Each is one file, src/causes/<id>.c, with one `struct cause` and its judge;
 * a page docs/causes/<id>.md; a server that dies of it, zoo/<id>/; a test,
 * tests/unit/causes/test_<id>.c. tests/lint fails when one is missing.
 *
 * A judge is a pure function of the case: no I/O, no clock, no globals. YES
 * only on mechanism and accounting; NO when the evidence shows it is not so;
 * UNKNOWN when what it needs was not observed ("could not look" is never NO).
 */
#ifndef CAUSES_CAUSE_H
#define CAUSES_CAUSE_H

#include "base/text.h"
#include "case/case.h"
#include "case/ledger.h"
#include "case/pattern.h"

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

enum culprit_kind {
	CULPRIT_FUNCTION,
	CULPRIT_GLOBAL,
	CULPRIT_GOROUTINE,
	CULPRIT_TYPE,
	CULPRIT_MODULE,
	CULPRIT_SETTING,
	CULPRIT_LIMIT,
	CULPRIT_PROCESS,
	CULPRIT_FILE,
	CULPRIT_PEER,
	CULPRIT_MAPPING,
	CULPRIT_KIND_COUNT
};

struct culprit {
	enum culprit_kind kind;
	const char *name, *file, *module; /* NULL unknown */
	uint32_t line;			  /* 0 unknown */
	uint64_t bytes, count;		  /* UNKNOWN_U64 */
};

struct evidence {
	struct text text;
	double value;		   /* NAN: none */
	const char *unit, *source; /* source is never NULL */
};

#define FINDING_CULPRITS_MAX 8
#define FINDING_EVIDENCE_MAX 12
#define FINDING_REMEDIES_MAX 6

struct finding {
	const struct cause *cause;
	enum answer answer;
	double confidence;   /* YES only; fixed table, docs/causes/<id>.md */
	uint64_t bytes;	     /* ledger bytes it claims; UNKNOWN_U64 where none apply */
	uint64_t heap_bytes; /* of bytes: objects of the Go heap; 0 none or not known */
	/*
	 * Which sites of the last snapshot with a heap profile (case_last_with_sites()) it
	 * claims: one flag each, in the arena; NULL none.
	 */
	const bool *sites;
	double share;	     /* of pattern.to_explain; NAN; filled by verdict/ */
	struct text summary; /* YES */
	struct text why;     /* NO and UNKNOWN */
	struct culprit culprits[FINDING_CULPRITS_MAX];
	unsigned n_culprits;
	struct evidence evidence[FINDING_EVIDENCE_MAX];
	unsigned n_evidence;
	struct text remedy[FINDING_REMEDIES_MAX];
	unsigned n_remedy;
	struct text verify; /* the command that shows the fix works */
};

/* What a judge sees: the case and what was derived from it once. */
struct evidence_base {
	const struct whycase *c;
	struct pattern pattern;
	struct ledger ledger;
	enum tri killed_for_memory; /* confirmed as causes.md §0 says */
	struct finding *earlier;    /* findings of the causes before this one in causes.def */
	size_t n_earlier;
};

struct cause {
	const char *id;
	const char *title; /* keys of messages: "goroutine leak"; what it is, in one sentence */
	const char *about;
	void (*judge)(const struct evidence_base *e, struct finding *f, struct arena *a);
};

/* NULL-terminated, in the order of causes.def. */
extern const struct cause *const all_causes[];
#define CAUSES_MAX 64

const struct cause *cause_find(const char *id);

/* Nothing looked at yet: UNKNOWN, all numbers not known. */
void finding_init(struct finding *f, const struct cause *cause);

/*
 * For judges: fill a finding. Past the room the rest is dropped. NO and UNKNOWN
 * forget the culprits and evidence gathered so far.
 */
void finding_no(struct finding *f, struct text why);
void finding_unknown(struct finding *f, struct text why);
void finding_yes(struct finding *f, double confidence, uint64_t bytes, struct text summary);
struct culprit *finding_culprit(struct finding *f, enum culprit_kind kind,
				const char *name); /* never NULL */
void finding_evidence(struct finding *f, struct text text, double value, const char *unit,
		      const char *source);
void finding_remedy(struct finding *f, struct text remedy);
/* The finding of an earlier cause, or NULL. */
const struct finding *finding_earlier(const struct evidence_base *e, const char *id);

#endif /* CAUSES_CAUSE_H */
