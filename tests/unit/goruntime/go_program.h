/* SPDX-License-Identifier: Apache-2.0 */
/* go_program: a Go program of testdata/, built, running, and looked into. */
#ifndef TESTS_GO_PROGRAM_H
#define TESTS_GO_PROGRAM_H

#include "go_child.h"
#include "goruntime/runtime.h"

struct go_program {
	pid_t pid;
	char dir[64], path[128]; /* its own directory and the program there */
	struct mem *m;
	struct image *img;
	struct goruntime rt;
};

struct go_run {
	const char *name;    /* folder of testdata/ */
	const char *version; /* as go_version_at() gave it */
	enum go_build how;
	const char *args; /* after "DIR/out", the first argument of each; NULL: none */
};

/*
 * Runs "PROGRAM DIR/out ARGS", waits for its line "ready" and attaches; what does
 * not work fails the test. False where it cannot be built, after saying so.
 */
bool go_program_start(struct go_program *p, const struct go_run *run);
void go_program_stop(struct go_program *p);

/* What the program wrote to DIR/NAME, or what a command there prints; to be freed. */
char *go_program_file(const struct go_program *p, const char *name);
char *go_program_output(const struct go_program *p, const char *command);

/*
 * Calls @one for each version to be tested, built in that way. The number of
 * programs that ran: 0 where there is no go.
 */
unsigned go_program_each(bool (*one)(const struct go_run *run), const struct go_run *like);

#endif /* TESTS_GO_PROGRAM_H */
