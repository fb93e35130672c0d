/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case: all that is known of one Go process and of its end. Evidence, no opinion.
 *
 * The recorder fills it from a live or dying process, the file reader from
 * disk, the kernel log reader from text; causes only read it. The same case
 * gives the same verdict next year: nothing here depends on the clock, the
 * machine or the locale of whoever judges.
 *
 * "Not observed" is UNKNOWN_U64 (UNKNOWN_I64), a NULL string or an absent
 * snapshot, never 0. Everything lives in the case's arena.
 */
#ifndef CASE_CASE_H
#define CASE_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

#define UNKNOWN_U64 UINT64_MAX
#define UNKNOWN_I64 INT64_MIN
#define CASE_NO_LIMIT (UINT64_MAX - 1)	/* observed: there is none */
#define CASE_MEMORY_LIMIT_OFF INT64_MAX /* GOMEMLIMIT not set */

static inline bool known(uint64_t v)
{
	return v != UNKNOWN_U64;
}

enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct case_subject {
	int pid; /* 0 unknown */
	const char *comm, *exe, *cmdline;
	const char *go_version, *module, *build_id;
	const char *cgroup; /* path of the group that is charged */
	const char *container_id, *container_name;
	int64_t started_wall_ns; /* UNKNOWN_I64 */
	enum tri has_cgo;	 /* the program itself calls C, not only the standard library */
	enum tri is_go;
};

struct case_host {
	const char *kernel;		   /* release */
	uint64_t mem_total, mem_available; /* bytes, at the end */
	uint64_t page_size;
	int cgroup_version; /* 1, 2, 0 unknown */
	uint64_t n_cpus;
};

/* One limit that applies to the process, nearest first. */
struct case_limit {
	const char *source;		   /* the file it was read from, or "host" */
	const char *scope;		   /* container, pod, slice, service, group, host */
	uint64_t limit_bytes, usage_bytes; /* as last seen */
};

/* What the limit counted, from the group's own statistics (v1 and v2 names made one). */
struct case_charge {
	uint64_t usage, limit, peak; /* limit: CASE_NO_LIMIT if none */
	uint64_t anon, file, shmem;  /* file: page cache without shmem */
	uint64_t file_mapped, file_dirty;
	uint64_t kernel, kernel_stack, pagetables, slab,
		sock; /* parts of kernel beside it; sock as ledger says */
	uint64_t swap;
	uint64_t oom_events, oom_kills, max_events; /* counters, absolute */
	uint64_t psi_full_us;			    /* memory.pressure full total */
	uint64_t refaults_file;
};

struct case_process { /* of the group (or the host), the target among them */
	int pid;
	const char *comm;
	bool target;
	uint64_t rss_anon, rss_file, rss_shmem;
	uint64_t first_rss_anon; /* when the record began; UNKNOWN_U64 */
	int oom_score_adj;
};

/* The target's resident memory by owner, from pagemap and the runtime's arenas; bytes. */
struct case_resident {
	uint64_t rss_anon, rss_file, rss_shmem, swap; /* status */
	uint64_t heap_spans;	   /* pages of heap spans in use that are present */
	uint64_t heap_nonresident; /* of heap spans in use: not present (untouched or swapped) */
	uint64_t heap_free;	   /* present in the arenas, in no span in use */
	uint64_t go_stacks;	   /* present in stack spans */
	uint64_t go_meta;	   /* present in the runtime's other mappings */
	bool go_meta_exact;  /* by mapping names or by elimination (no cgo); else the runtime's sums
			      */
	uint64_t image_anon; /* data, bss and relocated pages of the binary and its libraries */
	uint64_t thread_stacks; /* of C threads and the main stack */
	uint64_t native;	/* anonymous, of none of the above */
	uint64_t brk;		/* of native: the [heap] mapping (malloc) */
	uint64_t threads, fds;	/* counts */
	uint64_t anon_huge;	/* AnonHugePages */
};

