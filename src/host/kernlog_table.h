/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_table: the task table of an OOM report.
 *
 * Seven layouts exist. Columns are found by the table's own header; without
 * one, all that is taken (total_vm, rss, the last column and the name) stands
 * at the same places in each of them. Values are pages of a size the table
 * does not tell.
 */
#ifndef HOST_KERNLOG_TABLE_H
#define HOST_KERNLOG_TABLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "host/kernlog.h"

#define TABLE_COLUMNS_MAX 12

struct table_layout {
	unsigned n; /* numbers behind "[pid]"; 0: no header was seen */
	unsigned total_vm, rss, adj;
	unsigned pgtables_bytes; /* n: there is no such column */
};

/* "[  pid  ]   uid  tgid total_vm      rss … name" */
bool table_header(struct str msg, struct table_layout *ret) _must_use_;

/* "[    103]     0   103    16631    16450   180224        0             0 hog" */
bool table_row(struct str msg, const struct table_layout *layout, struct kernlog_task *ret,
	       uint64_t *ret_pgtables) _must_use_;

/*
 * The page size that the row @pages of the victim and its kill line give
 * (total_vm is the same number in both), 0 if they do not fit.
 */
uint64_t table_page_size(uint64_t pages, uint64_t bytes);

#endif /* HOST_KERNLOG_TABLE_H */
