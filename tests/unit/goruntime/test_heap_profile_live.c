/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_profile: the profile read from outside, written as pprof, holds the same
 * samples as the one that the program wrote of itself.
 */
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "go_program.h"
#include "goruntime/heap_stacks.h"
#include "lines.h"
#include "profile/pprof_write.h"

#define BUCKETS_MAX 1000000

static struct heap_frame frames[HEAP_STACK_MAX];

/* Frames that are joined are lines of one location. */
static size_t locations(struct pprof_writer *w, size_t n, uint64_t *ids)
{
	struct pprof_frame lines[HEAP_STACK_MAX];
	size_t n_ids = 0;

	for (size_t i = 0, k; i < n; i += k) {
		for (k = 0; i + k < n && (k == 0 || frames[i + k].joined); k++)
			lines[k] = (struct pprof_frame){ frames[i + k].frame.function,
							 frames[i + k].frame.file,
							 frames[i + k].frame.line };
		ids[n_ids++] = pprof_location(w, frames[i].address, lines, k);
	}
	return n_ids;
}

static void write_profile(const struct go_program *p, const struct heap_profile *h)
{
	static const struct pprof_type types[] = { { "alloc_objects", "count" },
						   { "alloc_space", "bytes" },
						   { "inuse_objects", "count" },
						   { "inuse_space", "bytes" } };
	struct pprof_writer *w =
		pprof_new(types, 4, (struct pprof_type){ "space", "bytes" }, h->rate);
	uint64_t ids[HEAP_STACK_MAX];
	struct err err = { 0 };
	char path[128];
	FILE *f;
	BUF(gz, 64 << 20);

	assert_non_null(w);
	for (size_t i = 0; i < h->n; i++) {
		const struct heap_bucket *b = &h->buckets[i];
		int64_t v[4], label = heap_sample(p->img, b, &b->published, h->rate, v);
		size_t n = heap_stack(p->img, b, frames, HEAP_STACK_MAX);

		pprof_sample(w, ids, locations(w, n, ids), v, label);
	}
	assert_ok(pprof_finish(w, &gz, &err), &err);
	pprof_free(w);
	snprintf(path, sizeof(path), "%s/read.pb.gz", p->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(gz.p, 1, gz.n, f), gz.n);
	fclose(f);
}

/* What the program did after it looked is in one of the two only. */
static char *decoded(const struct go_program *p, const char *file)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "%s -decode <%s | grep -v main.report", p->path, file);
	return go_program_output(p, cmd);
}

static bool compare(const struct go_run *run)
{
	struct go_program p;
	struct heap_profile h;
	struct err err = { 0 };
	char *got, *want;
	size_t n;
	ARENA(a, 64 << 20);

	if (!go_program_start(&p, run))
		return false;
	assert_ok(heap_profile_read(&p.rt, p.m, BUCKETS_MAX, &a, &h, &err), &err);
	assert_int_equal(h.rate, 512);
	assert_int_equal(h.bad, 0);
	assert_false(h.cut);
	assert_false(h.torn);
	write_profile(&p, &h);
	got = decoded(&p, "read.pb.gz");
	want = decoded(&p, "out");
	n = same_lines(got, want, "sample", run->version);
	printf("# go%s %s %s: %zu samples equal, of %zu buckets\n", run->version, run->args,
	       go_build_names[run->how], n, h.n);
	assert_in_range(n, 50, 1000);
	free(got);
	free(want);
	go_program_stop(&p);
	return true;
}

static void equals_what_the_last_collection_published(void **state)
{
	(void)state;
	if (!go_program_each(compare, &(struct go_run){ .name = "sampled", .args = "gc" }))
		skip_test("no go");
}

static void equals_the_sum_of_all_before_the_first_collection(void **state)
{
	const struct go_run run = { .name = "sampled", .how = GO_PIE, .args = "nogc" };

	(void)state;
	if (!go_program_each(compare, &run))
		skip_test("no go");
}

