/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <stdalign.h>

#include "case/case.h"
#include "case/case_fields.h"

#define MB (UINT64_C(1) << 20)

static void an_empty_case_knows_nothing(void **state)
{
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	assert_null(c.subject.comm);
	assert_int_equal(c.subject.pid, 0);
	assert_true(c.subject.started_wall_ns == UNKNOWN_I64);
	assert_false(known(c.host.mem_total));
	assert_int_equal(c.end.exit_status, -1);
	assert_int_equal(c.end.signal, -1);
	assert_int_equal(c.end.group_counted_kill, TRI_UNKNOWN);
	assert_true(c.run.begin == UNKNOWN_I64);
	assert_false(known(case_limit_bytes(&c)));
	assert_null(case_limit_source(&c));
	assert_null(case_last_charge(&c));
	assert_false(known(case_charge_bytes(&c)));
	assert_false(case_group_killed(&c));
}

static void series_grow_inside_the_arena(void **state)
{
	struct whycase c;
	ARENA(a, 4 << 20);

	(void)state;
	case_init(&c, &a);
	for (int i = 0; i < 5000; i++) {
		struct case_sample s;

		case_sample_init(&s);
		s.t = i;
		s.charge = (uint64_t)i * MB;
		assert_int_equal(case_add_sample(&c, &s), 0);
		assert_int_equal(
			case_add_cycle(&c, &(struct case_cycle){ .t = i, .num_gc = (uint64_t)i }),
			0);
	}
	assert_int_equal(c.n_samples, 5000);
	for (size_t i = 0; i < c.n_samples; i++) {
		assert_int_equal(c.samples[i].t, (int)i);
		assert_true(c.samples[i].charge == i * MB);
		assert_int_equal(c.cycles[i].num_gc, i);
	}
	assert_false(known(c.samples[77].heap_marked));
	assert_true(case_charge_bytes(&c) == 4999 * MB);
}

static void a_spent_arena_is_an_error_and_changes_nothing(void **state)
{
	struct whycase c;
	struct case_sample s;
	int r = 0;
	ARENA(a, 200000);

	(void)state;
	case_init(&c, &a);
	case_sample_init(&s);
	for (int i = 0; i < 100000 && r == 0; i++) {
		s.t = i;
		r = case_add_sample(&c, &s);
	}
	assert_int_equal(r, -ENOMEM);
	assert_true(c.n_samples > 0 && c.n_samples < 100000);
	assert_int_equal(c.samples[c.n_samples - 1].t, (int)c.n_samples - 1);
}

static void the_last_snapshot_that_has_the_part(void **state)
{
	static const struct case_charge charge = { .usage = 7 * MB };
	static const struct case_gostats stats = { .num_gc = 3 };
	struct whycase c;
	struct case_snapshot *s;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	for (int i = 0; i < 200; i++) {
		s = case_add_snapshot(&c);
		assert_non_null(s);
		assert_int_equal(s->n_groups, 0);
		s->t = i;
		s->have_goroutines = i == 150;
		s->have_sites = i == 20 || i == 90;
		s->charge = i == 10 ? &charge : NULL;
		s->stats = i < 5 ? &stats : NULL;
	}
	assert_int_equal(case_last_with_goroutines(&c)->t, 150);
	assert_int_equal(case_last_with_sites(&c)->t, 90);
	assert_int_equal(case_last_with_stats(&c)->t, 4);
	assert_null(case_last_with_spans(&c));
	assert_ptr_equal(case_last_charge(&c), &charge);
	assert_true(case_charge_bytes(&c) == 7 * MB);
}

static void what_is_missing_is_said_once(void **state)
{
	char why[] = "no permission";
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	case_add_missing(&c, "kernel log", why);
	case_add_missing(&c, "kernel log", "no permission");
	why[0] = 'X';
	assert_int_equal(c.n_missing, 1);
	assert_string_equal(c.missing[0].why, "no permission");
	for (int i = 0; i < 100; i++) {
		char what[16];

		snprintf(what, sizeof(what), "part %d", i);
		case_add_missing(&c, what, "x");
	}
	assert_int_equal(c.n_missing, CASE_MISSING_MAX);
}

static void add_limit(struct whycase *c, const char *scope, uint64_t limit, uint64_t usage)
{
	c->limits[c->n_limits++] = (struct case_limit){
		.source = scope, .scope = scope, .limit_bytes = limit, .usage_bytes = usage
	};
}

static void the_nearest_limit_has_the_least_room(void **state)
{
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	add_limit(&c, "container", CASE_NO_LIMIT, 100 * MB);
	assert_true(case_limit_bytes(&c) == CASE_NO_LIMIT);
	assert_null(case_limit_source(&c));
	add_limit(&c, "pod", 512 * MB, 500 * MB);
	add_limit(&c, "host", 4096 * MB, 4090 * MB);
	assert_true(case_limit_bytes(&c) == 4096 * MB);
	c.end.group_counted_kill = TRI_YES; /* then it was not the host's */
	assert_true(case_limit_bytes(&c) == 512 * MB);
	assert_string_equal(case_limit_source(&c), "pod");
}