struct case_frame {
	const char *function, *file, *module; /* module NULL: unknown; "std" the library */
	uint32_t line;
};

struct case_stack { /* leaf first, logical frames */
	uint32_t n;
	const struct case_frame **frames;
};

struct case_goroutines { /* one group: same state, stack and creator */
	uint64_t count;
	const char *state; /* Go's own words */
	bool system;
	struct case_stack stack;
	const struct case_frame *created_by; /* NULL: main or unknown */
	const char *start;		     /* function it was started with; NULL unknown */
	uint64_t stack_bytes;
	int64_t wait_min_ns, wait_max_ns, wait_mean_ns; /* -1 unknown */
};

struct case_site { /* an allocation site of the heap profile; scaled estimates */
	struct case_stack stack;
	uint64_t object_bytes; /* size of one object, 0 mixed */
	int64_t alloc_objects, alloc_bytes, inuse_objects, inuse_bytes; /* published */
	int64_t latest_alloc_objects, latest_alloc_bytes, latest_inuse_objects, latest_inuse_bytes;
};

struct case_span_class {
	uint64_t size; /* 0: large objects */
	bool noscan;
	uint64_t spans, bytes, slots, objects, marked;
};

struct case_large {
	uint64_t size;
	const char *type; /* NULL unknown */
	bool marked;
};

/* The runtime's numbers at one moment; names as in MemStats, bytes. */
struct case_gostats {
	uint64_t heap_alloc, heap_inuse, heap_idle, heap_released, heap_free, heap_objects;
	uint64_t stack_inuse, mspan_inuse, mspan_sys, mcache_sys, buckhash_sys, gc_sys, other_sys,
		sys;
	uint64_t total_alloc, mallocs, frees;
	uint64_t heap_goal, heap_marked, heap_live, mapped_ready;
	uint64_t num_gc, num_forced_gc, pause_total_ns;
	double gc_cpu_fraction;
	int64_t gogc;	      /* -1 off */
	int64_t memory_limit; /* CASE_MEMORY_LIMIT_OFF */
	uint64_t gcphase;
	bool limiter_on;
	uint64_t gomaxprocs, mem_profile_rate;
};

/* Who holds the heap: roots in groups, from the object graph of one moment. */
enum holder_kind {
	HOLDER_GLOBAL,
	HOLDER_GOROUTINE, /* a group: the same start function and the same wait */
	HOLDER_FINALIZER,
	HOLDER_RUNTIME,
	HOLDER_SHARED, /* kept by several of the others */
	HOLDER_KIND_COUNT
};

struct case_holder {
	enum holder_kind kind;
	const char *name;   /* "main.sessions"; a goroutine group: its start function */
	const char *path;   /* from the name to the object that holds most: ".users[]"; "" itself */
	const char *type;   /* of what holds (map[string]*main.Session); NULL unknown */
	const char *module; /* NULL unknown */
	bool by_reference;  /* global: @name tells the functions that refer to it */
	uint64_t objects, retained_bytes; /* that nothing else keeps alive, size-class rounded */
	uint64_t elements;		  /* of the collection at @path: used; UNKNOWN_U64 */
	uint64_t room;			  /* and how many it has room for; UNKNOWN_U64 */
	uint64_t goroutines;		  /* of a goroutine group */
	uint64_t stuck; /* of them, proved: nothing able to run can wake them; UNKNOWN_U64 */
};

/* Small views that keep large arrays: bytes some live view sees, bytes pinned. */
struct case_pinned {
	const char *holder, *path, *type; /* where the views are stored; NULL unknown */
	uint64_t count, visible_bytes, pinned_bytes;
};

struct case_type {
	const char *name;
	uint64_t objects, bytes;
};

struct case_objects {
	const char *mode;		     /* stopped, live, dead, core */
	uint64_t total_bytes;		     /* of all objects that are allocated */
	uint64_t reached_bytes, typed_bytes; /* from the roots; of them with a type */
	uint64_t conservative_bytes;
	int64_t stopped_ns;	     /* -1: no stop */
	struct case_holder *holders; /* the largest first */
	size_t n_holders;
	struct case_pinned *pinned;
	size_t n_pinned;
	struct case_type *types;
	size_t n_types;
};

