/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of what a snapshot holds (case_fields.h), but for its object graph.
 */
#include "case/case_rows.h"

static const char *const snapshot_why_names[] = {
	"start", "periodic", "stage", "end", "kill", NULL
};

_Static_assert(sizeof(snapshot_why_names) / sizeof(char *) == SNAP_COUNT + 1, "a name each");

/* clang-format off */
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
	F_PTR(case_snapshot, objects, "objects", shape_objects),
	F(case_snapshot, large_bytes, "large_bytes"),
	F(case_snapshot, large_count, "large_count"),
	F(case_snapshot, object_bytes, "object_bytes"),
	F(case_snapshot, span_bytes, "span_bytes"),
	F(case_snapshot, dead_bytes, "dead_bytes"),
	F(case_snapshot, torn_bytes, "torn_bytes"),
	{ 0 },
};
const struct shape shape_snapshot = SHAPE(case_snapshot);
/* clang-format on */
