/* SPDX-License-Identifier: Apache-2.0 */
/* types: descriptors of a live program have the names that reflect gives them. */
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "go_program.h"
#include "goruntime/types.h"
#include "lines.h"

static uint64_t address_in(struct str line)
{
	uint64_t addr = 0;
	struct str word;

	assert_true(str_take_until(&line, '\t', &word));
	assert_true(str_take_hex(&line, &addr));
	return addr;
}

static void name_all(const struct go_program *p, const char *want, struct buf *got)
{
	struct str rest = str_from(want), line;
	struct err err = { 0 };
	const char *name;
	ARENA(a, 1 << 20);

	while (str_take_line(&rest, &line)) {
		uint64_t addr = address_in(line);

		if (str_has_prefix(line, STR("made"))) {
			assert_int_equal(gotype_name(&p->rt, p->m, addr, &a, &name, &err), -ENOENT);
			continue;
		}
		assert_ok(gotype_name(&p->rt, p->m, addr, &a, &name, &err), &err);
		buf_printf(got, "type\t%llx\t%s\n", (unsigned long long)addr, name);
		assert_int_equal(gotype_name(&p->rt, p->m, addr + 4, &a, &name, &err), -ENOENT);
	}
}

static void nothing_else_has_a_name(const struct go_program *p)
{
	const uint64_t none[] = { 0,
				  8,
				  p->rt.at.mheap,
				  image_module(p->img)->text.from,
				  image_module(p->img)->types.to - 8,
				  UINT64_MAX & ~7ULL };
	struct err err = { 0 };
	const char *name;
	ARENA(a, 1 << 20);

	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(gotype_name(&p->rt, p->m, none[i], &a, &name, &err), -ENOENT);
}

/* The type of the largest object, as its span has it. */
static uint64_t largest_type(const struct go_program *p)
{
	const uint32_t *at = p->rt.lay->at;
	uint64_t list, n, most = 0, type = 0, span, pages, t;
	struct err err = { 0 };

	assert_ok(mem_u64(p->m, p->rt.at.mheap + at[L_MHEAP_ALLSPANS], &list, &err), &err);
	assert_ok(mem_u64(p->m, p->rt.at.mheap + at[L_MHEAP_ALLSPANS] + 8, &n, &err), &err);
	for (uint64_t i = 0; i < n; i++) {
		assert_ok(mem_u64(p->m, list + 8 * i, &span, &err), &err);
		assert_ok(mem_u64(p->m, span + at[L_MSPAN_NPAGES], &pages, &err), &err);
		assert_ok(mem_u64(p->m, span + at[L_MSPAN_LARGE_TYPE], &t, &err), &err);
		if (pages > most && t) {
			most = pages;
			type = t;
		}
	}
	return type;
}

/* It is a nameless copy in Go 1.22 and 1.23. */
static void the_large_array_is_named(const struct go_program *p)
{
	struct err err = { 0 };
	const char *name;
	ARENA(a, 1 << 20);

	if (image_go_minor(p->img) < 22)
		return;
	assert_ok(gotype_name(&p->rt, p->m, largest_type(p), &a, &name, &err), &err);
	assert_string_equal(name, "[200000]*main.session");
}

static bool compare(const struct go_run *run)
{
	struct go_program p;
	char *want;
	BUF(got, 1 << 20);

	if (!go_program_start(&p, run))
		return false;
	want = go_program_file(&p, "out");
	name_all(&p, want, &got);
	printf("# go%s: %zu names equal\n", run->version,
	       same_lines(got.p, want, "type", run->version));
	nothing_else_has_a_name(&p);
	the_large_array_is_named(&p);
	free(want);
	go_program_stop(&p);
	return true;
}

static void names_are_those_of_reflect(void **state)
{
	(void)state;
	if (!go_program_each(compare, &(struct go_run){ .name = "typed", .how = GO_STRIPPED }))
		skip_test("no go");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_reflect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