enum snapshot_why { SNAP_START, SNAP_PERIODIC, SNAP_STAGE, SNAP_END, SNAP_KILL, SNAP_COUNT };

/* Pointers are NULL (counts 0) where that part could not be read; @missing says why. */
struct case_snapshot {
	int64_t t; /* CLOCK_MONOTONIC ns */
	enum snapshot_why why;
	const struct case_gostats *stats;
	const struct case_resident *resident;
	const struct case_charge *charge;
	bool have_goroutines, have_sites, have_spans;
	uint64_t goroutines; /* as NumGoroutine */
	struct case_goroutines *groups;
	size_t n_groups;
	struct case_site *sites;
	size_t n_sites;
	struct case_span_class *classes;
	size_t n_classes;
	struct case_large *large; /* the largest first */
	size_t n_large;
	const struct case_objects *objects; /* NULL: no graph was made */
	uint64_t large_bytes, large_count;
	uint64_t object_bytes, span_bytes,
		dead_bytes; /* spans: allocated, in use, unswept garbage */
	int64_t torn_bytes;
};

struct case_sample { /* one line of the series; UNKNOWN_U64 where not had */
	int64_t t;
	uint64_t charge;
	uint64_t charge_file; /* of charge: page cache without shmem, which the kernel can take
				 back */
	uint64_t rss_anon, rss_file, rss_shmem;
	uint64_t others_anon; /* of the group's other processes */
	uint64_t heap_live, heap_marked, heap_goal, heap_inuse, heap_free, heap_released;
	uint64_t stack_inuse, meta; /* meta: the runtime's own structures */
	uint64_t mapped_ready;	    /* all that the runtime holds */
	uint64_t total_alloc, allglen, num_gc, threads, fds;
};

struct case_cycle { /* one completed GC cycle */
	int64_t t;  /* when the mark ended */
	uint64_t num_gc, heap_marked, heap_goal;
	uint64_t non_heap; /* charge (or rss_anon) - heap_inuse - heap_free of the nearest sample;
			      UNKNOWN_U64 */
};

enum oom_kind {
	OOM_UNKNOWN,
	OOM_NONE,
	OOM_MEMCG,
	OOM_GLOBAL,
	OOM_CPUSET,
	OOM_MEMPOLICY,
	OOM_SYSRQ,
	OOM_NO_KILLABLE,
	OOM_GO_RUNTIME,
	OOM_USERSPACE,
	OOM_KIND_COUNT
};

struct case_task { /* a row of the kernel's task table */
	int pid;
	const char *comm;
	uint64_t rss_bytes;
	int oom_score_adj;
};

/* One kill as the kernel log has it. */
struct case_kill {
	int64_t wall_ns;   /* UNKNOWN_I64 */
	int64_t uptime_ns; /* printk's stamp; UNKNOWN_I64 */
	enum oom_kind kind;
	int pid, trigger_pid; /* 0 unknown */
	const char *comm, *trigger_comm, *oom_memcg, *task_memcg;
	uint64_t total_vm, anon_rss, file_rss, shmem_rss;
	uint64_t limit, usage;
	struct case_task *tasks;
	size_t n_tasks;
	const char *
		*lines; /* the kernel's own: header, constraint, kill line; as text, prefix kept */
	size_t n_lines;
};

