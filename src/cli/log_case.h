/* SPDX-License-Identifier: Apache-2.0 */
/* log_case: a case made from a kernel log alone. */
#ifndef CLI_LOG_CASE_H
#define CLI_LOG_CASE_H

#include "case/case.h"
#include "cli/cmd.h"
#include "host/kernlog.h"

/* Which of several kills: zero and UNKNOWN_I64 leave it open, the last one is taken. */
struct log_choice {
	pid_t pid;
	int64_t wall_ns;
};

/*
 * -ENODATA: the log has no kill (or none of that pid); -ENOMEM. The case's
 * subject is the victim; @ret points into @a.
 */
int log_case(const struct kernlog *k, const struct log_choice *choice, struct arena *a,
	     struct whycase *ret, struct err *err) _must_use_;

#endif /* CLI_LOG_CASE_H */
