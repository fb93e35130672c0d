/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_fields.h"

#include <math.h>
#include <string.h>

/* The kind of a plain member follows from its type; enums are told apart by hand. */
#define KIND(s, m) \
	_Generic(((struct s *)NULL)->m,         \
		 uint64_t: FIELD_U64,           \
		 int64_t: FIELD_I64,            \
		 uint32_t: FIELD_U32,           \
		 int: FIELD_INT,                \
		 double: FIELD_DOUBLE,          \
		 bool: FIELD_BOOL,              \
		 const char *: FIELD_STR)

#define AT(s, m) .at = offsetof(struct s, m)
#define F(s, m, label)                                                            \
	{                                                                         \
		.name = label, .kind = KIND(s, m), AT(s, m), .unknown = INT64_MIN \
	}
#define F_NULL(s, m, label, v)                                            \
	{                                                                 \
		.name = label, .kind = KIND(s, m), AT(s, m), .unknown = v \
	}
#define F_TRI(s, m, label)                                 \
	{                                                  \
		.name = label, .kind = FIELD_TRI, AT(s, m) \
	}
#define F_ENUM(s, m, label, n)                                          \
	{                                                               \
		.name = label, .kind = FIELD_ENUM, AT(s, m), .names = n \
	}
#define F_STRUCT(s, m, label, o)                                          \
	{                                                                 \
		.name = label, .kind = FIELD_STRUCT, AT(s, m), .of = &(o) \
	}
#define F_PTR(s, m, label, o)                                          \
	{                                                              \
		.name = label, .kind = FIELD_PTR, AT(s, m), .of = &(o) \
	}
#define F_FRAME(s, m, label)                                 \
	{                                                    \
		.name = label, .kind = FIELD_FRAME, AT(s, m) \
	}
#define F_STACK(s, m, label)                                 \
	{                                                    \
		.name = label, .kind = FIELD_STACK, AT(s, m) \
	}
#define F_ARRAY(s, m, label, k, n, o)                                                             \
	{                                                                                         \
		.name = label, .kind = k, AT(s, m), .count_at = offsetof(struct s, n), .of = &(o) \
	}
#define F_GROWS(s, m, label, k, n, room, o)                                            \
	{                                                                              \
		.name = label, .kind = k, AT(s, m), .count_at = offsetof(struct s, n), \
		.room_at = offsetof(struct s, room), .of = &(o)                        \
	}
#define F_FIXED(s, m, label, n, most, o)                                                         \
	{                                                                                        \
		.name = label, .kind = FIELD_FIXED, AT(s, m), .count_at = offsetof(struct s, n), \
		.max = most, .of = &(o)                                                          \
	}
#define F_LINES(s, m, label, n)                                                                 \
	{                                                                                       \
		.name = label, .kind = FIELD_LINES, AT(s, m), .count_at = offsetof(struct s, n) \
	}

#define SHAPE(s)                                                                           \
	{                                                                                  \
		.size = sizeof(struct s), .align = alignof(struct s), .fields = s##_fields \
	}

static const char *const snapshot_why_names[] = {
	"start", "periodic", "stage", "end", "kill", NULL
};

/* As oom.kind of the verdict. */
static const char *const oom_kind_names[] = { "unknown",    "none",	 "memcg", "global",
					      "cpuset",	    "mempolicy", "sysrq", "no-killable",
					      "go-runtime", "userspace", NULL };

_Static_assert(sizeof(snapshot_why_names) / sizeof(char *) == SNAP_COUNT + 1, "a name each");
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

