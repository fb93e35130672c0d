/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirm: was it killed for memory, and by whom. Private to src/verdict/.
 *
 * Sources in the order of trust: the group's own counter of kills across the
 * death, the kernel's log by pid and time, the log of a user-space killer, the
 * Go runtime's last words. Exit status 137 and SIGKILL alone prove nothing:
 * without any of these it is "no" where counter and log were both read, else
 * "unknown".
 */
#ifndef VERDICT_CONFIRM_H
#define VERDICT_CONFIRM_H

#include "verdict/verdict.h"

void confirm(const struct whycase *c, struct oom *ret);

/* The kernel log's report of this kill, or NULL. */
const struct case_kill *confirm_kill(const struct whycase *c);

/* Was memory the reason? No for an administrator's kill (SysRq f) and for other deaths. */
enum tri confirm_for_memory(const struct oom *oom);

/* It died of SIGKILL, or of something that reports 137 as shells and containers do. */
bool confirm_sigkill(const struct case_end *end);

#endif /* VERDICT_CONFIRM_H */
