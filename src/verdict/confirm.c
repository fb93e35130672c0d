/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict/confirm.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"

#define EXIT_SIGKILL 137 /* 128 + 9 */

static void quote(struct oom *oom, const char *line)
{
	if (line && oom->n_evidence < sizeof(oom->evidence) / sizeof(oom->evidence[0]))
		oom->evidence[oom->n_evidence++] = line;
}

static void decide(struct oom *oom, enum tri status, enum oom_kind kind, enum oom_killer killer)
{
	oom->status = status;
	oom->kind = kind;
	oom->killer = killer;
}

bool confirm_sigkill(const struct case_end *end)
{
	return end->signal == SIGKILL || (end->signal <= 0 && end->exit_status == EXIT_SIGKILL);
}

/* The log's kill of this process. Of a log alone, the last kill stands for "this process". */
const struct case_kill *confirm_kill(const struct whycase *c)
{
	bool log_only = c->run.mode && strcmp(c->run.mode, "kernlog") == 0;

	if (c->end.kill)
		return c->end.kill;
	return log_only && c->n_kills && !c->end.alive ? &c->kills[c->n_kills - 1] : NULL;
}

static const char *counter_rose(const struct whycase *c)
{
	return c->host.cgroup_version == 2 ? "memory.events: oom_kill rose across the death"
					   : "memory.oom_control: oom_kill rose across the death";
}

static bool by_log(const struct whycase *c, struct oom *oom)
{
	const struct case_kill *k = confirm_kill(c);

	if (!k)
		return false;
	for (size_t i = 0; i < k->n_lines; i++)
		quote(oom, k->lines[i]);
	if (c->end.group_counted_kill == TRI_YES)
		quote(oom, counter_rose(c));
	decide(oom, TRI_YES, k->kind == OOM_NONE ? OOM_UNKNOWN : k->kind, KILLER_KERNEL);
	return true;
}

static bool same_group(const struct whycase *c, const struct case_kill *k)
{
	return k->task_memcg && c->subject.cgroup && strcmp(k->task_memcg, c->subject.cgroup) == 0;
}

static bool near(const struct whycase *c, const struct case_kill *k)
{
	int64_t apart;

	return k->wall_ns != UNKNOWN_I64 &&
	       !__builtin_sub_overflow(k->wall_ns, c->end.wall_ns, &apart) &&
	       apart > -10 * NS_PER_S && apart < 10 * NS_PER_S;
}

/*
 * The counter is the group's, not the process's. Where the log was read and its
 * only kill of that group around then is another process, that one was counted.
 */
static bool counted_another(const struct whycase *c)
{
	if (c->end.kernel_log_read != TRI_YES || c->end.wall_ns == UNKNOWN_I64)
		return false;
	for (size_t i = 0; i < c->n_kills; i++) {
		const struct case_kill *k = &c->kills[i];

		if (k->pid && k->pid != c->subject.pid && same_group(c, k) && near(c, k))
			return true;
	}
	return false;
}

static bool by_counter(const struct whycase *c, struct oom *oom)
{
	if (c->end.group_counted_kill != TRI_YES || !confirm_sigkill(&c->end))
		return false;
	if (counted_another(c)) {
		quote(oom, "the group's oom_kill counter rose, but the kernel log names another "
			   "process of the group");
		decide(oom, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
		return true;
	}
	quote(oom, counter_rose(c));
	decide(oom, TRI_YES, OOM_MEMCG, KILLER_KERNEL);
	return true;
}

static bool by_userspace(const struct whycase *c, struct oom *oom)
{
	static const struct {
		const char *name;
		enum oom_killer killer;
	} killers[] = {
		{ "systemd-oomd", KILLER_OOMD },
		{ "earlyoom", KILLER_EARLYOOM },
		{ "kubelet", KILLER_KUBELET },
	};
	enum oom_killer killer = KILLER_OTHER;

	if (!c->end.other_killer)
		return false;
	for (size_t i = 0; i < sizeof(killers) / sizeof(killers[0]); i++) {
		if (strcmp(c->end.other_killer, killers[i].name) == 0)
			killer = killers[i].killer;
	}
	quote(oom, c->end.other_line);
	decide(oom, TRI_YES, OOM_USERSPACE, killer);
	return true;
}

/* Which of the runtime's last words are about memory that was not to be had. */
static bool says_out_of_memory(const char *words)
{
	return strstr(words, "out of memory") || strstr(words, "cannot allocate memory");
}

static bool by_runtime(const struct whycase *c, struct oom *oom)
{
	if (!c->end.go_fatal)
		return false;
	quote(oom, c->end.go_fatal);
	decide(oom, says_out_of_memory(c->end.go_fatal) ? TRI_YES : TRI_NO, OOM_GO_RUNTIME,
	       KILLER_SELF);
	return true;
}

/* None of the above: what does the end itself say? */
static void by_end(const struct whycase *c, struct oom *oom)
{
	const struct case_end *end = &c->end;
	bool looked = end->group_counted_kill == TRI_NO && end->kernel_log_read == TRI_YES;
	bool ended = end->observed && (end->signal > 0 || end->exit_status >= 0);

	if (end->alive || (ended && !confirm_sigkill(end)) || (confirm_sigkill(end) && looked))
		decide(oom, TRI_NO, OOM_NONE, KILLER_NONE);
	else
		decide(oom, TRI_UNKNOWN, OOM_UNKNOWN, KILLER_UNKNOWN);
	if (confirm_sigkill(end) && end->group_counted_kill == TRI_NO)
		quote(oom, "the group's oom_kill counter did not rise across the death");
	if (confirm_sigkill(end) && end->kernel_log_read == TRI_YES)
		quote(oom, "the kernel log has no kill of this process");
	if (end->sender)
		quote(oom, end->sender);
}

void confirm(const struct whycase *c, struct oom *ret)
{
	const struct case_kill *k = confirm_kill(c);

	*ret = (struct oom){
		.limit = case_limit_bytes(c),
		.usage = case_charge_bytes(c),
		.limit_source = case_limit_source(c),
	};
	if (k && known(k->usage))
		ret->usage = k->usage;
	if (k && known(k->limit))
		ret->limit = k->limit;
	if (!by_log(c, ret) && !by_counter(c, ret) && !by_userspace(c, ret) && !by_runtime(c, ret))
		by_end(c, ret);
}

enum tri confirm_for_memory(const struct oom *oom)
{
	if (oom->status == TRI_YES && oom->kind == OOM_SYSRQ)
		return TRI_NO;
	return oom->status;
}