static const struct field case_charge_fields[] = {
	F(case_charge, usage, "usage_bytes"),
	F(case_charge, limit, "limit_bytes"),
	F(case_charge, peak, "peak_bytes"),
	F(case_charge, anon, "anon_bytes"),
	F(case_charge, file, "file_bytes"),
	F(case_charge, shmem, "shmem_bytes"),
	F(case_charge, file_mapped, "file_mapped_bytes"),
	F(case_charge, file_dirty, "file_dirty_bytes"),
	F(case_charge, kernel, "kernel_bytes"),
	F(case_charge, kernel_stack, "kernel_stack_bytes"),
	F(case_charge, pagetables, "pagetables_bytes"),
	F(case_charge, slab, "slab_bytes"),
	F(case_charge, sock, "sock_bytes"),
	F(case_charge, swap, "swap_bytes"),
	F(case_charge, oom_events, "oom_events"),
	F(case_charge, oom_kills, "oom_kills"),
	F(case_charge, max_events, "max_events"),
	F(case_charge, psi_full_us, "psi_full_us"),
	F(case_charge, refaults_file, "refaults_file"),
	{ 0 },
};
const struct shape shape_charge = SHAPE(case_charge);

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

static const struct field case_resident_fields[] = {
	F(case_resident, rss_anon, "rss_anon_bytes"),
	F(case_resident, rss_file, "rss_file_bytes"),
	F(case_resident, rss_shmem, "rss_shmem_bytes"),
	F(case_resident, swap, "swap_bytes"),
	F(case_resident, heap_spans, "heap_spans_bytes"),
	F(case_resident, heap_nonresident, "heap_nonresident_bytes"),
	F(case_resident, heap_free, "heap_free_bytes"),
	F(case_resident, go_stacks, "go_stacks_bytes"),
	F(case_resident, go_meta, "go_meta_bytes"),
	F(case_resident, go_meta_exact, "go_meta_exact"),
	F(case_resident, image_anon, "image_anon_bytes"),
	F(case_resident, thread_stacks, "thread_stacks_bytes"),
	F(case_resident, native, "native_bytes"),
	F(case_resident, brk, "brk_bytes"),
	F(case_resident, threads, "threads"),
	F(case_resident, fds, "fds"),
	F(case_resident, anon_huge, "anon_huge_bytes"),
	{ 0 },
};
const struct shape shape_resident = SHAPE(case_resident);

static const struct field case_frame_fields[] = {
	F(case_frame, function, "function"),
	F(case_frame, file, "file"),
	F(case_frame, module, "module"),
	F(case_frame, line, "line"),
	{ 0 },
};
const struct shape shape_frame = SHAPE(case_frame);

static const struct field case_goroutines_fields[] = {
	F(case_goroutines, count, "count"),
	F(case_goroutines, state, "state"),
	F(case_goroutines, system, "system"),
	F_STACK(case_goroutines, stack, "stack"),
	F_FRAME(case_goroutines, created_by, "created_by"),
	F(case_goroutines, start, "start"),
	F(case_goroutines, stack_bytes, "stack_bytes"),
	F_NULL(case_goroutines, wait_min_ns, "wait_min_ns", -1),
	F_NULL(case_goroutines, wait_max_ns, "wait_max_ns", -1),
	F_NULL(case_goroutines, wait_mean_ns, "wait_mean_ns", -1),
	{ 0 },
};
static const struct shape shape_goroutines = SHAPE(case_goroutines);

static const struct field case_site_fields[] = {
	F_STACK(case_site, stack, "stack"),
	F(case_site, object_bytes, "object_bytes"),
	F(case_site, alloc_objects, "alloc_objects"),
	F(case_site, alloc_bytes, "alloc_bytes"),
	F(case_site, inuse_objects, "inuse_objects"),
	F(case_site, inuse_bytes, "inuse_bytes"),
	F(case_site, latest_alloc_objects, "latest_alloc_objects"),
	F(case_site, latest_alloc_bytes, "latest_alloc_bytes"),
	F(case_site, latest_inuse_objects, "latest_inuse_objects"),
	F(case_site, latest_inuse_bytes, "latest_inuse_bytes"),
	{ 0 },
};
static const struct shape shape_site = SHAPE(case_site);

static const struct field case_span_class_fields[] = {
	F(case_span_class, size, "size_bytes"),
	F(case_span_class, noscan, "noscan"),
	F(case_span_class, spans, "spans"),
	F(case_span_class, bytes, "span_bytes"),
	F(case_span_class, slots, "slots"),
	F(case_span_class, objects, "objects"),
	F(case_span_class, marked, "marked"),
	{ 0 },
};
static const struct shape shape_span_class = SHAPE(case_span_class);

