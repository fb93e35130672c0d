/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_heap: the pages of heap spans in use, by what lies on them. Private to src/case/. */
#ifndef CASE_LEDGER_HEAP_H
#define CASE_LEDGER_HEAP_H

#include "case/case.h"

/* Bytes; they sum to the resident pages of spans in use. */
struct ledger_heap {
	bool known; /* else the pages cannot be told apart */
	int64_t live, fresh, dead, slack;
	bool counted; /* spans were walked and all of them were resident: live and dead are exact */
	const char *from; /* what the split was made from */
};

/* @present, @absent: pages of spans in use that are resident, that are not. */
struct ledger_heap ledger_heap_of_snapshot(const struct case_snapshot *s, int64_t present,
					   int64_t absent);
struct ledger_heap ledger_heap_of_sample(const struct case_sample *s, int64_t present,
					 int64_t absent);

#endif /* CASE_LEDGER_HEAP_H */
