/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_case.h"

#include <errno.h>

#include "recorder/kill_of_log.h"

static uint64_t distance(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static const struct case_kill *chosen(const struct whycase *c, const struct log_choice *choice)
{
	const struct case_kill *best = NULL;

	for (size_t i = 0; i < c->n_kills; i++) {
		const struct case_kill *k = &c->kills[i];

		if (choice->pid && k->pid != choice->pid)
			continue;
		if (best && choice->wall_ns != UNKNOWN_I64 && k->wall_ns != UNKNOWN_I64 &&
		    best->wall_ns != UNKNOWN_I64 &&
		    distance(k->wall_ns, choice->wall_ns) >=
			    distance(best->wall_ns, choice->wall_ns))
			continue;
		best = k;
	}
	return best;
}

static void fill(struct whycase *c, const struct case_kill *kill)
{
	c->subject.pid = kill->pid;
	c->subject.comm = kill->comm;
	c->subject.cgroup = kill->task_memcg;
	c->end.kill = kill;
	c->end.kernel_log_read = TRI_YES;
	c->end.signal = 9;
	c->end.wall_ns = kill->wall_ns;
	c->run.mode = "kernlog";
	c->run.tool_version = WHYOOM_VERSION;
}

int log_case(const struct kernlog *k, const struct log_choice *choice, struct arena *a,
	     struct whycase *ret, struct err *err)
{
	const struct case_kill *kill;
	int r;

	case_init(ret, a);
	r = kills_of_log(k, ret);
	if (r < 0)
		return err_set(err, r, "no memory for the kills of the log");
	kill = chosen(ret, choice);
	if (!kill && choice->pid)
		return err_set(err, -ENODATA, "the log has no kill of PID %d", choice->pid);
	if (!kill)
		return err_set(err, -ENODATA, "the log has no kill");
	fill(ret, kill);
	return 0;
}
