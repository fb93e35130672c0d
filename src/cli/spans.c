/* SPDX-License-Identifier: Apache-2.0 */
/* spans: occupancy of the heap's spans by size class, and the large objects. */
#include <inttypes.h>

#include "base/json.h"
#include "cli/one_target.h"
#include "cli/output.h"
#include "goruntime/spans.h"

#define OUTPUT_MAX ((size_t)16 << 20)
#define LARGE_MAX 1000
#define TEXT_LARGE 20

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void json_classes(struct json *j, const struct gospans *s)
{
	json_open(j, "classes", '[');
	for (unsigned i = 0; i < s->n_classes; i++) {
		const struct span_class *k = &s->classes[i];

		json_open(j, NULL, '{');
		if (k->size)
			json_u64(j, "slot_bytes", k->size);
		else
			json_none(j, "slot_bytes");
		json_bool(j, "noscan", k->noscan);
		json_u64(j, "spans", k->spans);
		json_u64(j, "span_bytes", k->bytes);
		json_u64(j, "slots", k->slots);
		json_u64(j, "objects", k->objects);
		json_u64(j, "object_bytes", k->object_bytes);
		json_u64(j, "unswept_spans", k->unswept_spans);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_json(const struct subject *t, const struct gospans *s, struct buf *out)
{
	struct json j = json_into(out);

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.spans/1");
	json_i64(&j, "pid", t->pid);
	json_u64(&j, "spans", s->spans);
	json_u64(&j, "inuse_bytes", s->inuse_bytes);
	json_u64(&j, "object_bytes", s->object_bytes);
	json_u64(&j, "objects", s->objects);
	json_u64(&j, "stack_bytes", s->stack_bytes);
	json_i64(&j, "torn_bytes", s->torn_bytes);
	json_u64(&j, "bad_spans", s->bad_spans);
	json_classes(&j, s);
	json_u64(&j, "large_objects", s->large_count);
	json_u64(&j, "large_bytes", s->large_bytes);
	json_open(&j, "large", '[');
	for (size_t i = 0; i < s->n_large; i++) {
		json_open(&j, NULL, '{');
		json_u64(&j, "bytes", s->large[i].size);
		json_cstr(&j, "type", s->large[i].type);
		json_bool(&j, "noscan", s->large[i].noscan);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static void text_classes(const struct gospans *s, struct buf *out)
{
	char size[24];

	buf_printf(out, "\n%10s %8s %10s %12s %6s  %s\n", "slot", "spans", "in spans", "objects",
		   "full", "pointers");
	for (unsigned i = 0; i < s->n_classes; i++) {
		const struct span_class *k = &s->classes[i];
		char slot[24];

		snprintf(slot, sizeof(slot), "%" PRIu32, k->size);
		buf_printf(out, "%10s %8" PRIu64 " %10s %12" PRIu64 " %5.0f%%  %s\n",
			   k->size ? slot : "large", k->spans, output_size(k->bytes, size),
			   k->objects, 100 * share(k->object_bytes, k->bytes),
			   k->noscan ? "no" : "yes");
	}
}

static void write_text(const struct subject *t, const struct gospans *s, struct buf *out)
{
	char a[24], b[24], c[24];

	buf_printf(out, "%s: %" PRIu64 " spans, %s in use, %s of it objects (%.0f %%); stacks %s\n",
		   t->mem->name, s->spans, output_size(s->inuse_bytes, a),
		   output_size(s->object_bytes, b), 100 * share(s->object_bytes, s->inuse_bytes),
		   output_size(s->stack_bytes, c));
	if (s->torn_bytes)
		buf_printf(out,
			   "the walk and gcController.heapInUse differ by %" PRId64
			   " bytes: spans came or went meanwhile\n",
			   s->torn_bytes);
	text_classes(s, out);
	if (s->n_large)
		buf_printf(out, "\nlarge objects: %" PRIu64 ", %s\n", s->large_count,
			   output_size(s->large_bytes, a));
	for (size_t i = 0; i < s->n_large && i < TEXT_LARGE; i++)
		buf_printf(out, "%12s  %s\n", output_size(s->large[i].size, a),
			   s->large[i].type	? s->large[i].type
			   : s->large[i].noscan ? "(type unknown, without pointers)"
						: "(type unknown)");
}

int verb_spans(const struct cli *cli)
{
	_cleanup_(subject_release) struct subject t = { .procfd = -1 };
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	ARENA(a, ONE_TARGET_ARENA);
	struct gospans s;
	struct err err;
	int r = one_target(cli, &t);

	if (r != EXIT_OK)
		return r;
	if (gospans_read(&t.rt, t.mem, LARGE_MAX, NULL, &a, &s, &err) < 0)
		return output_error(&err);
	write_json(&t, &s, &json);
	write_text(&t, &s, &text);
	return output_result(cli, &text, &json);
}
