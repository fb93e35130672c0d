/* SPDX-License-Identifier: Apache-2.0 */
/* The generated tables: each release is there, and says what its DWARF said. */
#include "t.h"

#include "goruntime/layout.h"

static const struct layout *of_arch(const char *arch, int minor, int patch)
{
	for (unsigned i = 0; i < n_layouts; i++)
		if (!strcmp(layouts[i].arch, arch) && layouts[i].minor == minor &&
		    layouts[i].patch_from <= patch && patch <= layouts[i].patch_to &&
		    !*layouts[i].experiment)
			return &layouts[i];
	fail_msg("no layout for go1.%d.%d %s", minor, patch, arch);
	return NULL;
}

static const struct layout *of(int minor, int patch)
{
	return of_arch("amd64", minor, patch);
}

static void every_minor_is_there(void **state)
{
	(void)state;
	for (int minor = 18; minor <= 27; minor++) {
		assert_int_equal(of(minor, 0)->minor, minor);
		assert_int_equal(of_arch("arm64", minor, 0)->minor, minor);
	}
}

static void patches_of_a_minor_do_not_overlap(void **state)
{
	(void)state;
	for (unsigned i = 1; i < n_layouts; i++) {
		const struct layout *a = &layouts[i - 1], *b = &layouts[i];

		if (strcmp(a->arch, b->arch) || a->minor != b->minor)
			assert_true(strcmp(a->arch, b->arch) < 0 || a->minor < b->minor);
		else if (!strcmp(a->experiment, b->experiment))
			assert_true(a->patch_to < b->patch_from);
		else
			assert_true(strcmp(a->experiment, b->experiment) < 0);
	}
}

/* Figures of go-runtime research, read from DWARF with another tool. */
static void known_offsets(void **state)
{
	(void)state;
	assert_int_equal(of(18, 0)->at[L_SIZEOF_HEAP_STATS_DELTA], 1184);
	assert_int_equal(of(18, 8)->at[L_SIZEOF_HEAP_STATS_DELTA], 1176);
	assert_int_equal(of(18, 10)->at[L_MHEAP_ALLSPANS], 65848);
	assert_int_equal(of(18, 10)->at[L_MSTATS_HEAP_STATS], 5960);
	assert_int_equal(of(19, 0)->at[L_SIZEOF_MSPAN], 136);
	assert_int_equal(of(19, 13)->at[L_SIZEOF_MSPAN], 144);
	assert_int_equal(of(21, 13)->at[L_MSPAN_SWEEPGEN], 96);
	assert_int_equal(of(21, 13)->at[L_WIDTH_MSPAN_NELEMS], 8);
	assert_int_equal(of(22, 12)->at[L_WIDTH_MSPAN_NELEMS], 2);
	assert_int_equal(of(27, 2)->at[L_MHEAP_ALLSPANS], 65864);
	assert_int_equal(of_arch("arm64", 27, 2)->at[L_MHEAP_CENTRAL], 66272);
	assert_int_equal(of(23, 12)->at[L_M_ALLLINK], of(23, 11)->at[L_M_ALLLINK] + 24);
	assert_int_equal(of(24, 6)->at[L_M_ALLLINK], of(24, 5)->at[L_M_ALLLINK] + 24);
	assert_int_equal(of(27, 0)->at[L_SIZEOF_MEM_RECORD_CYCLE], 16);
	assert_int_equal(of(20, 0)->at[L_KIND_SPECIAL_PROFILE], 2);
	assert_int_equal(of(25, 0)->at[L_KIND_SPECIAL_PROFILE], 4);
}

static void experiments_stand_on_their_release(void **state)
{
	const struct layout *lay = NULL;

	(void)state;
	for (unsigned i = 0; i < n_layouts; i++)
		if (layouts[i].minor == 26 && !strcmp(layouts[i].experiment, "nogreenteagc"))
			lay = &layouts[i];
	assert_non_null(lay);
	assert_int_equal(lay->at[L_MHEAP_ALLSPANS], of(26, 0)->at[L_MHEAP_ALLSPANS]);
	assert_int_equal(lay->at[L_MSTATS_ENABLEGC], of(25, 0)->at[L_MSTATS_ENABLEGC]);
	assert_false(layout_has(lay, L_INLINE_MARKS_MARKS));
	assert_true(layout_has(of(26, 0), L_INLINE_MARKS_MARKS));
}

static void renamed_and_absent_fields(void **state)
{
	(void)state;
	assert_true(layout_has(of(20, 0), L_TYPE_STR));
	assert_int_equal(of(20, 0)->at[L_TYPE_STR], of(21, 0)->at[L_TYPE_STR]);
	assert_false(layout_has(of(18, 10), L_GCC_MEMORY_LIMIT));
	assert_false(layout_has(of(18, 10), L_GCC_HEAP_IN_USE));
	assert_true(layout_has(of(19, 0), L_GCC_MEMORY_LIMIT));
	assert_false(layout_has(of(21, 0), L_MSPAN_LARGE_TYPE));
	assert_true(layout_has(of(22, 0), L_MSPAN_LARGE_TYPE));
	assert_false(layout_has(of(25, 0), L_DELTA_IN_PTR_SCALAR_BITS));
	assert_false(layout_has(of(27, 0), L_CYCLE_ALLOC_BYTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_minor_is_there),
		cmocka_unit_test(patches_of_a_minor_do_not_overlap),
		cmocka_unit_test(known_offsets),
		cmocka_unit_test(experiments_stand_on_their_release),
		cmocka_unit_test(renamed_and_absent_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
