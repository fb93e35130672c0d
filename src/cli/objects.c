/* SPDX-License-Identifier: Apache-2.0 */
/* objects: who holds the heap of one process, as text or whyoom.objects/1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/one_target.h"
#include "cli/output.h"
#include "goruntime/wait_reasons.h"
#include "heap/holders.h"
#include "target/stop.h"

#define OUTPUT_MAX ((size_t)1 << 30)
#define TEXT_HOLDERS 30
#define COPY_MAX ((uint64_t)4 << 30)
#define NAME_MAX_TEXT 1024
#define NAME_COLUMN 36
#define NAME_WIDTH ((size_t)80 - NAME_COLUMN)
#define STOP_MAX NS_PER_S /* for its threads to come to a stand */

static const char *const kinds[HEAP_ROOT_KINDS] = {
	[HEAP_ROOT_GLOBAL] = "global",
	[HEAP_ROOT_STACK] = "goroutine",
	[HEAP_ROOT_FINALIZER] = "finalizer",
};

static const char *kind_of(const struct heap_holder *h)
{
	return h->kind == HEAP_ROOT_GLOBAL && h->global.of_runtime ? "runtime" : kinds[h->kind];
}

static const char *const modes[] = {
	[HEAP_STOPPED] = "stopped",
	[HEAP_LIVE] = "live",
	[HEAP_DEAD] = "dead",
	[HEAP_CORE] = "core",
};

struct view {
	const struct subject *t;
	struct heap_copied copied;
	int64_t stopped_ns; /* -1: it was not */
	struct heap_graph g;
	struct heap_holders h;
};

static void name_of(const struct view *v, const struct heap_holder *h, char *out)
{
	struct image_func f;

	if (h->kind == HEAP_ROOT_GLOBAL && h->global.name)
		snprintf(out, NAME_MAX_TEXT, "%s", h->global.name);
	else if (h->kind == HEAP_ROOT_GLOBAL)
		snprintf(out, NAME_MAX_TEXT, "0x%" PRIx64, h->global.addr);
	else if (h->kind == HEAP_ROOT_STACK && image_func_at(v->t->img, h->start_pc, &f))
		snprintf(out, NAME_MAX_TEXT, "%s", f.name);
	else
		snprintf(out, NAME_MAX_TEXT, "(%s)", kinds[h->kind]);
}

/* A long path loses its beginning: what it ends with tells functions apart. */
static void text_piece(struct str piece, struct buf *out)
{
	if (piece.n <= NAME_WIDTH) {
		buf_printf(out, "%.*s\n", (int)piece.n, piece.p);
		return;
	}
	piece.p += piece.n - (NAME_WIDTH - 1);
	piece.n = NAME_WIDTH - 1;
	while (piece.n && ((unsigned char)*piece.p & 0xc0) == 0x80) {
		piece.p++;
		piece.n--;
	}
	buf_printf(out, "…%.*s\n", (int)piece.n, piece.p);
}

/* Names of several functions stand below each other. */
static void text_name(const char *name, struct buf *out)
{
	const char *comma;

	while ((comma = strstr(name, ", "))) {
		text_piece((struct str){ name, (size_t)(comma - name) + 1 }, out);
		buf_printf(out, "%*s", NAME_COLUMN, "");
		name = comma + 2;
	}
	text_piece(str_from(name), out);
}

static void text_waits(const struct view *v, const struct heap_holder *h, struct buf *out)
{
	buf_printf(out, "%*s%u of them", NAME_COLUMN, "", h->goroutines);
	if (h->wait_reason != HEAP_NONE)
		buf_printf(out, ", %s", wait_reason_words(v->t->rt.lay, h->wait_reason));
	buf_printf(out, "\n");
	if (h->stuck)
		buf_printf(out, "%*snothing able to run can wake %u of them\n", NAME_COLUMN, "",
			   h->stuck);
}

static void text_holder(const struct view *v, const struct heap_holder *h, struct buf *out)
{
	char name[NAME_MAX_TEXT], size[24];

	name_of(v, h, name);
	buf_printf(out, "%10s %12" PRIu64 "  %-9s  ", output_size(h->retained_bytes, size),
		   h->retained_objects, kind_of(h));
	text_name(name, out);
	if (h->kind == HEAP_ROOT_STACK)
		text_waits(v, h, out);
}

static void write_text(const struct view *v, struct buf *out)
{
	const struct heap_graph *g = &v->g;
	char a[24], b[24], c[24];

	buf_printf(out, "%s: %s in %" PRIu64 " objects are reached (%s)\n", v->t->mem->name,
		   output_size(g->reached_bytes, a), g->reached_objects, modes[g->mode]);
	buf_printf(out, "%s by stacks alone, read without their maps; marked by the runtime: %s\n",
		   output_size(g->conservative_bytes, b),
		   g->marked_bytes == UINT64_MAX ? "not known" : output_size(g->marked_bytes, c));
	if (g->mode == HEAP_LIVE)
		buf_printf(out,
			   "it ran on while it was read: figures are approximate (see --stop)\n");
	if (v->stopped_ns >= 0)
		buf_printf(out, "it was stopped for %.1f ms while %s were copied\n",
			   (double)v->stopped_ns / 1e6, output_size(v->copied.bytes, a));
	if (v->copied.truncated)
		buf_printf(out, "the heap is larger than the copy may be: the rest was left out\n");
	buf_printf(out, "\n%10s %12s  %-9s  %s\n", "retained", "objects", "holder", "name");
	for (uint32_t i = 0; i < v->h.n && i < TEXT_HOLDERS && v->h.of[i].retained_bytes; i++)
		text_holder(v, &v->h.of[i], out);
	buf_printf(out, "%10s %12" PRIu64 "  %-9s  kept by several of these\n",
		   output_size(v->h.shared.retained_bytes, a), v->h.shared.retained_objects,
		   "shared");
}

