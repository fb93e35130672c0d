/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_fields.h"

#include <math.h>
#include <string.h>

#include "case/case_rows.h"

/* As oom.kind of the verdict. */
static const char *const oom_kind_names[] = { "unknown",    "none",	 "memcg", "global",
					      "cpuset",	    "mempolicy", "sysrq", "no-killable",
					      "go-runtime", "userspace", NULL };

_Static_assert(sizeof(oom_kind_names) / sizeof(char *) == OOM_KIND_COUNT + 1, "a name each");

/* clang-format off */
static const struct field case_subject_fields[] = {
	F_NULL(case_subject, pid, "pid", 0),
	F(case_subject, comm, "comm"),
	F(case_subject, exe, "exe"),
	F(case_subject, cmdline, "cmdline"),
	F(case_subject, go_version, "go_version"),
	F(case_subject, module, "module"),
	F(case_subject, build_id, "build_id"),
	F(case_subject, cgroup, "cgroup"),
	F(case_subject, container_id, "container_id"),
	F(case_subject, container_name, "container_name"),
	F(case_subject, started_wall_ns, "started_wall_ns"),
	F_TRI(case_subject, has_cgo, "has_cgo"),
	F_TRI(case_subject, is_go, "is_go"),
	{ 0 },
};
static const struct shape shape_subject = SHAPE(case_subject);

static const struct field case_host_fields[] = {
	F(case_host, kernel, "kernel"),
	F(case_host, mem_total, "mem_total_bytes"),
	F(case_host, mem_available, "mem_available_bytes"),
	F(case_host, page_size, "page_size_bytes"),
	F_NULL(case_host, cgroup_version, "cgroup_version", 0),
	F(case_host, n_cpus, "n_cpus"),
	{ 0 },
};
static const struct shape shape_host = SHAPE(case_host);

static const struct field case_limit_fields[] = {
	F(case_limit, source, "source"),
	F(case_limit, scope, "scope"),
	F(case_limit, limit_bytes, "limit_bytes"),
	F(case_limit, usage_bytes, "usage_bytes"),
	{ 0 },
};
const struct shape shape_limit = SHAPE(case_limit);

static const struct field case_process_fields[] = {
	F_NULL(case_process, pid, "pid", 0),
	F(case_process, comm, "comm"),
	F(case_process, target, "target"),
	F(case_process, rss_anon, "rss_anon_bytes"),
	F(case_process, rss_file, "rss_file_bytes"),
	F(case_process, rss_shmem, "rss_shmem_bytes"),
	F(case_process, first_rss_anon, "first_rss_anon_bytes"),
	F_NULL(case_process, oom_score_adj, "oom_score_adj", FIELD_NEVER_NULL),
	{ 0 },
};
const struct shape shape_process = SHAPE(case_process);

static const struct field case_frame_fields[] = {
	F(case_frame, function, "function"),
	F(case_frame, file, "file"),
	F(case_frame, module, "module"),
	F(case_frame, line, "line"),
	{ 0 },
};
const struct shape shape_frame = SHAPE(case_frame);

static const struct field case_sample_fields[] = {
	F(case_sample, t, "t_ns"),
	F(case_sample, charge, "charge_bytes"),
	F(case_sample, charge_file, "charge_file_bytes"),
	F(case_sample, rss_anon, "rss_anon_bytes"),
	F(case_sample, rss_file, "rss_file_bytes"),
	F(case_sample, rss_shmem, "rss_shmem_bytes"),
	F(case_sample, others_anon, "others_anon_bytes"),
	F(case_sample, heap_live, "heap_live_bytes"),
	F(case_sample, heap_marked, "heap_marked_bytes"),
	F(case_sample, heap_goal, "heap_goal_bytes"),
	F(case_sample, heap_inuse, "heap_inuse_bytes"),
	F(case_sample, heap_free, "heap_free_bytes"),
	F(case_sample, heap_released, "heap_released_bytes"),
	F(case_sample, stack_inuse, "stack_inuse_bytes"),
	F(case_sample, meta, "meta_bytes"),
	F(case_sample, mapped_ready, "mapped_ready_bytes"),
	F(case_sample, total_alloc, "total_alloc_bytes"),
	F(case_sample, allglen, "allglen"),
	F(case_sample, num_gc, "num_gc"),
	F(case_sample, threads, "threads"),
	F(case_sample, fds, "fds"),
	{ 0 },
};
const struct shape shape_sample = SHAPE(case_sample);

static const struct field case_cycle_fields[] = {
	F(case_cycle, t, "t_ns"),
	F(case_cycle, num_gc, "num_gc"),
	F(case_cycle, heap_marked, "heap_marked_bytes"),
	F(case_cycle, heap_goal, "heap_goal_bytes"),
	F(case_cycle, non_heap, "non_heap_bytes"),
	{ 0 },
};
static const struct shape shape_cycle = SHAPE(case_cycle);

static const struct field case_task_fields[] = {
	F_NULL(case_task, pid, "pid", 0),
	F(case_task, comm, "comm"),
	F(case_task, rss_bytes, "rss_bytes"),
	F_NULL(case_task, oom_score_adj, "oom_score_adj", FIELD_NEVER_NULL),
	{ 0 },
};
static const struct shape shape_task = SHAPE(case_task);

