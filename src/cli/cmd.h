/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd: the command line as data.
 *
 * verbs[] and options[] in main.c are the only description of it: parsing and
 * --help are made from them. A new option is a row there, a field here and a
 * row in set_option().
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "report/report.h"

enum { /* exit status, part of the interface (README) */
       EXIT_OK = 0,
       EXIT_FOUND = 1, /* diagnose: a cause was found */
       EXIT_USAGE = 2,
       EXIT_UNKNOWN = 3, /* could not tell; nothing to read there */
       EXIT_FAILED = 4,	 /* whyoom itself failed */
       EXIT_RUN_FAILED = 125,
       EXIT_RUN_NOT_EXECUTABLE = 126,
       EXIT_RUN_NOT_FOUND = 127,
};

struct cli { /* what the command line said */
	bool json;
	const char *json_file; /* --json=FILE */
	const char *output;    /* -o */
	const char *case_file;
	const char *exe;
	const char *time; /* --time, as given */
	enum lang lang;
	uint64_t memory_max; /* bytes, 0: none given */
	bool have_capture;   /* --capture-max was given */
	uint64_t capture_max;
	double cpu_max;	 /* cores, 0: none given */
	uint64_t nofile; /* 0: none given */
	int64_t for_ns;
	pid_t pid; /* --pid, 0: none */
	bool latest;
	bool stop;
	bool no_cache; /* nothing kept of binaries is used, nor kept */
	int argc;      /* what is left after the options */
	char **argv;
};

struct verb {
	const char *name, *args, *help;
	int (*run)(const struct cli *cli);
};

int verb_ps(const struct cli *cli);
int verb_run(const struct cli *cli);
int verb_diagnose(const struct cli *cli);
int verb_stats(const struct cli *cli);
int verb_heap(const struct cli *cli);
int verb_allocs(const struct cli *cli);
int verb_goroutines(const struct cli *cli);
int verb_spans(const struct cli *cli);
int verb_objects(const struct cli *cli);
int verb_kernlog(const struct cli *cli);
int verb_causes(const struct cli *cli);
int verb_doctor(const struct cli *cli);

#endif /* CLI_CMD_H */
