/* SPDX-License-Identifier: Apache-2.0 */
/* goroutines: counts, groups and frames of live programs are those that the programs print. */
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "go_program.h"
#include "goruntime/goroutine_stacks.h"
#include "lines.h"

#define TRACE_FRAMES 40	  /* of a traceback that the program writes down */
#define PROFILE_FRAMES 32 /* runtime.StackRecord */
#define TEXT_MAX ((size_t)16 << 20)

static struct goroutine_frame frames[GOROUTINE_STACK_MAX];

/* Tracebacks call runtime.gopanic so. */
static const char *printed(const char *name)
{
	return strcmp(name, "runtime.gopanic") ? name : "panic";
}

static void add_frames(struct buf *out, size_t n, size_t max, bool print)
{
	for (size_t i = 0; i < n && i < max; i++) {
		const struct image_frame *f = &frames[i].frame;

		buf_printf(out, "%s%s %s:%u", i ? ";" : "",
			   print ? printed(f->function) : f->function, f->file, f->line);
	}
}

static bool is_main(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(frames[i].frame.function, "main.main"))
			return true;
	}
	return false;
}

/* Tracebacks hide a creator as they hide a frame. */
static void add_creator(struct buf *out, const struct image *img, const struct goroutine_group *g)
{
	struct goroutine_frame by[2] = { 0 };

	if (!goroutine_creator(img, g, &by[0].frame))
		return;
	by[1].frame.function = "main.shown";
	if (goroutine_stack_shown(by, 2) < 2)
		return;
	buf_printf(out, "%s %s:%u", by[0].frame.function, by[0].frame.file, by[0].frame.line);
}

/* Groups that print the same are one in the program's own list. */
static void add_line(struct str keys[], uint64_t counts[], size_t *n, char *key, uint64_t count)
{
	for (size_t i = 0; i < *n; i++) {
		if (str_eq(keys[i], str_from(key))) {
			counts[i] += count;
			free(key);
			return;
		}
	}
	assert_in_range(*n, 0, 999);
	keys[*n] = str_from(key);
	counts[(*n)++] = count;
}

static void put_lines(struct buf *out, const char *kind, struct str keys[], const uint64_t counts[],
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s\t%llu\t", kind, (unsigned long long)counts[i]);
		buf_str(out, keys[i]);
		buf_char(out, '\n');
		free((void *)(uintptr_t)keys[i].p);
	}
}

static void traces(const struct go_program *p, const struct goroutines *g, struct buf *out)
{
	static struct str keys[1000];
	static uint64_t counts[1000];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		size_t k = goroutine_stack(p->img, &g->groups[i], frames, COUNT(frames));
		BUF(line, TEXT_MAX);

		if (g->groups[i].system || is_main(k))
			continue;
		buf_printf(&line, "%s\t", g->groups[i].state);
		add_frames(&line, goroutine_stack_shown(frames, k), TRACE_FRAMES, true);
		buf_char(&line, '\t');
		add_creator(&line, p->img, &g->groups[i]);
		add_line(keys, counts, &n, strdup(line.p), g->groups[i].count);
	}
	put_lines(out, "trace", keys, counts, n);
}

static void profiles(const struct go_program *p, const struct goroutines *g, struct buf *out)
{
	static struct str keys[1000];
	static uint64_t counts[1000];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		size_t k = goroutine_stack(p->img, &g->groups[i], frames, COUNT(frames));
		BUF(line, TEXT_MAX);

		if (g->groups[i].system || is_main(k))
			continue;
		add_frames(&line, k, PROFILE_FRAMES, false);
		add_line(keys, counts, &n, strdup(line.p ? line.p : ""), g->groups[i].count);
	}
	put_lines(out, "profile", keys, counts, n);
}

/*
 * runtime.NumGoroutine() leaves out what runs finalizers or clean-ups even while it
 * is in the program's code; goroutine profiles do not.
 */
