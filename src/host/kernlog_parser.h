/* SPDX-License-Identifier: Apache-2.0 */
/* kernlog_parser: the parser's state, for the files that make it up. */
#ifndef HOST_KERNLOG_PARSER_H
#define HOST_KERNLOG_PARSER_H

#include "base/buf.h"
#include "host/kernlog.h"
#include "host/kernlog_prefix.h"
#include "host/kernlog_report.h"
#include "host/kernlog_store.h"
#include "host/kernlog_unwrap.h"
#include "host/other_killers.h"

/* The group's numbers in the order they are printed, while no report can have them. */
struct loose_memcg {
	struct kernlog_memcg memcg;
	char path[1024];
	uint64_t line; /* 0: free */
};

#define LOOSE_MAX 8

struct kernlog {
	struct store store;
	struct reports reports;
	struct others others;
	struct unwrap unwrap;
	struct kernlog_counts counts;
	struct buf carry; /* of a line whose end was not fed yet */
	bool carry_long;
	struct loose_memcg loose[LOOSE_MAX];
	int64_t uptime; /* of the last stamped line, for seeing restarts */
	uint32_t uptime_host;
	struct logtime hint; /* a full date near stamps that lack the year; year 0 none */
	int64_t hint_wall;
	uint64_t hint_until; /* up to this line one is looked for */
	int failed;
};

/* One message of the log, without prefixes: what it adds to what is known. */
void kernlog_message(struct kernlog *k, const struct logline *line);

/* A full date inside another program's line beside a stamp without a year. */
void kernlog_hint(struct kernlog *k, const struct logline *line);

/* Give the kills and reports the times that only the whole log tells. */
void kernlog_settle_times(struct kernlog *k);

#endif /* HOST_KERNLOG_PARSER_H */
