/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/kill_of_log.h"

#include <errno.h>
#include <inttypes.h>

static const enum oom_kind kinds[KERNLOG_KIND_COUNT] = {
	[KERNLOG_KIND_UNKNOWN] = OOM_UNKNOWN,	 [KERNLOG_MEMCG] = OOM_MEMCG,
	[KERNLOG_GLOBAL] = OOM_GLOBAL,		 [KERNLOG_CPUSET] = OOM_CPUSET,
	[KERNLOG_MEMPOLICY] = OOM_MEMPOLICY,	 [KERNLOG_SYSRQ] = OOM_SYSRQ,
	[KERNLOG_NO_KILLABLE] = OOM_NO_KILLABLE,
};

static const char *keep(struct arena *a, const char *s)
{
	return s ? arena_str(a, str_from(s)).p : NULL;
}

static int copy_tasks(const struct kernlog_kill *from, struct arena *a, struct case_kill *ret)
{
	ret->tasks = arena_new_array(a, struct case_task, from->n_tasks + 1);
	if (!ret->tasks)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_tasks; i++) {
		const struct kernlog_task *t = &from->tasks[i];

		ret->tasks[i] = (struct case_task){ .pid = t->pid,
						    .comm = keep(a, t->comm),
						    .rss_bytes = kernlog_bytes(from, t->rss_pages),
						    .oom_score_adj = t->oom_score_adj };
		if (!ret->tasks[i].comm)
			return -ENOMEM;
	}
	ret->n_tasks = from->n_tasks;
	return 0;
}

/* A raw record of /dev/kmsg ("3,812,1234567890,-;text") as dmesg shows it ("[ 1234.567890] text").
 */
static const char *keep_line(struct arena *a, const char *line)
{
	struct str rest = str_from(line), head;
	uint64_t n, us;
	char text[1024];

	if (!str_take_until(&rest, ';', &head) || !str_take_u64(&head, &n) ||
	    !str_take_prefix(&head, STR(",")) || !str_take_u64(&head, &n) ||
	    !str_take_prefix(&head, STR(",")) || !str_take_u64(&head, &us))
		return keep(a, line);
	snprintf(text, sizeof(text), "[%5" PRIu64 ".%06" PRIu64 "] " STR_FMT, us / 1000000,
		 us % 1000000, STR_ARG(rest));
	return keep(a, text);
}

static int copy_lines(const struct kernlog_kill *from, struct arena *a, struct case_kill *ret)
{
	const char *const lines[] = { from->header_line, from->constraint_line, from->kill_line };

	ret->lines = arena_new_array(a, const char *, 3);
	if (!ret->lines)
		return -ENOMEM;
	for (size_t i = 0; i < 3; i++) {
		if (!lines[i])
			continue;
		ret->lines[ret->n_lines] = keep_line(a, lines[i]);
		if (!ret->lines[ret->n_lines++])
			return -ENOMEM;
	}
	return 0;
}

int kill_of_log(const struct kernlog_kill *from, struct arena *a, struct case_kill *ret)
{
	struct case_kill kill = {
		.wall_ns = from->wall_ns,
		.uptime_ns = from->uptime_ns,
		.kind = from->kind < KERNLOG_KIND_COUNT ? kinds[from->kind] : OOM_UNKNOWN,
		.pid = from->pid,
		.trigger_pid = from->trigger_pid,
		.comm = keep(a, from->comm),
		.trigger_comm = keep(a, from->trigger_comm),
		.oom_memcg = keep(a, from->oom_memcg),
		.task_memcg = keep(a, from->task_memcg),
		.total_vm = from->total_vm,
		.anon_rss = from->anon_rss,
		.file_rss = from->file_rss,
		.shmem_rss = from->shmem_rss,
		.limit = from->memcg.limit,
		.usage = from->memcg.usage,
	};
	int r = copy_tasks(from, a, &kill);

	if (r == 0)
		r = copy_lines(from, a, &kill);
	if (r == 0)
		*ret = kill;
	return r;
}

static void note_other(const struct kernlog *k, struct whycase *c)
{
	for (size_t i = 0; i < kernlog_others(k); i++) {
		const struct kernlog_other *o = kernlog_other(k, i);

		if (!o->pid || o->pid != c->subject.pid)
			continue;
		c->end.other_killer = keep(c->arena, o->killer);
		c->end.other_line = keep(c->arena, o->text);
	}
}

int kills_of_log(const struct kernlog *k, struct whycase *c)
{
	size_t n = kernlog_kills(k);
	int r = 0;

	c->kills = arena_new_array(c->arena, struct case_kill, n + 1);
	if (!c->kills)
		return -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = kill_of_log(kernlog_kill(k, i), c->arena, &c->kills[i]);
		c->n_kills = i + 1;
	}
	note_other(k, c);
	return r;
}
