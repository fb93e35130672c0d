/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_handlers: who reads which line of a report, for the table in
 * kernlog_message.c. Each adds what the line says to the report it is of, or
 * to none.
 */
#ifndef HOST_KERNLOG_HANDLERS_H
#define HOST_KERNLOG_HANDLERS_H

#include "host/kernlog_parser.h"

/* kernlog_memcg.c: "Task in …", "memory: usage …", "Memory cgroup stats for …", "anon 4096" */
void on_task_in(struct kernlog *k, const struct logline *line);
void on_usage(struct kernlog *k, const struct logline *line);
void on_stats(struct kernlog *k, const struct logline *line);
void on_stat(struct kernlog *k, const struct logline *line);

/* Numbers that were held until their group was named: now @r names it. */
void memcg_bind(struct kernlog *k, struct report *r);

/* kernlog_trace.c: "RIP: …", "out_of_memory+0x…", "Mem-Info:", "Node 0 DMA: …", "[ pid ] …" */
void on_regs(struct kernlog *k, const struct logline *line);
void on_frame(struct kernlog *k, const struct logline *line);
void on_meminfo(struct kernlog *k, const struct logline *line);
void on_buddy(struct kernlog *k, const struct logline *line);
void on_table(struct kernlog *k, const struct logline *line);

#endif /* HOST_KERNLOG_HANDLERS_H */
