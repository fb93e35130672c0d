/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_lines: one parser for each kind of line of the kernel's OOM report.
 *
 * Each gets the message without prefixes, and views into it are what it
 * returns. What a line does not say stays unknown (KERNLOG_UNKNOWN, an empty
 * view). Sizes are bytes. @cut: the message may end inside its last field.
 */
#ifndef HOST_KERNLOG_LINES_H
#define HOST_KERNLOG_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "host/kernlog.h"

/* "Out of memory: Killed process 12 (api) total-vm:4kB, anon-rss:4kB, …", five spellings. */
struct line_killed {
	struct str words; /* before "Killed process", without blanks: "Out of memory:" */
	int pid;
	struct str comm;
	uint64_t total_vm, anon_rss, file_rss, shmem_rss, pgtables, uid;
	int oom_score_adj;
	bool oom_score_adj_known;
};

/* The next one in @s, which then begins behind it. False if there is none. */
bool line_take_killed(struct str *s, bool cut, struct line_killed *ret) _must_use_;

/* "Kill process 410 (netdata) score 1002 or sacrifice child" (before 5.1): chosen, not yet dead. */
bool line_chosen(struct str msg, int *ret_pid, struct str *ret_comm) _must_use_;

/* Memcg or global by the words before "Kill"; unknown where there are none. */
enum kernlog_kind line_kind(struct str words);

struct line_header {
	struct str comm, gfp;
	int order;
	bool order_known;
};

/* "api invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
bool line_header(struct str msg, bool cut, struct line_header *ret) _must_use_;

struct line_cpu {
	int pid;
	struct str comm, release; /* release may be empty */
};

/* "CPU: 1 UID: 0 PID: 12 Comm: api Not tainted 6.12.1 #1"; RHEL 6: "Pid: 12, comm: api Not …" */
bool line_cpu(struct str msg, bool cut, struct line_cpu *ret) _must_use_;

/* "usage 1kB, limit 2kB, failcnt 3" behind "memory: " and its like. */
bool line_usage(struct str s, uint64_t *ret_usage, uint64_t *ret_limit, uint64_t *ret_failcnt)
	_must_use_;

struct line_constraint {
	enum kernlog_kind kind; /* memcg, cpuset, mempolicy, global */
	struct str oom_memcg, task_memcg, task;
	int pid; /* 0: not on this line */
};

/*
 * "oom-kill:constraint=…,oom_memcg=P,task_memcg=P,task=C,pid=N,uid=N", whole
 * or a part that printk broke off (then it begins with one of the commas).
 */
bool line_constraint(struct str msg, bool cut, struct line_constraint *ret) _must_use_;

/* "Task in A killed as a result of limit of B" (before 5.0): A, B. */
bool line_task_in(struct str msg, bool cut, struct str *ret_task, struct str *ret_limit) _must_use_;

/* @group is @task itself, or one that it is in. */
bool line_is_above(struct str group, struct str task);

/* The page size that an "unlimited" of @limit bytes gives away; 0: it is none. */
uint64_t line_unlimited_page_size(uint64_t limit);

#endif /* HOST_KERNLOG_LINES_H */
