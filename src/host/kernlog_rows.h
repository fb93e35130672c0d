/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_rows: the rows of a task table that is being read.
 *
 * Found by pid in logarithmic time, for a log may ask for as many pids as it
 * has rows, in any order.
 */
#ifndef HOST_KERNLOG_ROWS_H
#define HOST_KERNLOG_ROWS_H

#include "base/buf.h"
#include "host/kernlog.h"

struct rows {
	struct buf tasks;  /* of struct kernlog_task, as they came */
	struct buf sorted; /* of the first n_sorted: pid and place */
	size_t n_sorted;
};

void rows_init(struct rows *rows);
void rows_release(struct rows *rows);

/* Forget them, keep the memory. */
void rows_clear(struct rows *rows);

/* False when KERNLOG_TASKS_MAX are there already, or there is no memory. */
bool rows_add(struct rows *rows, const struct kernlog_task *task);

size_t rows_count(const struct rows *rows);
const struct kernlog_task *rows_all(const struct rows *rows);

/* The first row of @pid, or NULL; valid until a row is added. */
const struct kernlog_task *rows_find(struct rows *rows, int pid);

#endif /* HOST_KERNLOG_ROWS_H */
