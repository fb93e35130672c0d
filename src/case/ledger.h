/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: one owner for each byte that the limit counts, at the end of the case.
 *
 * Children sum to their parent; what nobody owns is the node "unexplained",
 * signed. What was not looked at has no node: its bytes are unexplained, not 0.
 * The first of these that the case has: of a global kill the host's memory; the
 * last look at the process's pages with its group's charge; the last sample, by
 * the runtime's own sums; the process alone; the kernel log's task table.
 * Ids as in docs/ledger.md: charge, go, go.heap, go.heap.live, .new,
 * .dead, .slack, .free, go.stacks, go.meta, native, threads, file, shmem,
 * kernel, sock, other.PID, unexplained.
 */
#ifndef CASE_LEDGER_H
#define CASE_LEDGER_H

#include "case/case.h"

struct ledger_node {
	const char *id, *parent; /* parent NULL: the root */
	int64_t bytes;
	bool exact;	    /* counted, not derived from sums or estimates */
	const char *source; /* "memory.usage_in_bytes", "gcController.heapMarked", … */
};

#define LEDGER_NODES_MAX 96

struct ledger {
	bool known; /* false: nothing was seen that could be summed up */
	uint64_t total;
	int64_t unexplained;
	struct ledger_node nodes[LEDGER_NODES_MAX]; /* parents before children */
	unsigned n;
};

void ledger_of(const struct whycase *c, struct arena *a, struct ledger *ret);
const struct ledger_node *ledger_find(const struct ledger *l, const char *id);

#endif /* CASE_LEDGER_H */
