/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog: what the kernel log says of processes killed for memory.
 *
 * Feed it any log in pieces of any size: dmesg in all its dresses, records of
 * /dev/kmsg, syslog, journalctl (text or JSON), grep output, a paste from a bug
 * report. It reads lines, not blocks: only a "Killed process" line proves a
 * kill (mm/oom_kill.c prints it always; the header and the constraint line are
 * limited to ten in five seconds, and log daemons drop more). Whatever else
 * was printed is added to the kill it belongs to, or left unknown where two
 * reports run through each other and a line could be of either.
 *
 * Memory is bounded whatever the input: past the budget the oldest kills lose
 * their task tables, then go (counted in kernlog_counts). Results belong to
 * the parser and live until kernlog_free().
 *
 * Lines known: kernels 2.6.32 to 6.18 (Documentation has none of it; the
 * source is mm/oom_kill.c, mm/memcontrol.c, mm/memcontrol-v1.c and
 * kernel/printk/printk.c).
 */
#ifndef HOST_KERNLOG_H
#define HOST_KERNLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define KERNLOG_UNKNOWN UINT64_MAX
#define KERNLOG_NO_LIMIT (UINT64_MAX - 1) /* the kernel says: unlimited */
#define KERNLOG_NO_TIME INT64_MIN
#define KERNLOG_BUDGET ((size_t)64 << 20) /* bytes of results, a good default */
#define KERNLOG_KILLS_MAX 4096		  /* the newest are kept */
#define KERNLOG_TASKS_MAX 32768		  /* rows of one table */
#define KERNLOG_COMM 32			  /* a comm has 15 bytes; a damaged line may have more */

enum kernlog_kind {
	KERNLOG_KIND_UNKNOWN,
	KERNLOG_MEMCG,
	KERNLOG_GLOBAL,
	KERNLOG_CPUSET,
	KERNLOG_MEMPOLICY,
	KERNLOG_SYSRQ,	     /* an administrator asked for it: order -1 */
	KERNLOG_NO_KILLABLE, /* every task was exempt; nobody was killed */
	KERNLOG_KIND_COUNT
};

/* "memcg", "no-killable", …; "unknown". */
const char *kernlog_kind_name(enum kernlog_kind kind);

/* A row of the table "Tasks state (memory values in pages)". */
struct kernlog_task {
	int pid, tgid; /* they differ only on kernels that list threads */
	int oom_score_adj;
	char comm[KERNLOG_COMM];
	uint64_t total_vm_pages, rss_pages;
};

/* The group whose limit was hit, in bytes. KERNLOG_UNKNOWN where not printed. */
struct kernlog_memcg {
	uint64_t usage, limit, failcnt;	   /* limit: KERNLOG_NO_LIMIT */
	uint64_t swap_usage, swap_limit;   /* v2 */
	uint64_t memsw_usage, memsw_limit; /* v1 "memory+swap" */
	uint64_t kmem_usage, kmem_limit;   /* v1 */
	uint64_t anon, file, shmem, kernel, kernel_stack, pagetables, sock, slab;
	uint64_t file_mapped, file_dirty;
};

/* Registers of the trigger when its fault did not fit; 0 unknown. amd64 only. */
struct kernlog_regs {
	uint64_t rip, rsp, rbp, r14; /* user mode: rip 0x482712, and r14 is g in Go >= 1.17 */
};

/*
 * One killed process, or a report in which nobody is known to have been killed
 * (@killed false; pid and comm then are whom the kernel had chosen, if it said).
 */
struct kernlog_kill {
	bool killed;
	bool quoted;	  /* known only from another daemon's line that quotes the kernel */
	bool kind_stated; /* by a constraint line or a cgroup's name; else by the kill line's words
			   */
	bool member;	  /* killed because of memory.oom.group, with the one chosen before */
	enum kernlog_kind kind;

	int64_t wall_ns;   /* since 1970, UTC; KERNLOG_NO_TIME */
	bool zone_known;   /* false: a local time whose zone the log does not tell, taken as UTC */
	bool wall_derived; /* year or boot time come from elsewhere than this line */
	int64_t uptime_ns; /* printk's clock; KERNLOG_NO_TIME */

