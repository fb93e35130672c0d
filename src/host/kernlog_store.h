/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_store: the kills found so far, within a budget.
 *
 * Two rings (kills; reports without one) that keep the newest, and task tables
 * that are shared by all kills of one report. Past the budget the oldest lose
 * their tables, then go. A kill that is told twice (memory.oom.group prints
 * its first victim again; log watchers quote the kernel in the same journal;
 * two files of one host in one paste) is kept once.
 */
#ifndef HOST_KERNLOG_STORE_H
#define HOST_KERNLOG_STORE_H

#include "host/kernlog.h"
#include "host/kernlog_time.h"

struct table { /* of tasks; counted by those who hold it */
	unsigned refs;
	unsigned stored; /* of them by entries of the store, whose budget it counts against once */
	size_t n;
	struct kernlog_task tasks[];
};

/* Where and when a line stood, for telling one kill from another. */
struct store_place {
	uint32_t host;	     /* hash, 0 unknown */
	unsigned boot;	     /* counts restarts seen in the log */
	bool has_date;	     /* @date was printed */
	struct logtime date; /* year 0: without one */
};

struct stored {
	struct kernlog_kill kill;
	struct table *table; /* NULL */
	struct store_place place;
	size_t bytes;
	uint64_t older; /* kill before this with the same hash of the pid, as number + 1 */
};

struct ring {
	struct stored **at;  /* KERNLOG_KILLS_MAX places, or NULL before the first */
	uint64_t begin, end; /* numbers of the oldest kept and of the next */
};

#define STORE_BUCKETS 4096

struct store {
	struct ring kills, reports;
	uint64_t stripped; /* kills below this number have lost their tables */
	size_t budget, bytes;
	uint64_t kills_dropped, reports_dropped;
	uint64_t *buckets; /* newest kill by hash of the pid, as number + 1 */
};

void store_init(struct store *s, size_t budget);
void store_release(struct store *s);

/* The tasks as a table with one reference, or NULL (none, or no memory). */
struct table *table_new(const struct kernlog_task *tasks, size_t n);
void table_drop(struct table *t); /* NULL is fine */

/*
 * Keep a copy of @kill with a reference to @table (NULL). A kill that is there
 * already only gains what it lacked. Returns 1 when it is new, 0 when it was
 * known, -ENOMEM.
 */
int store_kill(struct store *s, const struct kernlog_kill *kill, struct table *table,
	       const struct store_place *place) _must_use_;

/* As above for a report without a kill; one with the same stamp and trigger is kept once. */
int store_report(struct store *s, const struct kernlog_kill *report, struct table *table,
		 const struct store_place *place) _must_use_;

struct stored *ring_at(const struct ring *r, size_t i);	     /* 0 is the oldest; NULL */
struct stored *store_newest(const struct store *s, int pid); /* kill, or NULL */

#endif /* HOST_KERNLOG_STORE_H */
