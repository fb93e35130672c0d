/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof: what the last object graph says of a lineage's goroutines: how many are
 * stuck (nothing that is able to run can wake them), and what only they keep
 * alive. Private to src/causes/.
 */
#ifndef CAUSES_PROOF_H
#define CAUSES_PROOF_H

#include "causes/lineage.h"

struct proof {
	bool graph;	   /* they are in a graph: goroutines and retained are known */
	bool proved;	   /* nearly all of them are stuck */
	double goroutines; /* in the graph, of all states */
	double stuck;	   /* 0 where no proof was tried */
	double retained;   /* bytes of the heap, without their stacks */
};

struct proof proof_of(const struct whycase *c, const struct lineage *x);

#endif /* CAUSES_PROOF_H */
