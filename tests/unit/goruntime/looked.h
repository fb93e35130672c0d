/* SPDX-License-Identifier: Apache-2.0 */
/* looked: the Go program of testdata/served, running, with our eyes on its memory. */
#ifndef TESTS_LOOKED_H
#define TESTS_LOOKED_H

#include "go_child.h"
#include "goruntime/spans.h"
#include "goruntime/stats.h"

struct looked {
	struct go_child child;
	struct mem *m;
	struct image *img;
	struct goruntime rt;
	const char *what; /* for messages */
};

#define SAID_MAX 4096 /* of one answer of the program */

/* All of them fail the test where they cannot do it. @env: names and values in turn. */
void look_into(struct looked *l, const char *path, const char *const env[]);
void attach(struct looked *l);
void look_away(struct looked *l);

void tell(struct looked *l, const char *commands);
void ask_memstats(struct looked *l, char said[SAID_MAX]);

/*
 * Our read between two of the program's own that agree: the scavenger, which
 * gives memory back a while after a collection, was not at work then. @spans may
 * be NULL.
 */
void read_between(struct looked *l, struct gostats *s, struct gospans *spans, struct arena *a,
		  char said[SAID_MAX]);

/*
 * Runs @test on each build by each Go that is to be tested; those that cannot be
 * built here are said. Skips when none can.
 */
void each_program(void (*test)(struct looked *l, const char *path, enum go_build how));

/* The stripped one by the first Go; false without. */
bool first_program(char *path, size_t n);

void sleep_ms(long ms);

#endif /* TESTS_LOOKED_H */
