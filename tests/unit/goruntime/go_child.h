/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_child: Go programs built and run for a test.
 *
 * Built with the go on PATH, or with another toolchain by its name; the test
 * decides what to do where there is none.
 */
#ifndef TESTS_GO_CHILD_H
#define TESTS_GO_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum go_build {
	GO_PLAIN,    /* with symbols */
	GO_STRIPPED, /* -s -w */
	GO_PIE,	     /* -buildmode=pie -s -w */
	GO_CGO,	     /* links the C library; needs gcc */
	GO_BUILDS,
};

extern const char *const go_build_names[GO_BUILDS];

/*
 * Builds testdata/NAME into @path (at most @n bytes with the NUL). @version:
 * "1.19.13", or "" for the go on PATH. False when it cannot be built, for
 * whatever reason; go's own words are then on stderr.
 */
bool go_program_build(const char *name, const char *version, enum go_build how, char *path,
		      size_t n);

/* The @at-th of WHYOOM_GO_VERSIONS ("1.19.13 1.27.2"); without those "" for PATH's go; false: no
 * more. */
bool go_version_at(unsigned at, char version[32]);

struct go_child {
	pid_t pid;
	int in, out;
};

/* Starts it and waits for its first answer; false if it does not give one. */
bool go_child_start(struct go_child *c, const char *path, const char *const env[]);
/* Closes its stdin, which ends it, and waits. */
void go_child_end(struct go_child *c);

/* Sends one command; the answer, without the empty line it ends with, into @reply. */
bool go_child_ask(struct go_child *c, char command, char *reply, size_t n);

/* VALUE of NAME=VALUE in an answer; fails the test if it has no such line. */
uint64_t go_child_said(const char *reply, const char *name);

#endif /* TESTS_GO_CHILD_H */