static void json_holder(const struct view *v, const struct heap_holder *h, struct json *j)
{
	char name[NAME_MAX_TEXT];

	name_of(v, h, name);
	json_open(j, NULL, '{');
	json_cstr(j, "name", name);
	json_cstr(j, "kind", kind_of(h));
	json_none(j, "type");
	json_u64(j, "objects", h->retained_objects);
	json_u64(j, "retained_bytes", h->retained_bytes);
	json_none(j, "elements");
	if (h->kind == HEAP_ROOT_STACK) {
		json_u64(j, "goroutines", h->goroutines);
		if (v->h.stuck_known)
			json_u64(j, "stuck", h->stuck);
		else
			json_none(j, "stuck");
	}
	json_close(j, '}');
}

static void write_json(const struct view *v, struct buf *out)
{
	const struct heap_graph *g = &v->g;
	struct json j = json_into(out);

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.objects/1");
	json_cstr(&j, "mode", modes[g->mode]);
	json_u64(&j, "total_bytes", g->reached_bytes);
	json_u64(&j, "objects", g->reached_objects);
	json_u64(&j, "conservative_bytes", g->conservative_bytes);
	if (g->marked_bytes == UINT64_MAX)
		json_none(&j, "heap_marked_bytes");
	else
		json_u64(&j, "heap_marked_bytes", g->marked_bytes);
	if (v->stopped_ns < 0)
		json_none(&j, "stopped_seconds");
	else
		json_double(&j, "stopped_seconds", (double)v->stopped_ns / 1e9);
	json_u64(&j, "copied_bytes", v->copied.bytes);
	json_u64(&j, "missing_pages", v->copied.pages_missing);
	json_bool(&j, "truncated", v->copied.truncated);
	json_u64(&j, "shared_bytes", v->h.shared.retained_bytes);
	json_open(&j, "holders", '[');
	for (uint32_t i = 0; i < v->h.n; i++)
		json_holder(v, &v->h.of[i], &j);
	json_close(&j, ']');
	json_close(&j, '}');
}

static int copy_stopped(struct view *v, struct subject *t, const struct heap_copy_options *opt,
			struct heap_copy **copy, struct err *err)
{
	struct stop stop;
	int r = stop_begin(&stop, t->pid, STOP_MAX, err);

	if (r < 0)
		return r;
	r = heap_copy(&t->rt, t->mem, opt, copy, &v->copied, err);
	stop_end(&stop);
	v->stopped_ns = stop.ended - stop.since;
	return r;
}

static int look(struct view *v, struct subject *t, const struct heap_copy_options *opt,
		struct heap_globals *globals, struct heap_copy **copy, struct arena *a,
		struct err *err)
{
	struct heap_holders_options prove = { .prove_stuck = false };
	int r = opt->mode == HEAP_STOPPED ? copy_stopped(v, t, opt, copy, err)
					  : heap_copy(&t->rt, t->mem, opt, copy, &v->copied, err);

	if (r == 0)
		r = heap_graph(&t->rt, *copy, &v->g, err);
	if (r < 0)
		return r;
	prove.prove_stuck =
		opt->mode != HEAP_LIVE && !v->copied.truncated && !v->copied.pages_missing;
	return heap_holders(&t->rt, &v->g, globals, &prove, a, &v->h, err);
}

int verb_objects(const struct cli *cli)
{
	_cleanup_(subject_release) struct subject t = { .procfd = -1 };
	struct heap_copy_options opt = { .mode = HEAP_LIVE, .max_bytes = COPY_MAX };
	struct view v = { .t = &t, .stopped_ns = -1 };
	struct heap_copy *copy = NULL;
	struct heap_globals *globals = NULL;
	_cleanup_(close_fd) int exe = -1;
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	ARENA(a, ONE_TARGET_ARENA);
	struct err err;
	int r = one_target(cli, &t);

	if (r != EXIT_OK)
		return r;
	if (t.mem->still) /* its PID is another process by now, or none */
		opt.mode = HEAP_CORE;
	else if (cli->stop)
		opt.mode = HEAP_STOPPED;
	if (t.procfd >= 0)
		exe = openat(t.procfd, "exe", O_RDONLY | O_CLOEXEC);
	r = heap_globals(&t.rt, t.mem, exe, &globals, &err);
	if (r == 0)
		r = look(&v, &t, &opt, globals, &copy, &a, &err);
	if (r == 0) {
		write_json(&v, &json);
		write_text(&v, &text);
	}
	heap_graph_release(&v.g);
	heap_copy_free(copy);
	heap_globals_free(globals);
	return r < 0 ? output_error(&err) : output_result(cli, &text, &json);
}
