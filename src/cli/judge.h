/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: from a case to what a person or a program reads, and to the case file.
 */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "cli/cmd.h"
#include "recorder/snapshot.h"
#include "verdict/verdict.h"

struct judgement {
	struct buf text, json;
	int exit_status; /* of diagnose */
};

/* Both forms of the verdict; -ENOMEM. The buffers are the caller's to release. */
int judge(const struct whycase *c, const struct cli *cli, bool colour, struct judgement *ret,
	  struct err *err) _must_use_;
void judgement_release(struct judgement *j);

/*
 * Saves the case with its profiles. @subject and @raw (both may be NULL) give
 * heap.pb.gz and goroutines.pb.gz. @path NULL: ./COMM-PID-TIME.whyoom; the path
 * used goes to @ret_path (a buf).
 */
int judge_save(const struct whycase *c, struct subject *subject, const struct snapshot *raw,
	       const char *path, struct buf *ret_path, struct err *err) _must_use_;

/* May stderr (or stdout) have colour: a terminal, NO_COLOR not set. */
bool judge_colour(int fd);

#endif /* CLI_JUDGE_H */
