/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_rows.h"

#include <stdlib.h>

#define TAIL 64 /* so many, and a quarter of the sorted ones, may wait to be sorted */

struct row_at {
	int pid;
	uint32_t at;
};

void rows_init(struct rows *rows)
{
	*rows = (struct rows){ 0 };
	buf_init(&rows->tasks, KERNLOG_TASKS_MAX * sizeof(struct kernlog_task));
	buf_init(&rows->sorted, KERNLOG_TASKS_MAX * sizeof(struct row_at));
}

void rows_release(struct rows *rows)
{
	buf_release(&rows->tasks);
	buf_release(&rows->sorted);
}

void rows_clear(struct rows *rows)
{
	buf_clear(&rows->tasks);
	buf_clear(&rows->sorted);
	rows->n_sorted = 0;
}

bool rows_add(struct rows *rows, const struct kernlog_task *task)
{
	buf_add(&rows->tasks, task, sizeof(*task));
	return !rows->tasks.failed;
}

size_t rows_count(const struct rows *rows)
{
	return rows->tasks.n / sizeof(struct kernlog_task);
}

const struct kernlog_task *rows_all(const struct rows *rows)
{
	return (const struct kernlog_task *)(const void *)rows->tasks.p;
}

static int by_pid(const void *a, const void *b)
{
	const struct row_at *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void sort(struct rows *rows, size_t n)
{
	const struct kernlog_task *tasks = rows_all(rows);

	buf_clear(&rows->sorted);
	for (size_t i = 0; i < n; i++) {
		struct row_at e = { tasks[i].pid, (uint32_t)i };

		buf_add(&rows->sorted, &e, sizeof(e));
	}
	/* without memory for it all are looked through one by one */
	rows->n_sorted = rows->sorted.failed ? 0 : n;
	if (rows->n_sorted)
		qsort(rows->sorted.p, n, sizeof(struct row_at), by_pid);
}

const struct kernlog_task *rows_find(struct rows *rows, int pid)
{
	const struct kernlog_task *tasks = rows_all(rows);
	size_t n = rows_count(rows), low = 0, high;
	const struct row_at *at;

	if (n - rows->n_sorted > TAIL + rows->n_sorted / 4)
		sort(rows, n);
	at = (const struct row_at *)(const void *)rows->sorted.p;
	high = rows->n_sorted;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (at[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < rows->n_sorted && at[low].pid == pid)
		return &tasks[at[low].at];
	for (size_t i = rows->n_sorted; i < n; i++) {
		if (tasks[i].pid == pid)
			return &tasks[i];
	}
	return NULL;
}
