/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holding: who holds the heap's growth, from the object graphs of the case.
 *
 * With two graphs it is the holder whose retained bytes rose most between them.
 * With one only, at the end, what a holder retains beyond all that was live when
 * the record began must have come since: no more than that is certain. Holders
 * that are a crowd of goroutines are goroutine-leak's matter. Private to
 * src/causes/.
 */
#ifndef CAUSES_HOLDING_H
#define CAUSES_HOLDING_H

#include "causes/cause.h"

struct holding {
	const struct case_snapshot *last, *first; /* with a graph; @first NULL: only one */
	const struct case_holder *h;		  /* whose growth is largest; NULL none */
	const struct case_holder *before;	  /* the same in @first; NULL: not there */
	double live_growth;			  /* of the whole live heap, over the record */
	double claimed;				  /* of it, by causes before this one */
	const struct cause *by;			  /* the one that claims most; NULL none */
	double grown;	 /* bytes of @h that came in the record, less what is claimed */
	double certain;	 /* of @grown: could not have been there before */
	double elements; /* more in @h's collection than in @first; NAN not known */
	double shared;	 /* kept by several holders; 0 unknown */
	double holds;	 /* of what is reached, the share that @h retains */
	bool compared;
};

enum holding_growth {
	HOLDING_CLAIMED,   /* what causes before this one left is too little */
	HOLDING_ELSEWHERE, /* the live heap is too small a part of all growth */
	HOLDING_NONE,	   /* no holder is shown to be the growth */
	HOLDING_GREW,
};

/*
 * What the judges of holders begin with. False: @f says why it cannot be told, or is not
 * so; else *g is HOLDING_NONE or HOLDING_GREW, and r->h may be NULL with the former.
 */
bool holding_look(const struct evidence_base *e, struct holding *r, enum holding_growth *g,
		  struct finding *f, struct arena *a);

/*
 * What matters of @growth of the live heap: a tenth of what is to be explained and a quarter of
 * the growth.
 */
double holding_enough(const struct evidence_base *e, double growth);

/* The places that made what grew, as culprits and evidence; the first of them, or NULL. */
const struct case_frame *holding_places(const struct evidence_base *e, struct finding *f,
					struct arena *a);

/* The newest snapshot with a graph; NULL none. */
const struct case_snapshot *last_with_objects(const struct whycase *c);

/* Objects of the heap that causes before this one claim, and which claims most. */
double heap_claimed(const struct evidence_base *e, const struct cause **ret_by);

/* "main.store.users[] (map[string]*main.User)": the way as a reader of the source knows it. */
const char *holder_place(const struct case_holder *h, struct arena *a);

/* As culprit: a global, or a goroutine's start function. */
struct culprit *culprit_holder(struct finding *f, const struct case_holder *h, struct arena *a);

#endif /* CAUSES_HOLDING_H */
