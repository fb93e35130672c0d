/* SPDX-License-Identifier: Apache-2.0 */
/* The span walk on a heap made for it: each kind of span, and heaps that lie. */
#include "t.h"

#include <errno.h>

#include "fake_heap.h"
#include "goruntime/size_classes.h"
#include "goruntime/spans.h"
#include "target/buffer.h"

#define CLASS(n, noscan) ((uint8_t)((n) << 1 | (noscan)))
#define IN_USE 1
#define MANUAL 2

/* Class 5 is of 48 bytes, 170 to a page. */
static struct fake_span small(uint64_t page, uint32_t sweepgen)
{
	return (struct fake_span){ .page = page,
				   .npages = 1,
				   .state = IN_USE,
				   .spanclass = CLASS(5, 0),
				   .elemsize = 48,
				   .nelems = 60,
				   .alloc_count = 10,
				   .sweepgen = sweepgen,
				   .alloc_bits = 0x7,
				   .mark_bits = 0x30 };
}

static struct fake_span large(uint64_t page, uint64_t npages, uint64_t marked)
{
	return (struct fake_span){ .page = page,
				   .npages = npages,
				   .state = IN_USE,
				   .spanclass = CLASS(0, 1),
				   .elemsize = npages * GO_PAGE_SIZE,
				   .nelems = 1,
				   .alloc_count = 1,
				   .sweepgen = FAKE_SWEEPGEN,
				   .alloc_bits = marked };
}

static void add(struct fake_heap *h, struct fake_span s)
{
	fake_heap_add(h, &s);
}

static int read_all(struct fake_heap *h, struct gospans *ret, struct err *err)
{
	ARENA(a, 1 << 20);

	return gospans_read(fake_heap_runtime(h), fake_heap_mem(h), 0, NULL, &a, ret, err);
}

static void each_minor(void (*test)(const struct layout *lay))
{
	for (int minor = 19; minor <= 27; minor++)
		test(fake_layout(minor));
}

static void marks_of(const struct layout *lay)
{
	struct fake_heap *h = fake_heap_new(lay);
	struct gospans s;
	struct err err;

	add(h, small(0, FAKE_SWEEPGEN));     /* swept: 3 survived */
	add(h, small(1, FAKE_SWEEPGEN + 3)); /* cached: the same */
	add(h, small(2, FAKE_SWEEPGEN - 2)); /* unswept: 2 marked */
	add(h, small(3, FAKE_SWEEPGEN + 1)); /* cached before the sweep: 2 */
	add(h, small(4, FAKE_SWEEPGEN - 1)); /* being swept: one of the two, here the larger */
	fake_heap_close(h, 0);
	assert_ok(read_all(h, &s, &err), &err);
	assert_int_equal(s.n_classes, 1);
	assert_int_equal(s.classes[0].size, 48);
	assert_int_equal(s.classes[0].spans, 5);
	assert_int_equal(s.classes[0].slots, 300);
	assert_int_equal(s.objects, 50);
	assert_int_equal(s.classes[0].marked, 3 + 3 + 2 + 2 + 3);
	assert_int_equal(s.marked_bytes, 13 * 48);
	assert_int_equal(s.classes[0].unswept_spans, 2);
	assert_int_equal(s.unswept_dead_bytes, 2 * 8 * 48);
	assert_int_equal(s.torn_bytes, 0);
	assert_int_equal(s.bad_spans + s.marks_unknown, 0);
	fake_heap_free(h);
}

static void marks_are_where_the_sweep_left_them(void **state)
{
	(void)state;
	each_minor(marks_of);
}

