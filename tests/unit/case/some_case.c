/* SPDX-License-Identifier: Apache-2.0 */
#include "some_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/case_fields.h"

#define FRAMES 12
#define ROWS_MAX 5

static uint64_t seed = 88172645463325252u;

static const struct case_frame *frames[FRAMES]; /* of the case that is being made */

uint64_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static const char *some_string(struct arena *a)
{
	static const char *const texts[] = { "",
					     "a\"\\\n\tb",
					     "\x01\x7f",
					     "\xe4\xbd\xa0\xe5\xa5\xbd",
					     "main.(*quotes).fetch.func1",
					     "/" };
	uint64_t r = random_bits();

	if (r % 5 == 0)
		return NULL;
	return must((void *)(uintptr_t)arena_str(a, str_from(texts[r / 5 % 6])).p);
}

static double some_double(uint64_t r)
{
	return r % 5 ? (double)r / 7.3e11 : (double)NAN;
}

static void fill_plain(const struct field *f, void *at, struct arena *a)
{
	static const uint64_t counts[] = { 0,	     1, UNKNOWN_U64, CASE_NO_LIMIT, UINT64_MAX - 2,
					   INT64_MAX };
	static const int64_t numbers[] = { 0, -1, UNKNOWN_I64, INT64_MAX, INT64_MAX - 1, -12345 };
	uint64_t r = random_bits();
	unsigned v;

	switch (f->kind) {
	case FIELD_U64:
		*(uint64_t *)at = r % 3 ? r >> (r % 60) : counts[r / 3 % 6];
		break;
	case FIELD_I64:
		*(int64_t *)at = numbers[r % 6];
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)r;
		break;
	case FIELD_INT:
		*(int *)at = (int)(r % 2000) - 1000;
		break;
	case FIELD_DOUBLE:
		*(double *)at = some_double(r);
		break;
	case FIELD_BOOL:
		*(bool *)at = r % 2;
		break;
	case FIELD_TRI:
		v = (unsigned)(r % 3);
		memcpy(at, &v, sizeof(v));
		break;
	case FIELD_STR:
		*(const char **)at = some_string(a);
		break;
	case FIELD_FRAME:
		*(const struct case_frame **)at = r % 3 ? frames[r % FRAMES] : NULL;
		break;
	default:
		break;
	}
}

static void fill_enum(const struct field *f, void *at)
{
	unsigned n = 0, v;

	while (f->names[n])
		n++;
	v = (unsigned)(random_bits() % n);
	memcpy(at, &v, sizeof(v));
}

static void fill_stack(struct case_stack *s, struct arena *a)
{
	s->n = (uint32_t)(random_bits() % 4);
	s->frames = must(arena_new_array(a, const struct case_frame *, 4));
	for (uint32_t i = 0; i < s->n; i++)
		s->frames[i] = frames[random_bits() % FRAMES];
}

static void fill(const struct shape *shape, void *p, struct arena *a);

static void fill_array(const struct field *f, char *p, struct arena *a)
{
	size_t n = random_bits() % ROWS_MAX;
	char *rows = p + f->at;

	if (f->kind == FIELD_FIXED) {
		*(unsigned *)(p + f->count_at) = (unsigned)n;
	} else {
		rows = must(arena_array(a, ROWS_MAX, f->of->size, f->of->align));
		*(void **)(p + f->at) = rows;
		*(size_t *)(p + f->count_at) = n;
	}
	for (size_t i = 0; i < n; i++) {
		fill(f->of, rows + i * f->of->size, a);
		if (strcmp(f->of->fields[0].name, "t_ns") == 0)
			*(int64_t *)(rows + i * f->of->size) = (int64_t)i / 2;
	}
}

static void fill_lines(const struct field *f, char *p, struct arena *a)
{
	const char **lines = must(arena_new_array(a, const char *, 2));

	lines[0] = "oom-kill:constraint=CONSTRAINT_MEMCG";
	lines[1] = "";
	*(const char ***)(p + f->at) = lines;
	*(size_t *)(p + f->count_at) = random_bits() % 3;
}

static void fill(const struct shape *shape, void *p, struct arena *a)
{
	fields_clear(shape, p);
	for (const struct field *f = shape->fields; f->name; f++) {
		char *at = (char *)p + f->at;

		fill_plain(f, at, a);
		if (f->kind == FIELD_ENUM)
			fill_enum(f, at);
		if (f->kind == FIELD_STRUCT)
			fill(f->of, at, a);
		if (f->kind == FIELD_PTR && random_bits() % 3) {
			*(void **)at = must(arena_alloc(a, f->of->size, f->of->align));
			fill(f->of, *(void **)at, a);
		}
		if (f->kind == FIELD_ROWS || f->kind == FIELD_COLUMNS || f->kind == FIELD_FIXED)
			fill_array(f, p, a);
		if (f->kind == FIELD_LINES)
			fill_lines(f, p, a);
		if (f->kind == FIELD_STACK)
			fill_stack((struct case_stack *)at, a);
	}
}

