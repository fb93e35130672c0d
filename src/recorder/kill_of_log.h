/* SPDX-License-Identifier: Apache-2.0 */
/* kill_of_log: a kill as the kernel log parser has it, as the case has it. */
#ifndef RECORDER_KILL_OF_LOG_H
#define RECORDER_KILL_OF_LOG_H

#include "case/case.h"
#include "host/kernlog.h"

/* Copies into @a; -ENOMEM. */
int kill_of_log(const struct kernlog_kill *from, struct arena *a, struct case_kill *ret) _must_use_;

/* All kills of a log into the case, and the daemons' lines that name its subject's pid; -ENOMEM. */
int kills_of_log(const struct kernlog *k, struct whycase *c) _must_use_;

#endif /* RECORDER_KILL_OF_LOG_H */