static void the_kernels_own_limit_comes_first(void **state)
{
	struct case_kill k;
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	case_kill_init(&k);
	k.kind = OOM_MEMCG;
	k.limit = 512 * MB;
	c.end.kill = &k;
	add_limit(&c, "container", 256 * MB, 10 * MB);
	assert_true(case_limit_bytes(&c) == 512 * MB);
	assert_string_equal(case_limit_source(&c), "kernel log");
	add_limit(&c, "pod", 512 * MB, 511 * MB);
	assert_string_equal(case_limit_source(&c), "pod");
	k.kind = OOM_GLOBAL;
	k.limit = UNKNOWN_U64;
	c.host.mem_total = 4096 * MB;
	assert_true(case_limit_bytes(&c) == 4096 * MB);
	assert_false(case_group_killed(&c));
}

static void a_limit_that_could_not_be_read_is_not_no_limit(void **state)
{
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	add_limit(&c, "container", CASE_NO_LIMIT, 100 * MB);
	add_limit(&c, "pod", UNKNOWN_U64, UNKNOWN_U64);
	assert_false(known(case_limit_bytes(&c)));
}

static const struct {
	enum field_kind kind;
	size_t size, align;
} in_memory[] = {
	{ FIELD_U64, 8, 8 },
	{ FIELD_I64, 8, 8 },
	{ FIELD_U32, 4, 4 },
	{ FIELD_INT, 4, 4 },
	{ FIELD_DOUBLE, 8, 8 },
	{ FIELD_BOOL, 1, 1 },
	{ FIELD_TRI, 4, 4 },
	{ FIELD_ENUM, 4, 4 },
	{ FIELD_STR, 8, 8 },
	{ FIELD_PTR, 8, 8 },
	{ FIELD_ROWS, 8, 8 },
	{ FIELD_COLUMNS, 8, 8 },
	{ FIELD_LINES, 8, 8 },
	{ FIELD_FRAME, 8, 8 },
	{ FIELD_STACK, sizeof(struct case_stack), alignof(struct case_stack) },
};

static void cover(unsigned char *seen, size_t at, size_t size, size_t align)
{
	assert_int_equal(at % align, 0);
	for (size_t i = at; i < at + size; i++) {
		assert_int_equal(seen[i], 0);
		seen[i] = (unsigned char)align;
	}
}

/* Padding is less than the next member's alignment: anything longer is a member without a row. */
static void covered_but_for_padding(const struct shape *shape, unsigned depth)
{
	unsigned char seen[sizeof(struct whycase)] = { 0 };
	size_t gap = 0;

	assert_true(shape->size <= sizeof(seen));
	if (shape == &shape_case)
		cover(seen, offsetof(struct whycase, arena), sizeof(void *), 8);
	for (const struct field *f = shape->fields; f->name; f++) {
		for (size_t k = 0; k < COUNT(in_memory); k++) {
			if (in_memory[k].kind == f->kind)
				cover(seen, f->at, in_memory[k].size, in_memory[k].align);
		}
		if (f->kind == FIELD_STRUCT)
			cover(seen, f->at, f->of->size, f->of->align);
		if (f->kind == FIELD_FIXED)
			cover(seen, f->at, f->max * f->of->size, f->of->align);
		if (f->count_at)
			cover(seen, f->count_at, f->kind == FIELD_FIXED ? 4 : 8, 4);
		if (f->room_at)
			cover(seen, f->room_at, 8, 8);
		if (f->of && depth < 8)
			covered_but_for_padding(f->of, depth + 1);
	}
	for (size_t i = 0; i < shape->size; i++) {
		size_t next = i + 1 == shape->size ? shape->align : seen[i + 1];

		gap = seen[i] ? 0 : gap + 1;
		if (gap && next && gap >= next)
			fail_msg("%s...: %zu bytes before offset %zu have no row",
				 shape->fields[0].name, gap, i + 1);
	}
}

static void every_member_has_a_row(void **state)
{
	(void)state;
	covered_but_for_padding(&shape_case, 0);
	covered_but_for_padding(&shape_frame, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_case_knows_nothing),
		cmocka_unit_test(series_grow_inside_the_arena),
		cmocka_unit_test(a_spent_arena_is_an_error_and_changes_nothing),
		cmocka_unit_test(the_last_snapshot_that_has_the_part),
		cmocka_unit_test(what_is_missing_is_said_once),
		cmocka_unit_test(the_nearest_limit_has_the_least_room),
		cmocka_unit_test(the_kernels_own_limit_comes_first),
		cmocka_unit_test(a_limit_that_could_not_be_read_is_not_no_limit),
		cmocka_unit_test(every_member_has_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