static void make_frames(struct arena *a)
{
	for (size_t i = 0; i < FRAMES; i++) {
		struct case_frame *f = must(arena_new(a, struct case_frame));

		fill(&shape_frame, f, a);
		f->function = "main.f";
		f->file = "f.go";
		frames[i] = f;
	}
}

void some_case(struct whycase *c, struct arena *a)
{
	make_frames(a);
	fill(&shape_case, c, a);
	c->arena = a;
}

void small_case(struct whycase *c, struct arena *a)
{
	struct case_snapshot *s;
	struct case_sample m;

	case_init(c, a);
	make_frames(a);
	fill(&shape_sample, &m, a);
	if (case_add_sample(c, &m) < 0)
		abort();
	s = must(case_add_snapshot(c));
	s->have_goroutines = true;
	s->groups = must(arena_new_array(a, struct case_goroutines, 2));
	s->n_groups = 2;
	for (size_t i = 0; i < 2; i++) {
		s->groups[i] = (struct case_goroutines){ .count = i + 1, .state = "select" };
		fill_stack(&s->groups[i].stack, a);
	}
	case_add_missing(c, "heap profile", "linked out");
}

static const char *rows_differ(const struct field *f, const void *p, const void *q);
static const char *structs_differ(const struct shape *shape, const void *p, const void *q);

static bool strings_differ(const char *s, const char *t)
{
	return !s != !t || (s && strcmp(s, t) != 0);
}

static bool frames_differ(const struct case_frame *f, const struct case_frame *g)
{
	return !f != !g || (f && structs_differ(&shape_frame, f, g));
}

static bool stacks_differ(const struct case_stack *s, const struct case_stack *t)
{
	if (s->n != t->n)
		return true;
	for (uint32_t i = 0; i < s->n; i++) {
		if (frames_differ(s->frames[i], t->frames[i]))
			return true;
	}
	return false;
}

static bool doubles_differ(double v, double w)
{
	return isnan(v) != isnan(w) || v < w || v > w;
}

static const char *pointers_differ(const struct field *f, const void *p, const void *q)
{
	if (!p || !q)
		return p == q ? NULL : f->name;
	return structs_differ(f->of, p, q);
}

static const char *member_differs(const struct field *f, const void *p, const void *q)
{
	const char *at = (const char *)p + f->at, *to = (const char *)q + f->at;
	bool bad = false;

	switch (f->kind) {
	case FIELD_U64:
	case FIELD_I64:
		bad = memcmp(at, to, 8) != 0;
		break;
	case FIELD_U32:
	case FIELD_INT:
	case FIELD_TRI:
	case FIELD_ENUM:
		bad = memcmp(at, to, 4) != 0;
		break;
	case FIELD_DOUBLE:
		bad = doubles_differ(*(const double *)at, *(const double *)to);
		break;
	case FIELD_BOOL:
		bad = *at != *to;
		break;
	case FIELD_STR:
		bad = strings_differ(*(const char *const *)at, *(const char *const *)to);
		break;
	case FIELD_FRAME:
		bad = frames_differ(*(const struct case_frame *const *)at,
				    *(const struct case_frame *const *)to);
		break;
	case FIELD_STACK:
		bad = stacks_differ((const struct case_stack *)at, (const struct case_stack *)to);
		break;
	case FIELD_STRUCT:
		return structs_differ(f->of, at, to);
	case FIELD_PTR:
		return pointers_differ(f, *(const void *const *)at, *(const void *const *)to);
	default:
		return rows_differ(f, p, q);
	}
	return bad ? f->name : NULL;
}

static const char *rows_differ(const struct field *f, const void *p, const void *q)
{
	size_t n, m;
	const char *a = field_elements(f, p, &n), *b = field_elements(f, q, &m);
	const char *bad = n == m ? NULL : f->name;

	for (size_t i = 0; i < n && !bad; i++) {
		if (f->kind == FIELD_LINES)
			bad = strings_differ(((const char *const *)a)[i],
					     ((const char *const *)b)[i])
				      ? f->name
				      : NULL;
		else
			bad = structs_differ(f->of, a + i * f->of->size, b + i * f->of->size);
	}
	return bad;
}

static const char *structs_differ(const struct shape *shape, const void *p, const void *q)
{
	const char *bad = NULL;

	for (const struct field *f = shape->fields; f->name && !bad; f++)
		bad = member_differs(f, p, q);
	return bad;
}

const char *differs(const struct whycase *a, const struct whycase *b)
{
	return structs_differ(&shape_case, a, b);
}