static const struct field case_kill_fields[] = {
	F(case_kill, wall_ns, "wall_ns"),
	F(case_kill, uptime_ns, "uptime_ns"),
	F_ENUM(case_kill, kind, "kind", oom_kind_names),
	F_NULL(case_kill, pid, "pid", 0),
	F_NULL(case_kill, trigger_pid, "trigger_pid", 0),
	F(case_kill, comm, "comm"),
	F(case_kill, trigger_comm, "trigger_comm"),
	F(case_kill, oom_memcg, "oom_memcg"),
	F(case_kill, task_memcg, "task_memcg"),
	F(case_kill, total_vm, "total_vm_bytes"),
	F(case_kill, anon_rss, "anon_rss_bytes"),
	F(case_kill, file_rss, "file_rss_bytes"),
	F(case_kill, shmem_rss, "shmem_rss_bytes"),
	F(case_kill, limit, "limit_bytes"),
	F(case_kill, usage, "usage_bytes"),
	F_ARRAY(case_kill, tasks, "tasks", FIELD_COLUMNS, n_tasks, shape_task),
	F_LINES(case_kill, lines, "lines", n_lines),
	{ 0 },
};
const struct shape shape_kill = SHAPE(case_kill);

static const struct field case_end_fields[] = {
	F(case_end, alive, "alive"),
	F(case_end, observed, "observed"),
	F_NULL(case_end, exit_status, "exit_status", -1),
	F_NULL(case_end, signal, "signal", -1),
	F(case_end, wall_ns, "wall_ns"),
	F(case_end, t, "t_ns"),
	F(case_end, held, "held"),
	F(case_end, held_ns, "held_ns"),
	F_TRI(case_end, group_counted_kill, "group_counted_kill"),
	F_TRI(case_end, kernel_log_read, "kernel_log_read"),
	F_PTR(case_end, kill, "kill", shape_kill),
	F(case_end, other_killer, "other_killer"),
	F(case_end, other_line, "other_line"),
	F(case_end, sender, "sender"),
	F(case_end, go_fatal, "go_fatal"),
	{ 0 },
};
static const struct shape shape_end = SHAPE(case_end);

static const struct field case_missing_fields[] = {
	F(case_missing, what, "what"),
	F(case_missing, why, "why"),
	{ 0 },
};
static const struct shape shape_missing = SHAPE(case_missing);

static const struct field case_run_fields[] = {
	F(case_run, begin, "begin_ns"),
	F(case_run, end, "end_ns"),
	F(case_run, begin_wall_ns, "begin_wall_ns"),
	F(case_run, samples_lost, "samples_lost"),
	F(case_run, mode, "mode"),
	F(case_run, tool_version, "tool_version"),
	F(case_run, cpu_ns, "cpu_ns"),
	{ 0 },
};
static const struct shape shape_run = SHAPE(case_run);

static const struct field whycase_fields[] = {
	F_STRUCT(whycase, subject, "subject", shape_subject),
	F_STRUCT(whycase, host, "host", shape_host),
	F_FIXED(whycase, limits, "limits", n_limits, CASE_LIMITS_MAX, shape_limit),
	F_ARRAY(whycase, processes, "processes", FIELD_ROWS, n_processes, shape_process),
	F_GROWS(whycase, samples, "samples", FIELD_COLUMNS, n_samples, room_samples, shape_sample),
	F_GROWS(whycase, cycles, "cycles", FIELD_COLUMNS, n_cycles, room_cycles, shape_cycle),
	F_GROWS(whycase, snapshots, "snapshots", FIELD_ROWS, n_snapshots, room_snapshots,
		shape_snapshot),
	F_STRUCT(whycase, end, "end", shape_end),
	F_ARRAY(whycase, kills, "kills", FIELD_ROWS, n_kills, shape_kill),
	F_FIXED(whycase, missing, "missing", n_missing, CASE_MISSING_MAX, shape_missing),
	F_STRUCT(whycase, run, "run", shape_run),
	{ 0 },
};
const struct shape shape_case = SHAPE(whycase);
/* clang-format on */

static void clear_one(const struct field *f, void *at)
{
	switch (f->kind) {
	case FIELD_U64:
		*(uint64_t *)at = UNKNOWN_U64;
		break;
	case FIELD_I64:
		*(int64_t *)at = f->unknown;
		break;
	case FIELD_INT:
		*(int *)at = f->unknown == FIELD_NEVER_NULL ? 0 : (int)f->unknown;
		break;
	case FIELD_DOUBLE:
		*(double *)at = (double)NAN;
		break;
	case FIELD_STRUCT:
		fields_clear(f->of, at);
		break;
	default:
		break; /* all bits 0: false, NULL, unknown, none */
	}
}

void fields_clear(const struct shape *shape, void *p)
{
	memset(p, 0, shape->size);
	for (const struct field *f = shape->fields; f->name; f++)
		clear_one(f, (char *)p + f->at);
}

void *field_elements(const struct field *f, const void *p, size_t *ret_n)
{
	const char *base = p;

	if (f->kind == FIELD_FIXED) {
		*ret_n = *(const unsigned *)(base + f->count_at);
		return (void *)(uintptr_t)(base + f->at);
	}
	*ret_n = *(const size_t *)(base + f->count_at);
	return *(void *const *)(base + f->at);
}