static uint64_t num_goroutine(const struct go_program *p, const struct goroutines *g)
{
	uint64_t n = g->total;

	for (size_t i = 0; i < g->n; i++) {
		struct image_func start;

		/* a thread of C's own was not started by a function of Go */
		if (!image_func_at(p->img, g->groups[i].startpc, &start))
			continue;
		if (!g->groups[i].system && (!strcmp(start.name, "runtime.runfinq") ||
					     !strcmp(start.name, "runtime.runFinalizers") ||
					     !strcmp(start.name, "runtime.runCleanups")))
			n -= g->groups[i].count;
	}
	return n;
}

static bool compare(const struct go_run *run)
{
	char total[64];
	struct go_program p;
	struct goroutines g;
	struct err err = { 0 };
	char *want;
	ARENA(a, 64 << 20);
	BUF(got, TEXT_MAX);

	if (!go_program_start(&p, run))
		return false;
	assert_ok(goroutines_read(&p.rt, p.m, 100000, &a, &g, &err), &err);
	want = go_program_file(&p, "out");
	traces(&p, &g, &got);
	profiles(&p, &g, &got);
	printf("# go%s %s: %llu goroutines, %llu of the runtime, %llu dead, %zu groups\n",
	       run->version, go_build_names[run->how], (unsigned long long)g.total,
	       (unsigned long long)g.system, (unsigned long long)g.dead, g.n);
	assert_int_equal(g.unstable, 0);
	assert_int_equal(g.unread, 0);
	snprintf(total, sizeof(total), "total\t%llu\n", (unsigned long long)num_goroutine(&p, &g));
	assert_true(str_has_prefix(str_from(want), str_from(total)));
	assert_in_range(same_lines(got.p, want, "trace", run->version), 20, 100);
	assert_in_range(same_lines(got.p, want, "profile", run->version), 20, 100);
	free(want);
	go_program_stop(&p);
	return true;
}

static void groups_are_those_of_the_program(void **state)
{
	(void)state;
	if (!go_program_each(compare, &(struct go_run){ .name = "parked" }))
		skip_test("no go");
}

static void stripped_and_position_independent_too(void **state)
{
	(void)state;
	if (!go_program_each(compare, &(struct go_run){ .name = "parked", .how = GO_PIE }))
		skip_test("no go");
}

static void below_c_too(void **state)
{
	(void)state;
	if (!go_program_each(compare, &(struct go_run){ .name = "parked", .how = GO_CGO }))
		skip_test("no go with cgo");
}

static bool count_many(const struct go_run *run)
{
	struct go_program p;
	struct goroutines g;
	struct err err = { 0 };
	int64_t before;
	uint64_t bytes;
	ARENA(a, 64 << 20);

	if (!go_program_start(&p, run))
		return false;
	bytes = p.m->bytes_read;
	before = clock_mono();
	assert_ok(goroutines_read(&p.rt, p.m, 1000000, &a, &g, &err), &err);
	printf("# go%s: %llu goroutines in %lld us, %llu KB read\n", run->version,
	       (unsigned long long)g.total, (long long)(clock_mono() - before) / 1000,
	       (unsigned long long)(p.m->bytes_read - bytes) / 1024);
	assert_int_equal(g.total, 10001);
	assert_int_equal(g.groups[0].count, 4000);
	assert_string_equal(g.groups[0].state, "chan receive");
	assert_int_equal(g.groups[1].count, 3000);
	assert_string_equal(g.groups[1].state, "select");
	assert_int_equal(g.groups[2].count, 2000);
	assert_int_equal(g.groups[3].count, 1000);
	assert_int_equal(g.groups[0].wait_known, 4000);
	assert_in_range(g.groups[0].wait_max_ns, 1, 3600 * NS_PER_S);
	assert_true(g.groups[0].wait_min_ns <= g.groups[0].wait_max_ns);
	assert_int_equal(goroutines_read(&p.rt, p.m, 10000, &a, &g, &err), -E2BIG);
	go_program_stop(&p);
	return true;
}

static void many_are_counted(void **state)
{
	(void)state;
	if (!go_program_each(count_many, &(struct go_run){ .name = "parked", .args = "10000" }))
		skip_test("no go");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_those_of_the_program),
		cmocka_unit_test(stripped_and_position_independent_too),
		cmocka_unit_test(below_c_too),
		cmocka_unit_test(many_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
