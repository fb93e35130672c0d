/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_program: a Go program of testdata/, built, running, and looked into.
 *
 * Which Go: WHYOOM_GO_VERSIONS ("1.19.13 1.27.2": fetched as toolchains), else
 * the one on PATH. Without any the test is skipped.
 */
#ifndef TESTS_GO_PROGRAM_H
#define TESTS_GO_PROGRAM_H

#include <sys/types.h>

#include "goruntime/runtime.h"

struct go_program {
	pid_t pid;
	char dir[64]; /* its own, removed by go_program_stop() */
	struct mem *m;
	struct image *img;
	struct goruntime rt;
};

/* The next of the versions to test, "" for the go on PATH; NULL after the last. @at begins with 0.
 */
const char *go_version_next(size_t *at);

/* What a program is built and run with; NULL for nothing. */
struct go_run {
	const char *name;    /* folder of testdata/ */
	const char *version; /* as go_version_next() gave it */
	const char *flags;   /* of go build */
	const char *args;    /* after "$DIR/out", each program's first argument */
};

/*
 * Runs "PROGRAM $DIR/out ARGS", waits for its line "ready" and attaches. Fails
 * the test where that does not work, skips it without a go.
 */
void go_program_start(struct go_program *p, const struct go_run *run);
void go_program_stop(struct go_program *p);

/* What the program wrote to $DIR/NAME, or what a command there prints; to be freed. */
char *go_program_file(const struct go_program *p, const char *name);
char *go_program_output(const struct go_program *p, const char *command);

#endif /* TESTS_GO_PROGRAM_H */
