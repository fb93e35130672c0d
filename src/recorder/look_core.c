/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/look_core.h"

#include <errno.h>
#include <signal.h>

#include "goruntime/last_time.h"
#include "target/core.h"

static const char *keep(struct arena *a, const char *s)
{
	return s && *s ? arena_str(a, str_from(s)).p : NULL;
}

static void fill_subject(const struct subject *s, struct arena *a, struct case_subject *ret)
{
	const struct core_facts *f = core_facts_of(s->mem);

	ret->pid = f->pid;
	ret->comm = keep(a, f->comm);
	ret->cmdline = keep(a, f->args);
	ret->exe = keep(a, f->exe);
	ret->started_wall_ns = UNKNOWN_I64;
	ret->is_go = TRI_YES;
	ret->go_version = keep(a, image_go_version(s->img));
	ret->module = keep(a, image_main_module(s->img));
	ret->build_id = keep(a, image_build_id(s->img));
}

/*
 * A core without a signal was taken of a process that went on. SIGABRT is how
 * the Go runtime ends itself under GOTRACEBACK=crash, whatever it died of: its
 * own words are not here, so it is not known whether for memory.
 */
static void fill_end(const struct core_facts *f, struct case_end *end)
{
	end->alive = f->signal == 0;
	end->observed = f->signal > 0 && f->signal != SIGABRT;
	end->signal = f->signal > 0 ? f->signal : -1;
}

static void fill_missing(const struct subject *s, const struct snapshot *raw, struct whycase *c)
{
	const struct core_facts *f = core_facts_of(s->mem);

	case_add_missing(c, "memory group", "a core file does not tell of it");
	case_add_missing(c, "growth", "a core file is of one moment");
	if (f->missing_bytes)
		case_add_missing(c, "part of the memory", "the core file is truncated");
	for (unsigned i = 0; i < raw->n_missing; i++)
		case_add_missing(c, raw->missing[i].what, raw->missing[i].why);
}

static int fill(struct subject *s, struct snapshot *raw, struct arena *a, struct whycase *c,
		struct err *err)
{
	struct case_snapshot *snap;
	int64_t t = go_last_time(&s->rt, s->mem);
	int r;

	case_init(c, a);
	fill_subject(s, a, &c->subject);
	fill_end(core_facts_of(s->mem), &c->end);
	snapshot_read(s, c->end.alive ? SNAP_END : SNAP_KILL, a, raw);
	raw->t = t;
	fill_missing(s, raw, c);
	snap = case_add_snapshot(c);
	if (!snap)
		return err_set(err, -ENOMEM, "%s: no memory for what it holds", s->mem->name);
	r = snapshot_finish(s, raw, a, snap, err);
	c->run.mode = "core";
	c->run.begin = c->run.end = t;
	c->run.begin_wall_ns = UNKNOWN_I64;
	c->run.tool_version = WHYOOM_VERSION;
	return r;
}

int look_core(const char *path, const char *exe, struct subject *s, struct snapshot *raw,
	      struct arena *a, struct whycase *ret, struct err *err)
{
	int r = subject_open_core(s, path, exe, err);

	if (r < 0)
		return r;
	r = fill(s, raw, a, ret, err);
	if (r < 0)
		subject_release(s);
	return r;
}