static void inline_of(const struct layout *lay)
{
	struct fake_heap *h;
	struct gospans s;
	struct err err;
	uint64_t marks;

	if (!layout_has(lay, L_INLINE_MARKS_MARKS))
		return;
	h = fake_heap_new(lay);
	add(h, small(0, FAKE_SWEEPGEN - 2));
	add(h, small(1, FAKE_SWEEPGEN));
	fake_heap_inline_marks(h);
	marks = FAKE_ARENA + GO_PAGE_SIZE - lay->at[L_SIZEOF_INLINE_MARKS] +
		lay->at[L_INLINE_MARKS_MARKS];
	fake_heap_put(h, marks, 0x1f, 8);
	fake_heap_put(h, marks + 7, 0xff, 1); /* past the 60 slots but for four */
	fake_heap_close(h, 0);
	assert_ok(read_all(h, &s, &err), &err);
	assert_int_equal(s.classes[0].marked, 5 + 4 + 3);
	{
		ARENA(a, 1 << 20);

		assert_ok(gospans_read_quickly(fake_heap_runtime(h), fake_heap_mem(h), 0, NULL, &a,
					       &s, &err),
			  &err);
	}
	assert_int_equal(s.classes[0].marked, 3);
	assert_int_equal(s.marks_unknown, 1);
	assert_int_equal(s.unswept_dead_bytes, 0);
	fake_heap_free(h);
}

static void marks_in_the_span_itself(void **state)
{
	(void)state;
	each_minor(inline_of);
}

static void large_objects_are_listed_by_size(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(26));
	ARENA(a, 1 << 20);
	struct gospans s;
	struct err err;

	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		add(h, large(i * 16, 1 + i * 7 % 20, i & 1));
	fake_heap_close(h, 0);
	assert_ok(gospans_read(fake_heap_runtime(h), fake_heap_mem(h), 3, NULL, &a, &s, &err),
		  &err);
	assert_int_equal(s.large_count, 20);
	assert_int_equal(s.large_bytes, 210 * GO_PAGE_SIZE);
	assert_int_equal(s.n_large, 3);
	assert_int_equal(s.large[0].size, 20 * GO_PAGE_SIZE);
	assert_int_equal(s.large[1].size, 19 * GO_PAGE_SIZE);
	assert_int_equal(s.large[2].size, 18 * GO_PAGE_SIZE);
	assert_true(s.large[0].noscan && s.large[0].marked && !s.large[0].unswept);
	fake_heap_free(h);
}

static void manual_and_dead_spans_are_not_heap(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(22));
	struct gospans s;
	struct err err;

	(void)state;
	add(h, small(0, FAKE_SWEEPGEN));
	add(h, (struct fake_span){ .page = 1, .npages = 4, .state = MANUAL });
	add(h, (struct fake_span){ .page = 9, .npages = 4, .state = 0 });
	fake_heap_close(h, 0);
	assert_ok(read_all(h, &s, &err), &err);
	assert_int_equal(s.spans, 1);
	assert_int_equal(s.stack_bytes, 4 * GO_PAGE_SIZE);
	assert_int_equal(s.torn_bytes, 0);
	fake_heap_free(h);
}

static void a_walk_that_differs_says_so(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(26));
	struct fake_span odd = small(3, FAKE_SWEEPGEN);
	struct gospans s;
	struct err err;

	(void)state;
	add(h, small(0, FAKE_SWEEPGEN));
	odd.elemsize = 47; /* not that of its class */
	add(h, odd);
	odd = small(4, FAKE_SWEEPGEN);
	odd.alloc_count = 61; /* more than there are */
	add(h, odd);
	fake_heap_close(h, 8192);
	assert_ok(read_all(h, &s, &err), &err);
	assert_int_equal(s.bad_spans, 2);
	assert_int_equal(s.spans, 1);
	assert_int_equal(s.torn_bytes, -3 * 8192);
	fake_heap_free(h);
}

