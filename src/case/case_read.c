/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.json read: walks the tables of case_fields.c over what jansson parsed. A
 * member that is missing or null is "not observed"; one of another type, out of
 * range or beyond its room is an error that names it. Members without a row are
 * passed over (a later whyoom's).
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "case/case_check.h"
#include "case/case_fields.h"
#include "case/case_file.h"

#define DEPTH_MAX 32
#define TREE_MAX ((size_t)1 << 30) /* of memory for jansson's tree */

struct reader {
	struct arena *a;
	const char *name; /* of the file */
	struct err *err;
	const struct case_frame **frames;
	struct case_stack *stacks;
	size_t n_frames, n_stacks;
};

static int bad(const struct reader *r, const char *member, const char *what)
{
	return err_set(r->err, -EBADMSG, "%s: case.json: \"%s\" %s", r->name, member, what);
}

static int no_room(const struct reader *r)
{
	return err_set(r->err, -EFBIG, "%s: the case does not fit into its memory", r->name);
}

static int get_string(const struct reader *r, const char *member, const json_t *v, const char **ret)
{
	struct str copy;

	if (json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return bad(r, member, "is not a string");
	copy = arena_str(r->a, (struct str){ json_string_value(v), json_string_length(v) });
	if (!copy.p)
		return no_room(r);
	*ret = copy.p;
	return 0;
}

static int get_u64(const struct reader *r, const char *member, const json_t *v, uint64_t *ret)
{
	struct str s;
	uint64_t n;

	if (json_is_null(v))
		return 0;
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*ret = (uint64_t)json_integer_value(v);
		return 0;
	}
	if (!json_is_string(v))
		return bad(r, member, "is not a count");
	s = (struct str){ json_string_value(v), json_string_length(v) };
	if (str_eq(s, STR("none"))) {
		*ret = CASE_NO_LIMIT;
		return 0;
	}
	if (!str_take_u64(&s, &n) || s.n)
		return bad(r, member, "is not a count");
	*ret = n;
	return 0;
}

static int get_i64(const struct reader *r, const char *member, const json_t *v, int64_t *ret)
{
	if (json_is_null(v))
		return 0;
	if (json_is_string(v) && strcmp(json_string_value(v), "off") == 0) {
		*ret = INT64_MAX;
		return 0;
	}
	if (!json_is_integer(v))
		return bad(r, member, "is not a whole number");
	*ret = json_integer_value(v);
	return 0;
}

static int get_ranged(const struct reader *r, const char *member, const json_t *v, int64_t low,
		      int64_t high, int64_t *ret)
{
	if (!json_is_integer(v) || json_integer_value(v) < low || json_integer_value(v) > high)
		return bad(r, member, "is not a number in its range");
	*ret = json_integer_value(v);
	return 0;
}

static int get_double(const struct reader *r, const char *member, const json_t *v, double *ret)
{
	if (json_is_null(v))
		return 0;
	if (!json_is_number(v))
		return bad(r, member, "is not a number");
	*ret = json_number_value(v);
	return 0;
}

static int get_bool(const struct reader *r, const char *member, const json_t *v, bool *ret)
{
	if (!json_is_boolean(v))
		return bad(r, member, "is not true or false");
	*ret = json_is_true(v);
	return 0;
}

static int get_tri(const struct reader *r, const char *member, const json_t *v, enum tri *ret)
{
	bool b = false;
	int e = json_is_null(v) ? 0 : get_bool(r, member, v, &b);

	if (e == 0 && !json_is_null(v))
		*ret = b ? TRI_YES : TRI_NO;
	return e;
}

static int get_enum(const struct reader *r, const struct field *f, const json_t *v, void *at)
{
	for (unsigned i = 0; json_is_string(v) && f->names[i]; i++) {
		if (strcmp(json_string_value(v), f->names[i]) == 0) {
			memcpy(at, &i, sizeof(i));
			return 0;
		}
	}
	return bad(r, f->name, "is none of its words");
}

static int get_frame(const struct reader *r, const struct field *f, const json_t *v, void *at)
{
	int64_t i;
	int e;

	if (json_is_null(v))
		return 0;
	e = get_ranged(r, f->name, v, 0, (int64_t)r->n_frames - 1, &i);
	if (e == 0)
		memcpy(at, &r->frames[i], sizeof(r->frames[i]));
	return e;
}

static int get_stack(const struct reader *r, const struct field *f, const json_t *v, void *at)
{
	int64_t i;
	int e;

	if (json_is_null(v))
		return 0;
	e = get_ranged(r, f->name, v, 0, (int64_t)r->n_stacks - 1, &i);
	if (e == 0)
		memcpy(at, &r->stacks[i], sizeof(r->stacks[i]));
	return e;
}

static int get_struct(struct reader *r, const char *member, const struct shape *shape, json_t *v,
		      void *p, unsigned depth);
static int get_field(struct reader *r, const struct field *f, json_t *v, void *p, unsigned depth);

/* Room for the elements of an array, and its count set. */
static int make_room(struct reader *r, const struct field *f, size_t n, void *p, char **ret)
{
	char *base = p;
	void *room;

	if (f->kind == FIELD_FIXED) {
		if (n > f->max)
			return bad(r, f->name, "has too many elements");
		*(unsigned *)(base + f->count_at) = (unsigned)n;
		*ret = base + f->at;
		return 0;
	}
	room = arena_array(r->a, n ? n : 1, f->of ? f->of->size : sizeof(char *),
			   f->of ? f->of->align : alignof(char *));
	if (!room)
		return no_room(r);
	memcpy(base + f->at, &room, sizeof(room));
	*(size_t *)(base + f->count_at) = n;
	if (f->room_at)
		*(size_t *)(base + f->room_at) = n;
	*ret = room;
	return 0;
}

static int get_rows(struct reader *r, const struct field *f, json_t *v, void *p, unsigned depth)
{
	char *elements;
	int e;

	if (!json_is_array(v))
		return bad(r, f->name, "is not an array");
	e = make_room(r, f, json_array_size(v), p, &elements);
	for (size_t i = 0; e == 0 && i < json_array_size(v); i++)
		e = get_struct(r, f->name, f->of, json_array_get(v, i), elements + i * f->of->size,
			       depth);
	return e;
}

static int get_lines(struct reader *r, const struct field *f, json_t *v, void *p)
{
	const char **lines;
	char *elements;
	int e;

	if (!json_is_array(v))
		return bad(r, f->name, "is not an array");
	e = make_room(r, f, json_array_size(v), p, &elements);
	if (e < 0)
		return e;
	memcpy(&lines, (char *)p + f->at, sizeof(lines));
	for (size_t i = 0; e == 0 && i < json_array_size(v); i++) {
		e = get_string(r, f->name, json_array_get(v, i), &lines[i]);
		if (e == 0 && !lines[i])
			e = bad(r, f->name, "has a null line");
	}
	return e;
}

static int get_column(struct reader *r, const struct field *column, const char *of, json_t *values,
		      char *elements, size_t n, size_t size, unsigned depth)
{
	int e = 0;

	if (!values)
		return 0;
	if (!json_is_array(values) || json_array_size(values) != n)
		return bad(r, of, "has a column of another length");
	for (size_t i = 0; e == 0 && i < n; i++)
		e = get_field(r, column, json_array_get(values, i), elements + i * size, depth);
	return e;
}

/* "n" is believed only as far as the first column has as many values. */
static int get_columns(struct reader *r, const struct field *f, json_t *v, void *p, unsigned depth)
{
	json_t *first = json_object_get(v, f->of->fields[0].name);
	size_t n = json_array_size(first);
	char *elements;
	int64_t said;
	int e;

	if (!json_is_object(v))
		return bad(r, f->name, "is not an object of columns");
	e = get_ranged(r, f->name, json_object_get(v, "n"), (int64_t)n, (int64_t)n, &said);
	if (e == 0)
		e = make_room(r, f, n, p, &elements);
	if (e < 0)
		return e;
	for (size_t i = 0; i < n; i++)
		fields_clear(f->of, elements + i * f->of->size);
	for (const struct field *c = f->of->fields; e == 0 && c->name; c++)
		e = get_column(r, c, f->name, json_object_get(v, c->name), elements, n, f->of->size,
			       depth);
	return e;
}

static int get_pointer(struct reader *r, const struct field *f, json_t *v, void *at, unsigned depth)
{
	void *p;
	int e;

	if (json_is_null(v))
		return 0;
	p = arena_alloc(r->a, f->of->size, f->of->align);
	if (!p)
		return no_room(r);
	e = get_struct(r, f->name, f->of, v, p, depth);
	if (e == 0)
		memcpy(at, &p, sizeof(p));
	return e;
}

static int get_small(struct reader *r, const struct field *f, json_t *v, void *at)
{
	int64_t n;
	int e;

	if (f->kind == FIELD_INT && json_is_null(v) && f->unknown != FIELD_NEVER_NULL)
		return 0;
	e = get_ranged(r, f->name, v, f->kind == FIELD_INT ? INT32_MIN : 0,
		       f->kind == FIELD_INT ? INT32_MAX : UINT32_MAX, &n);
	if (e == 0 && f->kind == FIELD_INT)
		*(int *)at = (int)n;
	else if (e == 0)
		*(uint32_t *)at = (uint32_t)n;
	return e;
}

/* One member of the struct at @p. */
static int get_field(struct reader *r, const struct field *f, json_t *v, void *p, unsigned depth)
{
	void *at = (char *)p + f->at;

	switch (f->kind) {
	case FIELD_U64:
		return get_u64(r, f->name, v, at);
	case FIELD_I64:
		return get_i64(r, f->name, v, at);
	case FIELD_U32:
	case FIELD_INT:
		return get_small(r, f, v, at);
	case FIELD_DOUBLE:
		return get_double(r, f->name, v, at);
	case FIELD_BOOL:
		return get_bool(r, f->name, v, at);
	case FIELD_TRI:
		return get_tri(r, f->name, v, at);
	case FIELD_ENUM:
		return get_enum(r, f, v, at);
	case FIELD_STR:
		return get_string(r, f->name, v, at);
	case FIELD_STRUCT:
		return get_struct(r, f->name, f->of, v, at, depth);
	case FIELD_PTR:
		return get_pointer(r, f, v, at, depth);
	case FIELD_ROWS:
	case FIELD_FIXED:
		return get_rows(r, f, v, p, depth);
	case FIELD_COLUMNS:
		return get_columns(r, f, v, p, depth);
	case FIELD_LINES:
		return get_lines(r, f, v, p);
	case FIELD_FRAME:
		return get_frame(r, f, v, at);
	case FIELD_STACK:
		return get_stack(r, f, v, at);
	}
	return 0;
}

static int get_struct(struct reader *r, const char *member, const struct shape *shape, json_t *v,
		      void *p, unsigned depth)
{
	int e = 0;

	if (depth > DEPTH_MAX || !json_is_object(v))
		return bad(r, member, "is not an object");
	fields_clear(shape, p);
	for (const struct field *f = shape->fields; e == 0 && f->name; f++) {
		json_t *of = json_object_get(v, f->name);

		if (of)
			e = get_field(r, f, of, p, depth + 1);
	}
	return e;
}

static int get_frames(struct reader *r, json_t *v)
{
	int e = 0;

	if (!json_is_array(v))
		return bad(r, "frames", "is not an array");
	r->frames = arena_new_array(r->a, const struct case_frame *, json_array_size(v) + 1);
	if (!r->frames)
		return no_room(r);
	for (size_t i = 0; e == 0 && i < json_array_size(v); i++) {
		struct case_frame *frame = arena_new(r->a, struct case_frame);

		if (!frame)
			return no_room(r);
		e = get_struct(r, "frames", &shape_frame, json_array_get(v, i), frame, 1);
		if (e == 0 && (!frame->function || !frame->file))
			e = bad(r, "frames", "has a frame without function or file");
		r->frames[r->n_frames++] = frame;
	}
	return e;
}

static int get_one_stack(struct reader *r, json_t *v, struct case_stack *ret)
{
	size_t n = json_array_size(v);
	int64_t number;
	int e = 0;

	if (!json_is_array(v) || n > UINT32_MAX)
		return bad(r, "stacks", "has one that is not an array");
	ret->frames = arena_new_array(r->a, const struct case_frame *, n + 1);
	if (!ret->frames)
		return no_room(r);
	for (size_t i = 0; e == 0 && i < n; i++) {
		e = get_ranged(r, "stacks", json_array_get(v, i), 0, (int64_t)r->n_frames - 1,
			       &number);
		if (e == 0)
			ret->frames[i] = r->frames[number];
	}
	ret->n = (uint32_t)n;
	return e;
}

static int get_stacks(struct reader *r, json_t *v)
{
	int e = 0;

	if (!json_is_array(v))
		return bad(r, "stacks", "is not an array");
	r->stacks = arena_new_array(r->a, struct case_stack, json_array_size(v) + 1);
	if (!r->stacks)
		return no_room(r);
	for (size_t i = 0; e == 0 && i < json_array_size(v); i++) {
		e = get_one_stack(r, json_array_get(v, i), &r->stacks[i]);
		r->n_stacks = i + 1;
	}
	return e;
}

static void release_json(json_t **v)
{
	json_decref(*v);
}

/* The tree is made only when it surely fits. */
static int parse_tree(const struct reader *r, struct str json, json_t **ret)
{
	json_error_t where;

	if (case_json_tree_bytes(json) > TREE_MAX)
		return no_room(r);
	*ret = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &where);
	if (!*ret)
		return err_set(r->err, -EBADMSG, "%s: case.json: offset %d: %s", r->name,
			       where.position, where.text);
	return 0;
}

int case_json_parse(struct str json, const char *name, struct arena *a, struct whycase *ret,
		    struct err *err)
{
	struct reader r = { .a = a, .name = name, .err = err };
	_cleanup_(release_json) json_t *root = NULL;
	int e = parse_tree(&r, json, &root);
	const char *schema = json_string_value(json_object_get(root, "schema"));
	struct whycase c;

	if (e == 0 && (!schema || strcmp(schema, "whyoom.case/1") != 0))
		e = bad(&r, "schema", "is not whyoom.case/1");
	if (e == 0)
		e = get_frames(&r, json_object_get(root, "frames"));
	if (e == 0)
		e = get_stacks(&r, json_object_get(root, "stacks"));
	if (e == 0)
		e = get_struct(&r, "case", &shape_case, root, &c, 0);
	if (e == 0)
		e = case_check_order(&c, name, err);
	if (e < 0)
		return e;
	c.arena = a;
	*ret = c;
	return 0;
}