static const struct field case_large_fields[] = {
	F(case_large, size, "size_bytes"),
	F(case_large, type, "type"),
	F(case_large, marked, "marked"),
	{ 0 },
};
static const struct shape shape_large = SHAPE(case_large);

static const struct field case_gostats_fields[] = {
	F(case_gostats, heap_alloc, "heap_alloc_bytes"),
	F(case_gostats, heap_inuse, "heap_inuse_bytes"),
	F(case_gostats, heap_idle, "heap_idle_bytes"),
	F(case_gostats, heap_released, "heap_released_bytes"),
	F(case_gostats, heap_free, "heap_free_bytes"),
	F(case_gostats, heap_objects, "heap_objects"),
	F(case_gostats, stack_inuse, "stack_inuse_bytes"),
	F(case_gostats, mspan_inuse, "mspan_inuse_bytes"),
	F(case_gostats, mspan_sys, "mspan_sys_bytes"),
	F(case_gostats, mcache_sys, "mcache_sys_bytes"),
	F(case_gostats, buckhash_sys, "buckhash_sys_bytes"),
	F(case_gostats, gc_sys, "gc_sys_bytes"),
	F(case_gostats, other_sys, "other_sys_bytes"),
	F(case_gostats, sys, "sys_bytes"),
	F(case_gostats, total_alloc, "total_alloc_bytes"),
	F(case_gostats, mallocs, "mallocs"),
	F(case_gostats, frees, "frees"),
	F(case_gostats, heap_goal, "heap_goal_bytes"),
	F(case_gostats, heap_marked, "heap_marked_bytes"),
	F(case_gostats, heap_live, "heap_live_bytes"),
	F(case_gostats, mapped_ready, "mapped_ready_bytes"),
	F(case_gostats, num_gc, "num_gc"),
	F(case_gostats, num_forced_gc, "num_forced_gc"),
	F(case_gostats, pause_total_ns, "pause_total_ns"),
	F(case_gostats, gc_cpu_fraction, "gc_cpu_fraction"),
	F(case_gostats, gogc, "gogc"),
	F(case_gostats, memory_limit, "memory_limit_bytes"),
	F(case_gostats, gcphase, "gcphase"),
	F(case_gostats, limiter_on, "limiter_on"),
	F(case_gostats, gomaxprocs, "gomaxprocs"),
	F(case_gostats, mem_profile_rate, "mem_profile_rate"),
	{ 0 },
};
const struct shape shape_gostats = SHAPE(case_gostats);

static const struct field case_snapshot_fields[] = {
	F(case_snapshot, t, "t_ns"),
	F_ENUM(case_snapshot, why, "why", snapshot_why_names),
	F_PTR(case_snapshot, stats, "stats", shape_gostats),
	F_PTR(case_snapshot, resident, "resident", shape_resident),
	F_PTR(case_snapshot, charge, "charge", shape_charge),
	F(case_snapshot, have_goroutines, "have_goroutines"),
	F(case_snapshot, have_sites, "have_sites"),
	F(case_snapshot, have_spans, "have_spans"),
	F(case_snapshot, goroutines, "goroutines"),
	F_ARRAY(case_snapshot, groups, "groups", FIELD_COLUMNS, n_groups, shape_goroutines),
	F_ARRAY(case_snapshot, sites, "sites", FIELD_COLUMNS, n_sites, shape_site),
	F_ARRAY(case_snapshot, classes, "classes", FIELD_COLUMNS, n_classes, shape_span_class),
	F_ARRAY(case_snapshot, large, "large", FIELD_COLUMNS, n_large, shape_large),
	F(case_snapshot, large_bytes, "large_bytes"),
	F(case_snapshot, large_count, "large_count"),
	F(case_snapshot, object_bytes, "object_bytes"),
	F(case_snapshot, span_bytes, "span_bytes"),
	F(case_snapshot, dead_bytes, "dead_bytes"),
	F(case_snapshot, torn_bytes, "torn_bytes"),
	{ 0 },
};
static const struct shape shape_snapshot = SHAPE(case_snapshot);

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
