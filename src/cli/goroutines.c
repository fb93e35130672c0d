/* SPDX-License-Identifier: Apache-2.0 */
/* goroutines: groups of one process, as text, whyoom.goroutines/1 or pprof. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/one_target.h"
#include "cli/output.h"
#include "recorder/export.h"

#define OUTPUT_MAX ((size_t)1 << 30)
#define TEXT_GROUPS 40 /* shown; JSON has all */
#define TEXT_FRAMES 12

struct view { /* one group, symbolised */
	const struct goroutine_group *g;
	struct case_stack stack;
	const struct case_frame *created_by;
};

static int view_of(struct subject *t, const struct goroutine_group *g, struct view *ret)
{
	*ret = (struct view){ .g = g };
	ret->created_by = symbols_creator(t->symbols, g);
	return symbols_goroutine(t->symbols, g, &ret->stack);
}

static void json_frame(struct json *j, const char *key, const struct case_frame *f)
{
	if (!f) {
		json_none(j, key);
		return;
	}
	json_open(j, key, '{');
	json_cstr(j, "function", f->function);
	json_cstr(j, "file", f->file);
	json_u64(j, "line", f->line);
	json_close(j, '}');
}

static void json_seconds(struct json *j, const char *key, int64_t ns)
{
	if (ns < 0)
		json_none(j, key);
	else
		json_double(j, key, (double)ns / (double)NS_PER_S);
}

static void json_group(struct json *j, const struct view *v)
{
	json_open(j, NULL, '{');
	json_u64(j, "count", v->g->count);
	json_cstr(j, "state", v->g->state);
	json_bool(j, "system", v->g->system);
	json_open(j, "wait_seconds", '{');
	json_seconds(j, "min", v->g->wait_min_ns);
	json_seconds(j, "max", v->g->wait_max_ns);
	json_close(j, '}');
	json_u64(j, "stack_bytes", v->g->stack_bytes);
	json_bool(j, "stack_cut", v->g->cut);
	json_open(j, "stack", '[');
	for (uint32_t i = 0; i < v->stack.n; i++)
		json_frame(j, NULL, v->stack.frames[i]);
	json_close(j, ']');
	json_frame(j, "created_by", v->created_by);
	json_close(j, '}');
}

static void text_frame(struct buf *out, const char *before, const struct case_frame *f)
{
	buf_printf(out, "    %s%s\n        %s:%u\n", before, f->function, f->file, f->line);
}

static void text_group(struct buf *out, const struct view *v)
{
	char size[24];

	buf_printf(out, "\n%" PRIu64 " × [%s]", v->g->count, v->g->state);
	if (v->g->wait_max_ns >= 0)
		buf_printf(out, ", blocked %.0f to %.0f s", (double)v->g->wait_min_ns / 1e9,
			   (double)v->g->wait_max_ns / 1e9);
	buf_printf(out, ", stacks %s%s\n", output_size(v->g->stack_bytes, size),
		   v->g->system ? ", of the runtime" : "");
	if (v->stack.n == 0)
		buf_cstr(out, "    (running: its stack cannot be read without a stop)\n");
	for (uint32_t i = 0; i < v->stack.n && i < TEXT_FRAMES; i++)
		text_frame(out, "", v->stack.frames[i]);
	if (v->stack.n > TEXT_FRAMES)
		buf_printf(out, "    … %u more frames\n", v->stack.n - TEXT_FRAMES);
	if (v->created_by)
		text_frame(out, "created by ", v->created_by);
}

static int render(struct subject *t, const struct goroutines *gs, struct buf *text,
		  struct buf *json)
{
	struct json j = json_into(json);
	char size[24];

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.goroutines/1");
	json_i64(&j, "pid", t->pid);
	json_u64(&j, "total", gs->total);
	json_u64(&j, "system", gs->system);
	json_u64(&j, "unstable", gs->unstable);
	json_open(&j, "groups", '[');
	buf_printf(text,
		   "%s: %" PRIu64 " goroutines in %zu groups, stacks %s (and %" PRIu64
		   " of the runtime's own)\n",
		   t->mem->name, gs->total, gs->n, output_size(gs->stack_bytes, size), gs->system);
	for (size_t i = 0; i < gs->n; i++) {
		struct view v;

		if (view_of(t, &gs->groups[i], &v) < 0)
			return -1;
		json_group(&j, &v);
		if (i < TEXT_GROUPS)
			text_group(text, &v);
	}
	if (gs->n > TEXT_GROUPS)
		buf_printf(text, "\n… %zu more groups (--json has all)\n", gs->n - TEXT_GROUPS);
	json_close(&j, ']');
	json_close(&j, '}');
	return 0;
}

int verb_goroutines(const struct cli *cli)
{
	_cleanup_(subject_release) struct subject t = { .procfd = -1 };
	struct export_options pprof = { .wall_ns = clock_wall() };
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	ARENA(a, ONE_TARGET_ARENA);
	struct goroutines gs;
	struct err err;
	int r = one_target(cli, &t);

	if (r != EXIT_OK)
		return r;
	if (goroutines_read(&t.rt, t.mem, ONE_TARGET_GOROUTINES, &a, &gs, &err) < 0)
		return output_error(&err);
	if (one_target_wants_pprof(cli)) {
		if (export_goroutines(&t, &gs, &pprof, &text, &err) < 0)
			return output_error(&err);
		return output_file(cli->output, &text);
	}
	if (render(&t, &gs, &text, &json) < 0) {
		err_set(&err, -ENOMEM, "%s: too many goroutines for the memory at hand",
			t.mem->name);
		return output_error(&err);
	}
	return output_result(cli, &text, &json);
}
