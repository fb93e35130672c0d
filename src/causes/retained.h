/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retained: the bytes that a lineage's goroutines hold.
 *
 * Their stacks, exactly. Objects: allocation sites of the heap profile in whose
 * stack their start function stands and that made at least half an object for
 * each of them, if the last call that site and goroutine have in common is the
 * program's own (an idle connection does not hold what a handler of it stored);
 * so for their creator's sites, whose objects they were handed. Their share of
 * the runtime's descriptors (struct g) comes with them.
 * What the profile has not published yet counts as far as the site's published
 * objects survived. Without a profile: by how much the live heap grew for each
 * goroutine more, an estimate. Private to src/causes/.
 */
#ifndef CAUSES_RETAINED_H
#define CAUSES_RETAINED_H

#include "causes/lineage.h"
#include "causes/proof.h"

enum retained_by { RETAINED_UNKNOWN, RETAINED_BY_SITES, RETAINED_BY_ESTIMATE, RETAINED_BY_GRAPH };

struct retained {
	uint64_t stacks;
	uint64_t heap; /* 0 where unknown */
	enum retained_by by;
	double each;		      /* of an estimate: heap bytes for one goroutine */
	const struct case_site *site; /* the largest; NULL */
};

/*
 * Of the @grown newest of the lineage's members at the end. @claimed (or NULL)
 * has a flag for each site of the last profile: those that count are set.
 */
struct retained retained_of(const struct whycase *c, const struct lineages *l,
			    const struct lineage *x, uint64_t grown, bool *claimed);

/*
 * Where a graph knows them: what only the @grown keep alive, exactly. What they made and another
 * holder keeps too stays counted by its sites, if that is more.
 */
void retained_in_graph(const struct proof *p, double grown, struct retained *r);

#endif /* CAUSES_RETAINED_H */
