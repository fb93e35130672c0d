/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_table: the ledger as a small table; rows under 0.1 % are left out, the remainder never. */
#ifndef REPORT_LEDGER_TABLE_H
#define REPORT_LEDGER_TABLE_H

#include "report/report.h"

/* Nothing for a ledger that is not known. */
void ledger_table(const struct ledger *l, enum lang lang, struct buf *out);

/* The key of a pattern's name. */
const char *pattern_message(enum pattern_kind k);

#endif /* REPORT_LEDGER_TABLE_H */
