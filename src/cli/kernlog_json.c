/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernlog_json.h"

#include "base/clock.h"
#include "base/json.h"

/* memory.oom.group gives each of thousands the same table: past this many rows it is left out */
#define ROWS_MAX 200000

static void put_u64(struct json *j, const char *key, uint64_t v)
{
	if (v == KERNLOG_UNKNOWN || v == KERNLOG_NO_LIMIT)
		json_none(j, key);
	else
		json_u64(j, key, v);
}

static void put_pid(struct json *j, int pid)
{
	if (pid)
		json_i64(j, "pid", pid);
	else
		json_none(j, "pid");
}

static void put_time(struct json *j, int64_t wall_ns, int64_t uptime_ns)
{
	BUF(text, 64);

	if (wall_ns == KERNLOG_NO_TIME) {
		json_none(j, "time");
	} else {
		clock_rfc3339(&text, wall_ns);
		json_str(j, "time", buf_view(&text));
	}
	if (uptime_ns == KERNLOG_NO_TIME)
		json_none(j, "uptime_seconds");
	else
		json_double(j, "uptime_seconds", (double)uptime_ns / 1e9);
}

static void put_victim(struct json *j, const struct kernlog_kill *k)
{
	json_open(j, "victim", '{');
	put_pid(j, k->pid);
	json_cstr(j, "comm", k->comm);
	put_u64(j, "total_vm_bytes", k->total_vm);
	put_u64(j, "anon_rss_bytes", k->anon_rss);
	put_u64(j, "file_rss_bytes", k->file_rss);
	put_u64(j, "shmem_rss_bytes", k->shmem_rss);
	put_u64(j, "pgtables_bytes", k->pgtables);
	put_u64(j, "uid", k->uid);
	if (k->oom_score_adj_known)
		json_i64(j, "oom_score_adj", k->oom_score_adj);
	else
		json_none(j, "oom_score_adj");
	json_close(j, '}');
}

static void put_trigger(struct json *j, const struct kernlog_kill *k)
{
	json_open(j, "trigger", '{');
	put_pid(j, k->trigger_pid);
	json_cstr(j, "comm", k->trigger_comm);
	if (k->regs.rip) {
		BUF(rip, 32);

		buf_printf(&rip, "0x%llx", (unsigned long long)k->regs.rip);
		json_str(j, "user_rip", buf_view(&rip));
	} else {
		json_none(j, "user_rip");
	}
	json_close(j, '}');
}

static void put_memcg(struct json *j, const struct kernlog_kill *k)
{
	const struct kernlog_memcg *m = &k->memcg;
	const struct {
		const char *key;
		uint64_t v;
	} numbers[] = {
		{ "swap_usage_bytes", m->swap_usage },
		{ "swap_limit_bytes", m->swap_limit },
		{ "memsw_usage_bytes", m->memsw_usage },
		{ "memsw_limit_bytes", m->memsw_limit },
		{ "kmem_usage_bytes", m->kmem_usage },
		{ "kmem_limit_bytes", m->kmem_limit },
		{ "anon_bytes", m->anon },
		{ "file_bytes", m->file },
		{ "shmem_bytes", m->shmem },
		{ "kernel_bytes", m->kernel },
		{ "kernel_stack_bytes", m->kernel_stack },
		{ "pagetables_bytes", m->pagetables },
		{ "sock_bytes", m->sock },
		{ "slab_bytes", m->slab },
		{ "file_mapped_bytes", m->file_mapped },
		{ "file_dirty_bytes", m->file_dirty },
	};

	put_u64(j, "limit_bytes", m->limit);
	put_u64(j, "usage_bytes", m->usage);
	put_u64(j, "failcnt", m->failcnt);
	json_open(j, "memcg", '{');
	json_cstr(j, "path", k->stats_memcg);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_u64(j, numbers[i].key, numbers[i].v);
	json_close(j, '}');
}