/* To the last bit of the exponential. */
static bool scale(const struct go_run *run)
{
	char path[128], cmd[160];
	struct go_program p = { .dir = "/tmp" };
	struct str rest, line;
	char *out;
	size_t n = 0;

	if (!go_program_build(run->name, run->version, run->how, path, sizeof(path)))
		return false;
	snprintf(cmd, sizeof(cmd), "%s -scale", path);
	out = go_program_output(&p, cmd);
	rest = str_from(out);
	for (; str_take_line(&rest, &line); n++) {
		int64_t v[5], count, bytes;
		struct str word;

		for (size_t i = 0; i < 5; i++)
			assert_true(str_take_word(&line, &word) && str_take_i64(&word, &v[i]));
		heap_scale(v[0], v[1], v[2], &count, &bytes);
		assert_int_equal(count, v[3]);
		assert_int_equal(bytes, v[4]);
	}
	assert_int_equal(n, 20000);
	free(out);
	return true;
}

static void scales_as_go_does(void **state)
{
	(void)state;
	if (!go_program_each(scale, &(struct go_run){ .name = "sampled" }))
		skip_test("no go");
}

static int64_t inuse(const struct heap_profile *h, bool latest)
{
	int64_t sum = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct heap_counts *c =
			latest ? &h->buckets[i].latest : &h->buckets[i].published;

		sum += c->alloc_bytes - c->free_bytes;
	}
	return sum;
}

/* The program allocates as much again after its last collection. */
static bool latest(const struct go_run *run)
{
	struct go_program p;
	struct heap_profile h;
	struct err err = { 0 };
	ARENA(a, 64 << 20);

	if (!go_program_start(&p, run))
		return false;
	assert_ok(heap_profile_read(&p.rt, p.m, BUCKETS_MAX, &a, &h, &err), &err);
	assert_in_range(inuse(&h, true), inuse(&h, false) * 3 / 2, inuse(&h, false) * 4);
	go_program_stop(&p);
	return true;
}

static void latest_has_the_pending_cycles(void **state)
{
	(void)state;
	if (!go_program_each(latest, &(struct go_run){ .name = "sampled", .args = "gc" }))
		skip_test("no go");
}

static bool is_refused(const struct go_run *run)
{
	struct go_program p;
	struct heap_profile h;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	if (!go_program_start(&p, run))
		return false;
	assert_int_equal(heap_profile_read(&p.rt, p.m, BUCKETS_MAX, &a, &h, &err), -ENODATA);
	assert_says(&err, run->args ? "MemProfileRate is 0" : "the linker left it out");
	go_program_stop(&p);
	return true;
}

static void says_why_there_is_none(void **state)
{
	(void)state;
	if (!go_program_each(is_refused, &(struct go_run){ .name = "unprofiled" }))
		skip_test("no go");
	go_program_each(is_refused, &(struct go_run){ .name = "sampled", .args = "off" });
}

static bool count_sites(const struct go_run *run)
{
	struct go_program p;
	struct heap_profile h;
	struct err err = { 0 };
	int64_t before;
	ARENA(a, 256 << 20);

	if (!go_program_start(&p, run))
		return false;
	before = clock_mono();
	assert_ok(heap_profile_read(&p.rt, p.m, BUCKETS_MAX, &a, &h, &err), &err);
	printf("# go%s: %zu buckets in %lld us\n", run->version, h.n,
	       (long long)(clock_mono() - before) / 1000);
	assert_in_range(h.n, 20000, 21000);
	assert_int_equal(h.bad, 0);
	assert_int_equal(heap_profile_read(&p.rt, p.m, 19999, &a, &h, &err), -E2BIG);
	assert_says(&err, "more than 19999 buckets");
	go_program_stop(&p);
	return true;
}

static void many_call_sites(void **state)
{
	(void)state;
	if (!go_program_each(count_sites,
			     &(struct go_run){ .name = "sampled", .args = "sites 20000" }))
		skip_test("no go");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_what_the_last_collection_published),
		cmocka_unit_test(equals_the_sum_of_all_before_the_first_collection),
		cmocka_unit_test(scales_as_go_does),
		cmocka_unit_test(latest_has_the_pending_cycles),
		cmocka_unit_test(says_why_there_is_none),
		cmocka_unit_test(many_call_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