/* How the process ended. */
struct case_end {
	bool alive;	    /* it had not ended when the case was closed */
	bool observed;	    /* we reaped it or saw it go */
	int exit_status;    /* -1 unknown or signalled */
	int signal;	    /* 0 none, -1 unknown */
	int64_t wall_ns, t; /* UNKNOWN_I64; t CLOCK_MONOTONIC */
	bool held;	    /* its memory was read at the kill */
	int64_t held_ns;
	enum tri group_counted_kill;  /* memory.events/oom_control oom_kill rose across the death */
	enum tri kernel_log_read;     /* the log of that time could be read */
	const struct case_kill *kill; /* the log's kill of this very pid and time, or NULL */
	const char *other_killer; /* "systemd-oomd", "earlyoom", "kubelet": its log names this pid;
				     NULL */
	const char *other_line;	  /* that line */
	const char *sender;	  /* who sent SIGKILL, if known */
	const char *go_fatal;	  /* "runtime: out of memory", if the runtime died of itself */
};

struct case_missing {	  /* could not be looked at */
	const char *what; /* "heap profile", "goroutines", "kernel log" */
	const char *why;
};

struct case_run {	    /* how it was recorded */
	int64_t begin, end; /* CLOCK_MONOTONIC */
	int64_t begin_wall_ns;
	uint64_t samples_lost;
	const char *mode; /* run, diagnose, kernlog */
	const char *tool_version;
	uint64_t cpu_ns; /* the recorder's own */
};

#define CASE_MISSING_MAX 32
#define CASE_LIMITS_MAX 16

struct whycase {
	struct arena *arena;
	struct case_subject subject;
	struct case_host host;
	struct case_limit limits[CASE_LIMITS_MAX];
	unsigned n_limits;
	struct case_process *processes;
	size_t n_processes;
	struct case_sample *samples; /* in time order */
	size_t n_samples, room_samples;
	struct case_cycle *cycles;
	size_t n_cycles, room_cycles;
	struct case_snapshot *snapshots; /* in time order */
	size_t n_snapshots, room_snapshots;
	struct case_end end;
	struct case_kill *kills; /* all kills of the log that was read */
	size_t n_kills;
	struct case_missing missing[CASE_MISSING_MAX];
	unsigned n_missing;
	struct case_run run;
};

/* An empty case: everything unknown. */
void case_init(struct whycase *c, struct arena *a);

/* Append; -ENOMEM when the arena is spent. Arrays grow by doubling inside the arena. */
int case_add_sample(struct whycase *c, const struct case_sample *s) _must_use_;
int case_add_cycle(struct whycase *c, const struct case_cycle *y) _must_use_;
/* Zeroed; NULL: no room. The pointer is good until the next snapshot is added (the array moves). */
struct case_snapshot *case_add_snapshot(struct whycase *c);
/* Both strings are copied. What was said before is not said again; past the room it is dropped. */
void case_add_missing(struct whycase *c, const char *what, const char *why);
void case_sample_init(struct case_sample *s); /* all unknown */
void case_charge_init(struct case_charge *g);
void case_resident_init(struct case_resident *r);
void case_gostats_init(struct case_gostats *g);
void case_process_init(struct case_process *p);
void case_kill_init(struct case_kill *k);
void case_limit_init(struct case_limit *l);

/* The newest snapshot that has the part asked for, or NULL. */
const struct case_snapshot *case_last_with_goroutines(const struct whycase *c);
const struct case_snapshot *case_last_with_sites(const struct whycase *c);
const struct case_snapshot *case_last_with_spans(const struct whycase *c);
const struct case_snapshot *case_last_with_stats(const struct whycase *c);
const struct case_charge *case_last_charge(const struct whycase *c);

/*
 * The limit that was hit, or is nearest: the kill's own if the log has it; else
 * of those that apply the one with the least room left (of a group's kill the
 * groups' only, of a global kill the host's); else the group's own.
 * UNKNOWN_U64, CASE_NO_LIMIT.
 */
uint64_t case_limit_bytes(const struct whycase *c);
const char *case_limit_source(const struct whycase *c); /* NULL unknown */

/* The charge as last seen: of the last snapshot or sample, whichever is later; UNKNOWN_U64. */
uint64_t case_charge_bytes(const struct whycase *c);

/* The kernel killed it because a memory group was full: its log says so, or the group counted it.
 */
bool case_group_killed(const struct whycase *c);

#endif /* CASE_CASE_H */