static void put_tasks(struct json *j, const struct kernlog_kill *k, size_t *rows)
{
	bool fits = k->n_tasks <= ROWS_MAX - *rows;

	*rows += fits ? k->n_tasks : 0;
	put_u64(j, "page_size_bytes", k->page_size);
	json_u64(j, "tasks_dropped", k->tasks_dropped + (fits ? 0 : k->n_tasks));
	json_open(j, "tasks", '[');
	for (size_t i = 0; fits && i < k->n_tasks; i++) {
		const struct kernlog_task *t = &k->tasks[i];

		json_open(j, NULL, '{');
		json_i64(j, "pid", t->pid);
		json_cstr(j, "comm", t->comm);
		put_u64(j, "rss_bytes", kernlog_bytes(k, t->rss_pages));
		json_u64(j, "rss_pages", t->rss_pages);
		put_u64(j, "total_vm_bytes", kernlog_bytes(k, t->total_vm_pages));
		json_i64(j, "oom_score_adj", t->oom_score_adj);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_kill(struct json *j, const struct kernlog_kill *k, size_t *rows)
{
	json_open(j, NULL, '{');
	put_time(j, k->wall_ns, k->uptime_ns);
	json_bool(j, "time_zone_known", k->zone_known);
	json_cstr(j, "kernel", k->kernel);
	json_cstr(j, "kind", kernlog_kind_name(k->kind));
	json_bool(j, "kind_stated", k->kind_stated);
	json_bool(j, "quoted", k->quoted);
	json_bool(j, "oom_group_member", k->member);
	put_victim(j, k);
	put_trigger(j, k);
	put_memcg(j, k);
	json_cstr(j, "oom_memcg", k->oom_memcg);
	json_cstr(j, "task_memcg", k->task_memcg);
	json_bool(j, "limit_lowered", k->limit_lowered);
	if (k->order_known)
		json_i64(j, "order", k->order);
	else
		json_none(j, "order");
	json_cstr(j, "gfp", k->gfp);
	put_tasks(j, k, rows);
	json_open(j, "lines", '[');
	json_u64(j, NULL, k->first_line);
	json_u64(j, NULL, k->last_line);
	json_close(j, ']');
	json_close(j, '}');
}

static void put_other(struct json *j, const struct kernlog_other *o)
{
	json_open(j, NULL, '{');
	json_cstr(j, "killer", o->killer);
	put_time(j, o->wall_ns, o->uptime_ns);
	put_pid(j, o->pid);
	json_cstr(j, "comm", o->comm);
	json_cstr(j, "target", o->target);
	json_u64(j, "line", o->line);
	json_cstr(j, "text", o->text);
	json_close(j, '}');
}

static void put_counts(struct json *j, struct kernlog_counts c)
{
	json_open(j, "log", '{');
	json_u64(j, "size_bytes", c.bytes);
	json_u64(j, "lines", c.lines);
	json_u64(j, "kills_dropped", c.kills_dropped);
	json_u64(j, "reports_dropped", c.reports_dropped);
	json_u64(j, "headers_suppressed", c.suppressed);
	json_close(j, '}');
}

int kernlog_to_json(const struct kernlog *k, struct buf *out)
{
	struct json j = json_into(out);
	size_t rows = 0;

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.kernlog/1");
	json_open(&j, "kills", '[');
	for (size_t i = 0; i < kernlog_kills(k); i++)
		put_kill(&j, kernlog_kill(k, i), &rows);
	json_close(&j, ']');
	json_open(&j, "reports", '[');
	for (size_t i = 0; i < kernlog_reports(k); i++)
		put_kill(&j, kernlog_report(k, i), &rows);
	json_close(&j, ']');
	json_open(&j, "other_killers", '[');
	for (size_t i = 0; i < kernlog_others(k); i++)
		put_other(&j, kernlog_other(k, i));
	json_close(&j, ']');
	put_counts(&j, kernlog_counts(k));
	json_close(&j, '}');
	return out->failed;
}
