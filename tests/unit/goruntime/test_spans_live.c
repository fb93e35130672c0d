/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spans add up to what the runtime itself counts, and their marks to what its
 * last collection marked.
 *
 * WHYOOM_GO_VERSIONS="1.19.13 1.27.2" tests those toolchains instead of PATH's go.
 */
#include "t.h"

#include <signal.h>

#include "looked.h"

/* The program has three kinds of large objects: []byte, []*node, and the list of what it keeps. */
static void compare_types(const struct goruntime *rt, const struct gospans *s)
{
	unsigned nodes = 0;

	for (size_t i = 0; i < s->n_large; i++) {
		if (rt->lay->minor < 22 || s->large[i].noscan)
			assert_null(s->large[i].type);
		else if (strcmp(s->large[i].type, "interface {}"))
			assert_string_equal(s->large[i].type, "*main.node");
		nodes += s->large[i].type && s->large[i].type[0] == '*';
	}
	assert_true(rt->lay->minor < 22 || nodes >= 10);
}

static void spans_of_one(struct looked *l, const char *path, enum go_build how)
{
	static const char *const steps[] = { "", "a", "ag", "d", "dsg" };
	struct gospans spans;
	struct gostats s;
	char said[4096];

	(void)how;
	look_into(l, path, NULL);
	attach(l);
	for (size_t i = 0; i < COUNT(steps); i++) {
		ARENA(a, 64 << 20);

		tell(l, steps[i]);
		read_between(l, &s, &spans, &a, said);
		assert_int_equal(spans.torn_bytes, 0);
		assert_int_equal(spans.bad_spans, 0);
		assert_int_equal(spans.marks_unknown, 0);
		assert_int_equal(spans.inuse_bytes, go_child_said(said, "HeapInuse"));
		assert_int_equal(spans.object_bytes, go_child_said(said, "HeapAlloc"));
		assert_int_equal(spans.objects, go_child_said(said, "HeapObjects"));
		assert_int_equal(spans.stack_bytes, go_child_said(said, "StackInuse"));
		/* Stdin, Stdout and Stderr have finalizers: counted twice by the collector */
		if (s.num_gc)
			assert_int_equal(spans.marked_bytes + 3 * 96, s.heap_marked);
		else
			assert_int_equal(spans.marked_bytes, 0);
		if (i == 2) {
			assert_in_range(spans.large_count, 20, 40);
			assert_int_equal(spans.n_large, spans.large_count);
			assert_int_equal(spans.large[0].size, 163840);
			assert_true(spans.large[0].marked && !spans.large[0].unswept);
			compare_types(&l->rt, &spans);
		}
	}
	look_away(l);
}

static void spans_add_up(void **state)
{
	(void)state;
	each_program(spans_of_one);
}

/* Stopped in the middle of a sweep: marks are where the sweeper has not been yet. */
static void unswept_of_one(struct looked *l, const char *path, enum go_build how)
{
	bool seen = false;

	if (how != GO_PLAIN)
		return;
	look_into(l, path, (const char *const[]){ "GOMAXPROCS", "1", NULL });
	attach(l);
	tell(l, "aaaadddd");
	for (int try = 0; try < 300 && !seen; try++) {
		ARENA(a, 64 << 20);
		struct gospans spans;
		struct gostats s;
		struct err err = { 0 };
		uint64_t unswept = 0;

		tell(l, "c"); /* begins a collection and does not help to sweep */
		kill(l->child.pid, SIGSTOP);
		sleep_ms(2);
		assert_ok(gostats_read(&l->rt, l->m, &s, &err), &err);
		assert_ok(gospans_read(&l->rt, l->m, 0, NULL, &a, &spans, &err), &err);
		kill(l->child.pid, SIGCONT);
		for (unsigned i = 0; i < spans.n_classes; i++)
			unswept += spans.classes[i].unswept_spans;
		if (s.gcphase || unswept < 20)
			continue;
		seen = true;
		assert_int_equal(spans.marks_unknown, 0);
		assert_int_equal(spans.marked_bytes + 3 * 96, s.heap_marked);
		assert_true(spans.unswept_dead_bytes <= spans.object_bytes - spans.marked_bytes);
	}
	if (!seen)
		fail_msg("%s was never seen with its sweep unfinished", path);
	look_away(l);
}

static void marks_of_unswept_spans(void **state)
{
	(void)state;
	each_program(unswept_of_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_add_up),
		cmocka_unit_test(marks_of_unswept_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
