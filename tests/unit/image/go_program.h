/* SPDX-License-Identifier: Apache-2.0 */
/* go_program: builds one of testdata/'s programs, runs it and reads what it prints. */
#ifndef TESTS_IMAGE_GO_PROGRAM_H
#define TESTS_IMAGE_GO_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct go_program {
	char dir[64];  /* its own, removed at the end */
	char exe[128]; /* in it */
	pid_t pid;     /* 0: not running */
	FILE *out;     /* its standard output */
};

/* Whether there is a `go`; tests skip where there is none. */
bool go_available(void);

/*
 * Builds testdata/@source with @flags, NULL-terminated; @toolchain as
 * GOTOOLCHAIN has it, NULL: the one at hand. Fails the test when it does not build.
 */
void go_build(struct go_program *p, const char *source, const char *toolchain,
	      const char *const *flags);

void go_start(struct go_program *p);
/* As go_start(), the way a packer starts a program: no file behind its memory. */
void go_start_packed(struct go_program *p);

void go_kill(struct go_program *p);
void go_release(struct go_program *p);

#endif /* TESTS_IMAGE_GO_PROGRAM_H */
