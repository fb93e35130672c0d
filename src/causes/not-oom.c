/* SPDX-License-Identifier: Apache-2.0 */
/*
 * not-oom: it was killed, but not for memory.
 *
 * Certain when SIGKILL (or an exit status of 137) came, the group's counter of
 * kills did not rise, the kernel's log of that time was read and names no kill
 * of this process, no user-space killer did, and memory was not at its limit.
 */
#include "causes/cause.h"

#include <math.h>
#include <signal.h>

/*
 * At the limit: what is left is less than one batch of charges on a few CPUs and
 * the reclaim that goes with it. Below this share nothing was refused yet.
 */
#define AT_LIMIT 0.97

static double used_share(const struct whycase *c)
{
	uint64_t limit = case_limit_bytes(c), usage = case_charge_bytes(c);

	if (!known(limit) || !known(usage) || limit == 0)
		return NAN;
	return limit == CASE_NO_LIMIT ? 0 : (double)usage / (double)limit;
}

static bool killed(const struct case_end *end)
{
	return end->signal == SIGKILL || (end->signal <= 0 && end->exit_status == 128 + SIGKILL);
}

static void judge_kill(const struct whycase *c, struct finding *f, struct arena *a)
{
	double used = used_share(c);

	if (c->end.group_counted_kill != TRI_NO) {
		finding_unknown(f, text_new(a, "not-oom.unknown.counter", ARG_END));
	} else if (c->end.kernel_log_read != TRI_YES) {
		finding_unknown(f, text_new(a, "not-oom.unknown.log", ARG_END));
	} else if (isnan(used)) {
		finding_unknown(f, text_new(a, "not-oom.unknown.usage", ARG_END));
	} else if (used >= AT_LIMIT) {
		finding_unknown(f, text_new(a, "not-oom.unknown.at-limit",
					    ARG_PERCENT("used", used), ARG_END));
	} else {
		finding_yes(f, 0.95, UNKNOWN_U64,
			    c->end.sender ? text_new(a, "not-oom.summary.sender",
						     ARG_STR("sender", c->end.sender), ARG_END)
					  : text_new(a, "not-oom.summary", ARG_END));
		finding_evidence(f, text_new(a, "not-oom.evidence.counter", ARG_END), NAN, NULL,
				 c->host.cgroup_version == 2 ? "memory.events"
							     : "memory.oom_control");
		finding_evidence(f, text_new(a, "not-oom.evidence.log", ARG_END), NAN, NULL,
				 "kernel log");
		if (case_limit_bytes(c) != CASE_NO_LIMIT)
			finding_evidence(f,
					 text_new(a, "not-oom.evidence.usage",
						  ARG_PERCENT("used", used),
						  ARG_BYTES("limit", case_limit_bytes(c)), ARG_END),
					 used, "of the limit", case_limit_source(c));
		finding_remedy(f, text_new(a, "not-oom.remedy.probes", ARG_END));
		finding_remedy(f, text_new(a, "not-oom.remedy.supervisor", ARG_END));
	}
}

static void judge(const struct evidence_base *e, struct finding *f, struct arena *a)
{
	const struct case_end *end = &e->c->end;

	if (end->alive)
		finding_no(f, text_new(a, "not-oom.no.alive", ARG_END));
	else if (e->killed_for_memory == TRI_YES)
		finding_no(f, text_new(a, "not-oom.no.oom", ARG_END));
	else if (end->go_fatal)
		finding_no(f, text_new(a, "not-oom.no.runtime", ARG_END));
	else if (end->kill)
		finding_no(f, text_new(a, "not-oom.no.sysrq", ARG_END));
	else if (killed(end))
		judge_kill(e->c, f, a);
	else if (end->signal > 0 || end->exit_status >= 0)
		finding_no(f, text_new(a, "not-oom.no.ended", ARG_END));
	else
		finding_unknown(f, text_new(a, "not-oom.unknown.end", ARG_END));
}

const struct cause cause_not_oom = {
	.id = "not-oom",
	.title = "not-oom.title",
	.about = "not-oom.about",
	.judge = judge,
};
