/* SPDX-License-Identifier: Apache-2.0 */
/* heap, allocs: the heap profile of one process by allocation site. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/one_target.h"
#include "cli/output.h"
#include "goruntime/heap_stacks.h"
#include "recorder/export.h"

#define OUTPUT_MAX ((size_t)1 << 30)
#define BUCKETS_MAX ((size_t)4 << 20)
#define TEXT_SITES 30
#define TEXT_FRAMES 8

struct site {
	const struct heap_bucket *bucket;
	int64_t alloc_objects, alloc_bytes, inuse_objects, inuse_bytes; /* scaled */
};

static void scale(const struct subject *t, const struct heap_profile *p, bool latest,
		  const struct heap_bucket *b, struct site *ret)
{
	int64_t v[4];

	heap_sample(t->img, b, latest ? &b->latest : &b->published, p->rate, v);
	*ret = (struct site){ b, v[0], v[1], v[2], v[3] };
}

static int by_inuse(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (y->inuse_bytes > x->inuse_bytes) - (y->inuse_bytes < x->inuse_bytes);
}

static int by_alloc(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (y->alloc_bytes > x->alloc_bytes) - (y->alloc_bytes < x->alloc_bytes);
}

static void json_site(struct json *j, const struct site *s, const struct case_stack *stack)
{
	json_open(j, NULL, '{');
	json_i64(j, "inuse_space_bytes", s->inuse_bytes);
	json_i64(j, "inuse_objects", s->inuse_objects);
	json_i64(j, "alloc_space_bytes", s->alloc_bytes);
	json_i64(j, "alloc_objects", s->alloc_objects);
	json_u64(j, "object_bytes", s->bucket->size);
	json_open(j, "stack", '[');
	for (uint32_t i = 0; i < stack->n; i++) {
		json_open(j, NULL, '{');
		json_cstr(j, "function", stack->frames[i]->function);
		json_cstr(j, "file", stack->frames[i]->file);
		json_u64(j, "line", stack->frames[i]->line);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void text_site(struct buf *out, const struct site *s, const struct case_stack *stack,
		      bool allocs)
{
	char size[24];

	buf_printf(out, "\n%s in %" PRId64 " objects\n",
		   output_size((uint64_t)(allocs ? s->alloc_bytes : s->inuse_bytes), size),
		   allocs ? s->alloc_objects : s->inuse_objects);
	for (uint32_t i = 0; i < stack->n && i < TEXT_FRAMES; i++)
		buf_printf(out, "    %s\n        %s:%u\n", stack->frames[i]->function,
			   stack->frames[i]->file, stack->frames[i]->line);
	if (stack->n > TEXT_FRAMES)
		buf_printf(out, "    … %u more frames\n", stack->n - TEXT_FRAMES);
}

static void head(struct subject *t, const struct heap_profile *p, const struct site *sites,
		 bool latest, bool allocs, struct buf *text, struct json *j)
{
	int64_t inuse = 0, alloc = 0;
	char a[24], b[24];

	for (size_t i = 0; i < p->n; i++) {
		inuse += sites[i].inuse_bytes;
		alloc += sites[i].alloc_bytes;
	}
	buf_printf(text, "%s: %s %s, estimated from samples of 1 in %s (%s)\n", t->mem->name,
		   output_size((uint64_t)(allocs ? alloc : inuse), a),
		   allocs ? "allocated since the start" : "in use",
		   output_size((uint64_t)p->rate, b),
		   latest ? "with what was allocated since the last GC cycle"
			  : "as of the last completed GC cycle");
	json_cstr(j, "schema", "whyoom.heap/1");
	json_i64(j, "pid", t->pid);
	json_i64(j, "mem_profile_rate", p->rate);
	json_bool(j, "latest", latest);
	json_i64(j, "inuse_space_bytes", inuse);
	json_i64(j, "alloc_space_bytes", alloc);
	json_u64(j, "bad_buckets", p->bad);
}

static int render(struct subject *t, const struct heap_profile *p, struct site *sites, bool latest,
		  bool allocs, struct buf *text, struct buf *json)
{
	struct json j = json_into(json);

	json_open(&j, NULL, '{');
	head(t, p, sites, latest, allocs, text, &j);
	json_open(&j, "sites", '[');
	for (size_t i = 0; i < p->n; i++) {
		struct case_stack stack;

		if (symbols_heap(t->symbols, sites[i].bucket, &stack) < 0)
			return -ENOMEM;
		json_site(&j, &sites[i], &stack);
		if (i < TEXT_SITES && (allocs ? sites[i].alloc_bytes : sites[i].inuse_bytes) > 0)
			text_site(text, &sites[i], &stack, allocs);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	return 0;
}

static int show(const struct cli *cli, struct subject *t, const struct heap_profile *p, bool allocs)
{
	_cleanup_(free_ptr) struct site *sites = calloc(p->n + 1, sizeof(*sites));
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	struct err err;

	if (!sites) {
		err_set(&err, -ENOMEM, "no memory for %zu allocation sites", p->n);
		return output_error(&err);
	}
	for (size_t i = 0; i < p->n; i++)
		scale(t, p, cli->latest, &p->buckets[i], &sites[i]);
	qsort(sites, p->n, sizeof(*sites), allocs ? by_alloc : by_inuse);
	if (render(t, p, sites, cli->latest, allocs, &text, &json) < 0) {
		err_set(&err, -ENOMEM, "%s: too many stacks for the memory at hand", t->mem->name);
		return output_error(&err);
	}
	return output_result(cli, &text, &json);
}

static int profile_verb(const struct cli *cli, bool allocs)
{
	_cleanup_(subject_release) struct subject t = { .procfd = -1 };
	struct export_options pprof = { .latest = cli->latest,
					.default_type = allocs ? "alloc_space" : NULL,
					.wall_ns = clock_wall() };
	BUF(out, OUTPUT_MAX);
	ARENA(a, ONE_TARGET_ARENA);
	struct heap_profile p;
	struct err err;
	int r = one_target(cli, &t);

	if (r != EXIT_OK)
		return r;
	if (heap_profile_read(&t.rt, t.mem, BUCKETS_MAX, &a, &p, &err) < 0)
		return output_error(&err);
	if (!one_target_wants_pprof(cli))
		return show(cli, &t, &p, allocs);
	if (export_heap(&t, &p, &pprof, &out, &err) < 0)
		return output_error(&err);
	return output_file(cli->output, &out);
}

int verb_heap(const struct cli *cli)
{
	return profile_verb(cli, false);
}

int verb_allocs(const struct cli *cli)
{
	return profile_verb(cli, true);
}
