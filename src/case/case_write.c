/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.json written: walks the tables of case_fields.c. Frames and stacks are
 * stored once ("frames", "stacks") and referred to by number.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "case/case_fields.h"
#include "case/case_file.h"

/*
 * Numbers in the order in which things were met: frames by their address (the recorder keeps each
 * once), stacks by what they hold, since each snapshot has its own.
 */
struct slot {
	const void *p;
	uint32_t n; /* of a stack: its frames; of a frame 0 */
	uint32_t number;
};

struct numbering {
	struct slot *slots; /* open addressing, a power of two */
	size_t room, used;
	const struct slot **order; /* not used while slots move: rebuilt at the end */
};

struct writer {
	struct json j;
	struct numbering frames, stacks;
	bool no_memory;
};

static void numbering_release(struct numbering *t)
{
	free(t->slots);
	free(t->order);
}

static size_t hash_of(const void *p, uint32_t n)
{
	const void *const *frames = p;
	uint64_t h = n ? n : (uint64_t)(uintptr_t)p;

	for (uint32_t i = 0; i < n; i++)
		h = (h ^ (uint64_t)(uintptr_t)frames[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool same(const struct slot *s, const void *p, uint32_t n)
{
	return s->n == n && (s->p == p || (n && memcmp(s->p, p, n * sizeof(void *)) == 0));
}

static struct slot *slot_of(struct slot *slots, size_t room, const void *p, uint32_t n)
{
	size_t i = hash_of(p, n) & (room - 1);

	while (slots[i].p && !same(&slots[i], p, n))
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static bool numbering_grow(struct numbering *t)
{
	size_t room = t->room ? t->room * 2 : 256;
	struct slot *bigger = calloc(room, sizeof(*bigger));

	if (!bigger)
		return false;
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i].p)
			*slot_of(bigger, room, t->slots[i].p, t->slots[i].n) = t->slots[i];
	}
	free(t->slots);
	t->slots = bigger;
	t->room = room;
	return true;
}

static bool number_of(struct numbering *t, const void *p, uint32_t n, uint32_t *ret)
{
	struct slot *s;

	if (t->used * 2 >= t->room && !numbering_grow(t))
		return false;
	s = slot_of(t->slots, t->room, p, n);
	if (!s->p)
		*s = (struct slot){ p, n, (uint32_t)t->used++ };
	*ret = s->number;
	return true;
}

/* The slots by number; NULL: no memory. Valid until the next number is given. */
static const struct slot **in_order(struct numbering *t)
{
	free(t->order);
	t->order = calloc(t->used + 1, sizeof(*t->order));
	for (size_t i = 0; t->order && i < t->room; i++) {
		if (t->slots[i].p)
			t->order[t->slots[i].number] = &t->slots[i];
	}
	return t->order;
}

static void put_u64(struct json *j, const char *key, uint64_t v)
{
	char digits[24];

	if (v == UNKNOWN_U64) {
		json_none(j, key);
	} else if (v == CASE_NO_LIMIT) {
		json_cstr(j, key, "none");
	} else if (v > INT64_MAX) { /* JSON readers keep 64 bits signed, or fewer */
		snprintf(digits, sizeof(digits), "%" PRIu64, v);
		json_cstr(j, key, digits);
	} else {
		json_u64(j, key, v);
	}
}

static void put_i64(struct json *j, const char *key, int64_t v, int64_t unknown)
{
	if (v == unknown)
		json_none(j, key);
	else if (v == INT64_MAX)
		json_cstr(j, key, "off");
	else
		json_i64(j, key, v);
}

static void put_tri(struct json *j, const char *key, enum tri v)
{
	if (v == TRI_UNKNOWN)
		json_none(j, key);
	else
		json_bool(j, key, v == TRI_YES);
}

static const char *word_of(const struct field *f, unsigned v)
{
	unsigned i = 0;

	while (i < v && f->names[i])
		i++;
	return f->names[i] ? f->names[i] : f->names[0];
}

static void put_number_of(struct writer *w, const char *key, struct numbering *t, const void *p,
			  uint32_t n)
{
	uint32_t number;

	if (!p)
		json_none(&w->j, key);
	else if (number_of(t, p, n, &number))
		json_u64(&w->j, key, number);
	else
		w->no_memory = true;
}

static void put_struct(struct writer *w, const char *key, const struct shape *shape, const void *p);

static void put_rows(struct writer *w, const char *key, const struct field *f, const void *p)
{
	size_t n;
	const char *elements = field_elements(f, p, &n);

	json_open(&w->j, key, '[');
	for (size_t i = 0; i < n; i++)
		put_struct(w, NULL, f->of, elements + i * f->of->size);
	json_close(&w->j, ']');
}

static void put_field(struct writer *w, const char *key, const struct field *f, const void *at);

static void put_columns(struct writer *w, const char *key, const struct field *f, const void *p)
{
	size_t n;
	const char *elements = field_elements(f, p, &n);

	json_open(&w->j, key, '{');
	json_u64(&w->j, "n", n);
	for (const struct field *column = f->of->fields; column->name; column++) {
		json_open(&w->j, column->name, '[');
		w->j.compact = true;
		for (size_t i = 0; i < n; i++)
			put_field(w, NULL, column, elements + i * f->of->size);
		json_close(&w->j, ']');
		w->j.compact = false;
	}
	json_close(&w->j, '}');
}

static void put_lines(struct writer *w, const char *key, const struct field *f, const void *p)
{
	size_t n;
	const char *const *lines = field_elements(f, p, &n);

	json_open(&w->j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_cstr(&w->j, NULL, lines[i]);
	json_close(&w->j, ']');
}

/* One member of the struct at @p. */
static void put_field(struct writer *w, const char *key, const struct field *f, const void *p)
{
	const char *at = (const char *)p + f->at;
	const struct case_stack *stack;
	unsigned v;

	switch (f->kind) {
	case FIELD_U64:
		put_u64(&w->j, key, *(const uint64_t *)at);
		break;
	case FIELD_I64:
		put_i64(&w->j, key, *(const int64_t *)at, f->unknown);
		break;
	case FIELD_U32:
		json_u64(&w->j, key, *(const uint32_t *)at);
		break;
	case FIELD_INT:
		put_i64(&w->j, key, *(const int *)at, f->unknown);
		break;
	case FIELD_DOUBLE:
		json_double(&w->j, key, *(const double *)at);
		break;
	case FIELD_BOOL:
		json_bool(&w->j, key, *(const bool *)at);
		break;
	case FIELD_TRI:
		put_tri(&w->j, key, *(const enum tri *)at);
		break;
	case FIELD_ENUM:
		memcpy(&v, at, sizeof(v));
		json_cstr(&w->j, key, word_of(f, v));
		break;
	case FIELD_STR:
		json_cstr(&w->j, key, *(const char *const *)at);
		break;
	case FIELD_STRUCT:
		put_struct(w, key, f->of, at);
		break;
	case FIELD_PTR:
		put_struct(w, key, f->of, *(const void *const *)at);
		break;
	case FIELD_ROWS:
	case FIELD_FIXED:
		put_rows(w, key, f, p);
		break;
	case FIELD_COLUMNS:
		put_columns(w, key, f, p);
		break;
	case FIELD_LINES:
		put_lines(w, key, f, p);
		break;
	case FIELD_FRAME:
		put_number_of(w, key, &w->frames, *(const void *const *)at, 0);
		break;
	case FIELD_STACK:
		stack = (const struct case_stack *)at;
		put_number_of(w, key, &w->stacks, stack->n ? stack->frames : NULL, stack->n);
		break;
	}
}

static void put_struct(struct writer *w, const char *key, const struct shape *shape, const void *p)
{
	if (!p) {
		json_none(&w->j, key);
		return;
	}
	json_open(&w->j, key, '{');
	for (const struct field *f = shape->fields; f->name; f++)
		put_field(w, f->name, f, p);
	json_close(&w->j, '}');
}

static void put_stacks(struct writer *w)
{
	const struct slot **order = in_order(&w->stacks);

	if (!order) {
		w->no_memory = true;
		return;
	}
	json_open(&w->j, "stacks", '[');
	for (size_t i = 0; i < w->stacks.used; i++) {
		const struct case_frame *const *frames = order[i]->p;

		json_open(&w->j, NULL, '[');
		w->j.compact = true;
		for (uint32_t k = 0; k < order[i]->n; k++)
			put_number_of(w, NULL, &w->frames, frames[k], 0);
		json_close(&w->j, ']');
		w->j.compact = false;
	}
	json_close(&w->j, ']');
}

static void put_frames(struct writer *w)
{
	const struct slot **order = in_order(&w->frames);

	if (!order) {
		w->no_memory = true;
		return;
	}
	json_open(&w->j, "frames", '[');
	for (size_t i = 0; i < w->frames.used; i++)
		put_struct(w, NULL, &shape_frame, order[i]->p);
	json_close(&w->j, ']');
}

int case_json_write(const struct whycase *c, struct buf *out, struct err *err)
{
	struct writer w = { .j = json_into(out) };

	json_open(&w.j, NULL, '{');
	json_cstr(&w.j, "schema", "whyoom.case/1");
	for (const struct field *f = shape_case.fields; f->name; f++)
		put_field(&w, f->name, f, c);
	put_stacks(&w);
	put_frames(&w);
	json_close(&w.j, '}');
	numbering_release(&w.stacks);
	numbering_release(&w.frames);
	if (w.no_memory || out->failed == -ENOMEM)
		return err_set(err, -ENOMEM, "no memory to write the case");
	if (out->failed)
		return err_set(err, out->failed, "the case is larger than %zu bytes", out->max);
	return 0;
}
