/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: where results go: stdout, or a file that is there whole or not at all.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cmd.h"

/* All of @b to stdout; 0 or the exit status EXIT_FAILED (said on stderr). */
int output_stdout(const struct buf *b);

/* To @path by way of a temporary name beside it and a rename; mode as umask says. */
int output_file(const char *path, const struct buf *b);

/*
 * What a verb found, in both forms: JSON instead of the text (--json), JSON to
 * a file besides the text (--json=FILE), the text to -o or stdout.
 */
int output_result(const struct cli *cli, const struct buf *text, const struct buf *json);

/* Says the error of a verb's target on stderr; the exit status that fits it. */
int output_error(const struct err *err);

/* "128.0 MiB"; into a caller's buffer of at least 24 bytes, which is returned. */
const char *output_size(uint64_t bytes, char *to);

#endif /* CLI_OUTPUT_H */