	int pid; /* 0 unknown; as the host numbers processes */
	const char *comm;
	uint64_t total_vm, anon_rss, file_rss, shmem_rss, pgtables; /* bytes */
	uint64_t uid;
	int oom_score_adj;	  /* of the victim */
	bool oom_score_adj_known; /* it has no value that could mean unknown */

	int trigger_pid; /* 0 unknown; a thread's id */
	const char *trigger_comm;
	const char *kernel; /* release: "6.1.0-50-cloud-amd64" */
	const char *gfp;    /* as printed: "0xcc0(GFP_KERNEL)" */
	int order;
	bool order_known;
	const char *oom_memcg, *task_memcg; /* whose limit; where the victim was */
	const char *stats_memcg; /* "Memory cgroup stats for …": whose numbers @memcg has */
	bool limit_lowered;	 /* somebody wrote a limit below the usage */
	struct kernlog_memcg memcg;
	struct kernlog_regs regs;

	uint64_t page_size; /* that the table is in; KERNLOG_UNKNOWN where nothing proves it */
	const struct kernlog_task *tasks;
	size_t n_tasks;
	size_t tasks_dropped; /* past KERNLOG_TASKS_MAX or the budget */

	/* The log's own lines as they stand there, NULL where not had. */
	const char *header_line, *constraint_line, *kill_line;
	uint64_t first_line, last_line; /* from 1 */
};

/* A line of a daemon that kills on its own, or of systemd saying that the kernel did. */
struct kernlog_other {
	const char *killer; /* "systemd-oomd", "earlyoom", "kubelet", "talos"; "kernel": a service
			       manager's word for a kernel's kill that this log does not hold */
	int64_t wall_ns, uptime_ns;
	bool zone_known;
	int pid;	    /* 0 unknown */
	const char *comm;   /* NULL */
	const char *target; /* cgroup, unit or pod; NULL */
	const char *text;
	uint64_t line;
};

struct kernlog_counts {
	uint64_t bytes, lines;
	uint64_t kills_dropped;	  /* older than the newest KERNLOG_KILLS_MAX, or over the budget */
	uint64_t reports_dropped; /* as above */
	uint64_t long_lines;	  /* cut at 64 KiB */
	uint64_t suppressed;	  /* headers the kernel says it left out */
};

struct kernlog;

/* NULL when there is no memory. @budget: bytes of results, KERNLOG_BUDGET. */
struct kernlog *kernlog_new(size_t budget);
void kernlog_free(struct kernlog *k);
void kernlog_freep(struct kernlog **k); /* for _cleanup_() */

/*
 * The wall clock at printk's zero: kills that have only an uptime get their
 * time from it (marked as derived). For the log of this very boot.
 */
void kernlog_set_boot_wall(struct kernlog *k, int64_t wall_ns);

/* The next bytes of the log. 0, or -ENOMEM (what was read before stays). */
int kernlog_feed(struct kernlog *k, const void *p, size_t n) _must_use_;

/* The log is at its end: close what is open. Kills are complete before, too. */
int kernlog_finish(struct kernlog *k) _must_use_;

/* Read @fd to its end, then finish. @name is for messages. */
int kernlog_read(struct kernlog *k, int fd, const char *name, struct err *err) _must_use_;

/* In the order of the log. An index at or past the count gives NULL. */
size_t kernlog_kills(const struct kernlog *k);
const struct kernlog_kill *kernlog_kill(const struct kernlog *k, size_t i);
size_t kernlog_reports(const struct kernlog *k); /* after kernlog_finish() */
const struct kernlog_kill *kernlog_report(const struct kernlog *k, size_t i);
size_t kernlog_others(const struct kernlog *k);
const struct kernlog_other *kernlog_other(const struct kernlog *k, size_t i);
struct kernlog_counts kernlog_counts(const struct kernlog *k);

/* The newest kill of @pid, or NULL. */
const struct kernlog_kill *kernlog_find(const struct kernlog *k, int pid);

/* @pages in bytes, KERNLOG_UNKNOWN where the page size is not known. */
uint64_t kernlog_bytes(const struct kernlog_kill *kill, uint64_t pages);

#endif /* HOST_KERNLOG_H */
