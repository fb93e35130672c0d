/* SPDX-License-Identifier: Apache-2.0 */
/* What the report shows around its words: registers, call trace, zones, the task table. */
#include "host/kernlog_handlers.h"
#include "host/kernlog_table.h"
#include "host/kernlog_take.h"

static void take_register(struct str s, uint64_t *to)
{
	uint64_t v;

	if (str_take_hex(&s, &v))
		*to = v;
}

void on_regs(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);
	struct str s = line->msg;
	uint64_t rip;
	ptrdiff_t at;

	if (!r)
		return;
	r->page_size = r->page_size ? r->page_size : 4096; /* amd64 has no other */
	if (str_take_prefix(&s, STR("RIP: 0033:")) || str_take_prefix(&s, STR("RIP: 0000:"))) {
		skip_if(&s, STR("["));
		skip_if(&s, STR("<"));
		skip_if(&s, STR("0x"));
		if (str_take_hex(&s, &rip) && !r->draft.regs.rip)
			r->draft.regs.rip = rip;
	}
	s = line->msg;
	if ((str_take_prefix(&s, STR("RSP: 002b:")) || str_take_prefix(&s, STR("RSP: 0000:"))) &&
	    !r->draft.regs.rsp)
		take_register(s, &r->draft.regs.rsp);
	s = line->msg;
	if (str_take_prefix(&s, STR("RBP: ")) && !r->draft.regs.rbp)
		take_register(s, &r->draft.regs.rbp);
	at = str_find(line->msg, STR(" R14: "));
	s = str_skip(line->msg, at < 0 ? line->msg.n : (size_t)at + 6);
	if (at >= 0 && !r->draft.regs.r14)
		take_register(s, &r->draft.regs.r14);
	report_touch(r, line);
}

/* A function of the call trace says how the allocator came to the killer. */
void on_frame(struct kernlog *k, const struct logline *line)
{
	static const struct {
		struct str name;
		bool opens, memcg, sysrq, lowered, global;
	} frames[] = {
		{ STR_INIT("dump_header+"), .opens = true },
		{ STR_INIT("oom_kill_process"), .opens = true },
		{ STR_INIT("mem_cgroup_out_of_memory+"), .memcg = true },
		{ STR_INIT("mem_cgroup_oom_synchronize+"), .memcg = true },
		{ STR_INIT("moom_callback+"), .sysrq = true },
		{ STR_INIT("memory_max_write+"), .lowered = true },
		{ STR_INIT("mem_cgroup_resize_max+"), .lowered = true },
		{ STR_INIT("mem_cgroup_resize_limit+"), .lowered = true },
		{ STR_INIT("__alloc_pages"), .global = true },
	};
	struct report *r;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		if (str_find(line->msg, frames[i].name) < 0)
			continue;
		r = frames[i].opens ? report_any(&k->reports, line)
				    : report_only(&k->reports, line);
		if (!r)
			return;
		r->whole |= frames[i].opens;
		r->memcg_hint |= frames[i].memcg;
		r->sysrq_hint |= frames[i].sysrq;
		r->global_hint |= frames[i].global;
		r->draft.limit_lowered |= frames[i].lowered;
		report_touch(r, line);
		return;
	}
}

void on_meminfo(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);

	if (!r)
		return;
	r->global_hint = true;
	report_touch(r, line);
}

/* "Node 0 DMA: 5*4kB (UM) 6*8kB …": the first is a page. */
void on_buddy(struct kernlog *k, const struct logline *line)
{
	struct report *r = report_only(&k->reports, line);
	ptrdiff_t at = str_find(line->msg, STR(": "));
	struct str s = str_skip(line->msg, at < 0 ? line->msg.n : (size_t)at + 2);
	uint64_t count, kb;

	if (!r)
		return;
	report_touch(r, line);
	if (str_take_u64(&s, &count) && str_take_prefix(&s, STR("*")) && str_take_u64(&s, &kb) &&
	    str_take_prefix(&s, STR("kB")) && kb >= 4 && kb <= 64 && (kb & (kb - 1)) == 0)
		r->page_size = kb * 1024;
}

void on_table(struct kernlog *k, const struct logline *line)
{
	struct table_layout layout, none = { 0 };
	struct kernlog_task task;
	struct report *r = report_only(&k->reports, line);
	uint64_t pgtables;

	if (table_header(line->msg, &layout)) {
		if (r && rows_count(&r->rows))
			r = report_open(&k->reports, line, true);
		if (!r)
			r = report_any(&k->reports, line);
		if (!r)
			return;
		r->layout = layout;
		r->whole = true;
		report_touch(r, line);
		return;
	}
	/* the name ends the line: where that is cut, the row is not whole */
	if (line->cut || !table_row(line->msg, r ? &r->layout : &none, &task, &pgtables))
		return;
	if (!r)
		r = report_any(&k->reports, line);
	if (!r)
		return;
	report_add_row(r, &task, pgtables);
	report_touch(r, line);
}