static void unreadable_marks_are_unknown(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(21));
	struct gospans s;
	struct err err;

	(void)state;
	add(h, small(0, FAKE_SWEEPGEN));
	add(h, small(1, FAKE_SWEEPGEN));
	fake_heap_close(h, 0);
	assert_ok(buffer_hole(fake_heap_mem(h), 0x7f0000200000, 0x7f0000200008, &err), &err);
	assert_ok(read_all(h, &s, &err), &err);
	assert_int_equal(s.objects, 20);
	assert_int_equal(s.classes[0].marked, 3);
	assert_int_equal(s.marks_unknown, 1);
	fake_heap_free(h);
}

static void nonsense_is_refused(void **state)
{
	const struct layout *lay = fake_layout(26);
	struct fake_heap *h = fake_heap_new(lay);
	uint64_t allspans = fake_heap_runtime(h)->at.mheap + lay->at[L_MHEAP_ALLSPANS];
	struct gospans s = { .spans = 77 };
	struct err err;

	(void)state;
	add(h, small(0, FAKE_SWEEPGEN));
	fake_heap_put(h, allspans + 8, UINT64_C(1) << 60, 8); /* longer than its room */
	assert_int_equal(read_all(h, &s, &err), -EBADMSG);
	fake_heap_put(h, allspans + 16, UINT64_C(1) << 60, 8); /* and with room */
	assert_int_equal(read_all(h, &s, &err), -EBADMSG);
	assert_says(&err, "spans");
	fake_heap_put(h, allspans + 8, 400, 8); /* of which one exists */
	fake_heap_put(h, allspans + 16, 400, 8);
	assert_int_equal(read_all(h, &s, &err), -EBADMSG);
	assert_says(&err, "make no sense");
	assert_int_equal(s.spans, 77); /* untouched */
	fake_heap_free(h);
}

struct seen {
	unsigned heap, manual;
	uint64_t pages;
};

static void see(void *arg, const struct gospan *s)
{
	struct seen *seen = arg;

	seen->heap += !s->manual;
	seen->manual += s->manual;
	seen->pages += s->npages;
	if (!s->manual) {
		assert_int_equal(s->size, 48);
		assert_int_equal(s->objects, 10);
		assert_true(s->marks_known);
	}
}

static void the_visitor_sees_each(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(20));
	struct seen seen = { 0 };
	const struct gospan_visitor visitor = { see, &seen };
	ARENA(a, 1 << 20);
	struct gospans s;
	struct err err;

	(void)state;
	add(h, small(0, FAKE_SWEEPGEN));
	add(h, small(2, FAKE_SWEEPGEN - 2));
	add(h, (struct fake_span){ .page = 5, .npages = 4, .state = MANUAL });
	add(h, (struct fake_span){ .page = 9, .npages = 4, .state = 0 });
	assert_ok(gospans_read(fake_heap_runtime(h), fake_heap_mem(h), 0, &visitor, &a, &s, &err),
		  &err);
	assert_int_equal(seen.heap, 2);
	assert_int_equal(seen.manual, 1);
	assert_int_equal(seen.pages, 6);
	fake_heap_free(h);
}

static void arenas_are_listed(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(27));
	struct span64 arenas[2] = { { 0 } };
	struct err err;

	(void)state;
	assert_int_equal(goarenas_read(fake_heap_runtime(h), fake_heap_mem(h), arenas, 2, &err), 1);
	assert_true(arenas[0].from == FAKE_ARENA);
	assert_true(arenas[0].to == FAKE_ARENA + (64 << 20));
	assert_int_equal(goarenas_read(fake_heap_runtime(h), fake_heap_mem(h), NULL, 0, &err), 1);
	fake_heap_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_are_where_the_sweep_left_them),
		cmocka_unit_test(marks_in_the_span_itself),
		cmocka_unit_test(large_objects_are_listed_by_size),
		cmocka_unit_test(manual_and_dead_spans_are_not_heap),
		cmocka_unit_test(a_walk_that_differs_says_so),
		cmocka_unit_test(unreadable_marks_are_unknown),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(the_visitor_sees_each),
		cmocka_unit_test(arenas_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
