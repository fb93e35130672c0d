/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

/* A service whose suppliers wait for ever in a channel send. */
struct quotes {
	const struct case_frame *go, *send, *alloc;
};

static struct quotes quotes(struct world *w)
{
	return (struct quotes){
		.go = world_frame(w, "example.org/api/quotes.(*desk).best", "/src/quotes.go", 41),
		.send = world_frame(w, "example.org/api/quotes.(*desk).ask", "/src/quotes.go", 30),
		.alloc = world_frame(w, "example.org/api/quotes.(*desk).ask", "/src/quotes.go", 26),
	};
}

static struct case_stack sending(struct world *w, const struct quotes *q)
{
	return world_stack(w, world_frame(w, "runtime.gopark", "proc.go", 1),
			   world_frame(w, "runtime.chansend1", "chan.go", 1), q->send, NULL);
}

/* @n looks, counts growing evenly from 10 to @last, the oldest waiting since the begin. */
static void pile(struct world *w, const struct quotes *q, unsigned n, uint64_t last)
{
	for (unsigned i = 0; i < n; i++) {
		struct case_snapshot *s =
			world_snapshot(w, S(60) * i / (n - 1), i + 1 == n ? SNAP_KILL : SNAP_START);

		world_group(w, s, 10 + (last - 10) * i / (n - 1), "chan send", s->t - S(1),
			    sending(w, q), q->go);
	}
}

static void yes_with_profile_names_go_statement_and_wait(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 250 * MIB);
	pile(&w, &q, 5, 10000);
	world_site(
		&w, &w.c.snapshots[4],
		world_stack(&w, world_frame(&w, "runtime.makeslice", "slice.go", 1), q.alloc, NULL),
		10000, 160 * (int64_t)MIB);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_true(w.f.confidence > 0.95);
	/* stacks of 9990 x 2 KiB, and 16 KiB of each */
	assert_in_range(w.f.bytes, 175 * MIB, 182 * MIB);
	assert_string_equal(w.f.culprits[0].name, "example.org/api/quotes.(*desk).best");
	assert_string_equal(w.f.culprits[0].file, "quotes.go");
	assert_int_equal(w.f.culprits[0].line, 41);
	assert_int_equal(w.f.culprits[0].count, 10000);
	assert_string_equal(w.f.culprits[1].name, "example.org/api/quotes.(*desk).ask");
	assert_int_equal(w.f.culprits[1].line, 30);
	assert_says_text(&w, w.f.summary,
			 "10,000 goroutines started at quotes.go:41 (quotes.(*desk).best) wait for "
			 "ever in a channel send; they hold 179.");
	assert_says_text(&w, w.f.remedy[0], "quotes.go:30");
}

/* Lines and functions of the wait differ: one origin all the same. */
static void yes_waits_at_two_lines_are_one_leak(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < 4; i++) {
		struct case_snapshot *s = world_snapshot(&w, S(20 * i), SNAP_PERIODIC);

		world_group(&w, s, 6000 * i, "chan send", S(20 * i), sending(&w, &q), q.go);
		world_group(&w, s, 3000 * i, "select", S(20 * i),
			    world_stack(&w, world_frame(&w, "runtime.selectgo", "select.go", 1),
					q.alloc, NULL),
			    q.go);
	}
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_int_equal(w.f.culprits[0].count, 27000);
	assert_int_equal(w.f.n_culprits, 2);
}

/* Stripped, no profile, looks only at the start and the kill: allgs in the samples decides. */
static void yes_without_profile_by_allgs_and_regression(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 250 * MIB);
	world_samples(&w, 60);
	world_cycles(&w, 12, 60, 10 * MIB, 170 * MIB);
	for (size_t i = 0; i < w.c.n_samples; i++)
		w.c.samples[i].allglen = 10 + 160 * i;
	pile(&w, &q, 2, 9600);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_in_range(w.f.bytes, 150 * MIB, 230 * MIB);
	assert_true(w.f.confidence >= 0.8);
	assert_int_equal(w.f.culprits[0].line, 41);
	assert_says_text(&w, w.f.evidence[4].text, "an estimate");
}

static void yes_polling_goroutines_that_do_not_follow_the_load(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	world_samples(&w, 60);
	for (size_t i = 0; i < w.c.n_samples; i++) {
		w.c.samples[i].total_alloc = 50 * MIB * i;
		w.c.samples[i].allglen = 10 + 500 * i;
	}
	for (unsigned i = 0; i < 7; i++)
		world_group(&w, world_snapshot(&w, S(10 * i), SNAP_PERIODIC), 5000 * i, "sleep",
			    S(1), sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_true(w.f.confidence < 0.8);
}

/* The nearest NO: a pool that filled up early and waits for work ever since. */
/* Seen once, and the graph proves that nothing can wake them: no age is needed. */
static void yes_proved_on_the_graph(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);
	struct case_snapshot *s = world_snapshot(&w, S(60), SNAP_KILL);
	struct case_holder *h;

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	world_group(&w, s, 10000, "chan send", -1, sending(&w, &q), q.go);
	h = world_holder(world_objects(&w, s, 180 * MIB), HOLDER_GOROUTINE, q.send->function, "",
			 160 * MIB, UNKNOWN_U64);
	h->goroutines = 10000;
	h->stuck = 9990;
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_true(w.f.confidence > 0.98);
	assert_says_text(&w, w.f.evidence[0].text, "9,990 of 10,000");
	assert_in_range(w.f.heap_bytes, 159 * MIB, 160 * MIB);
}

/* As many, but something that runs can reach what they wait for: as without a graph. */
static void not_proved_and_seen_once_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);
	struct case_snapshot *s = world_snapshot(&w, S(60), SNAP_KILL);
	struct case_holder *h;

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	world_group(&w, s, 10000, "chan send", -1, sending(&w, &q), q.go);
	h = world_holder(world_objects(&w, s, 180 * MIB), HOLDER_GOROUTINE, q.send->function, "",
			 160 * MIB, UNKNOWN_U64);
	h->goroutines = 10000;
	h->stuck = 100;
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

static void bounded_pool_is_no(void **state)
{
	static const uint64_t counts[] = { 0, 9000, 10000, 10000, 10000 };
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < COUNT(counts); i++)
		world_group(&w, world_snapshot(&w, S(15 * i), SNAP_PERIODIC), counts[i],
			    "chan receive", S(15 * i), sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "bounded pool");
}

/* The same pool, seen only at the start and at the kill: allgs stood still. */
static void bounded_pool_seen_twice_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	world_samples(&w, 60);
	for (size_t i = 0; i < w.c.n_samples; i++)
		w.c.samples[i].allglen = i < 5 ? 10 : 10010;
	pile(&w, &q, 2, 10000);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
}

/* Looks like it: a slow back-end under a rising load. */
static void confounder_slow_backend_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	world_samples(&w, 60);
	for (size_t i = 0; i < w.c.n_samples; i++) /* rate rises with the square's slope */
		w.c.samples[i].total_alloc = 100 * KIB * i * i;
	for (unsigned i = 0; i < 7; i++)
		world_group(&w, world_snapshot(&w, S(10 * i), SNAP_PERIODIC), 4000 * i, "IO wait",
			    S(2), sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "follows the load");
}

/* Looks like it: idle connections grow, but what grows is a map that their handlers fill. */
static void confounder_map_filled_by_handlers_is_not_claimed(void **state)
{
	WORLD(w, 256 * MIB);
	const struct case_frame *go =
		world_frame(&w, "net/http.(*Server).Serve", "server.go", 3285);
	const struct case_frame *serve =
		world_frame(&w, "net/http.(*conn).serve", "server.go", 2000);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	for (unsigned i = 0; i < 5; i++) {
		struct case_snapshot *s = world_snapshot(&w, S(15 * i), SNAP_PERIODIC);

		world_group(
			&w, s, 20 + 20 * i, "IO wait", S(15 * i),
			world_stack(&w,
				    world_frame(&w, "internal/poll.runtime_pollWait", "fd.go", 1),
				    serve, NULL),
			go);
		world_site(&w, s,
			   world_stack(&w, world_frame(&w, "main.(*store).put", "store.go", 9),
				       world_frame(&w, "main.(*api).post", "api.go", 5), serve,
				       NULL),
			   100000 * (int64_t)i, 45 * (int64_t)MIB * i);
	}
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
	assert_says_text(&w, w.f.why, "hold only");
}

/* Looks like it: one waits for ever, the many others wake again and again. */
static void confounder_lone_old_one_is_not_a_pile(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < 7; i++) {
		struct case_snapshot *s = world_snapshot(&w, S(10 * i), SNAP_PERIODIC);

		world_group(&w, s, 4000 * i, "IO wait", S(10 * i), sending(&w, &q), q.go)
			->wait_mean_ns = S(1);
	}
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

/* Looks like it: all came between two looks near each other, as of a burst of load. */
static void confounder_burst_at_the_end_is_unknown(void **state)
{
	static const unsigned at[] = { 0, 20, 40, 55, 57, 60 };
	static const uint64_t counts[] = { 0, 10, 20, 30, 9000, 12000 };
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < COUNT(at); i++)
		world_group(&w, world_snapshot(&w, S(at[i]), SNAP_PERIODIC), counts[i], "chan send",
			    S(at[i]), sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

static void without_goroutines_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "could not be read");
}

static void allgs_without_stacks_is_unknown_unless_flat(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 200 * MIB);
	world_samples(&w, 30);
	for (size_t i = 0; i < w.c.n_samples; i++)
		w.c.samples[i].allglen = 50;
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
	for (size_t i = 0; i < w.c.n_samples; i++)
		w.c.samples[i].allglen = 50 + 100 * i;
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

static void ages_not_seen_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < 5; i++)
		world_group(&w, world_snapshot(&w, S(15 * i), SNAP_PERIODIC), 5000 * i, "chan send",
			    -1, sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "wait for long");
}

static void seen_once_without_samples_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_UNKNOWN, 100 * MIB);
	world_group(&w, world_snapshot(&w, S(60), SNAP_KILL), 10000, "chan send", S(59),
		    sending(&w, &q), q.go);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

static void pile_of_few_bytes_is_no(void **state)
{
	WORLD(w, 1024 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 1000 * MIB);
	pile(&w, &q, 5, 1000);
	w.c.snapshots[4].have_sites = true; /* read, and none of theirs among them */
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
}

/* A healthy, living server whose goroutines grow a little. */
static void little_growth_of_the_living_is_no(void **state)
{
	WORLD(w, 1024 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	w.c.end.alive = true;
	w.e.killed_for_memory = TRI_NO;
	w.c.limits[0].usage_bytes = 300 * MIB;
	world_pattern(&w, PATTERN_PLATEAU, 4 * MIB);
	world_samples(&w, 60);
	w.c.samples[60].charge = 300 * MIB;
	pile(&w, &q, 5, 1000);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
}

/* Looks like it: a peer that takes 18 of the 60 s watched; some of all ages wait, none for long. */
static void confounder_peer_slow_for_a_third_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	for (unsigned i = 0; i < 7; i++)
		world_group(&w, world_snapshot(&w, S(10 * i), SNAP_PERIODIC), 4000 * i, "IO wait",
			    S(18), sending(&w, &q), q.go)
			->wait_mean_ns = S(15);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_UNKNOWN);
}

/* What one of them made for all (a cache, filled by the first) is not what each holds. */
static void shared_object_is_not_claimed(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	pile(&w, &q, 5, 10000);
	world_site(&w, &w.c.snapshots[4], world_stack(&w, q.alloc, NULL), 3, 60 * (int64_t)MIB);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_int_equal(w.f.heap_bytes, 0);
}

/* Without a profile: a heap that jumps late does not go with goroutines that grow evenly. */
static void heap_that_goes_its_own_way_is_not_claimed(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 100 * MIB);
	world_samples(&w, 60);
	world_cycles(&w, 12, 60, 10 * MIB, 12 * MIB);
	w.c.cycles[11].heap_marked = 150 * MIB;
	for (size_t i = 0; i < w.c.n_samples; i++)
		w.c.samples[i].allglen = 10 + 160 * i;
	pile(&w, &q, 5, 9600);
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_YES);
	assert_int_equal(w.f.heap_bytes, 0);
	assert_says_text(&w, w.f.evidence[4].text, "only their stacks");
}

static void goroutines_of_the_runtime_are_no_pile(void **state)
{
	WORLD(w, 256 * MIB);
	struct quotes q = quotes(&w);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 10 * MIB);
	pile(&w, &q, 5, 10000);
	for (unsigned i = 0; i < 5; i++)
		w.c.snapshots[i].groups[0].system = true;
	assert_int_equal(world_judge(&w, "goroutine-leak"), ANSWER_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_with_profile_names_go_statement_and_wait),
		cmocka_unit_test(yes_waits_at_two_lines_are_one_leak),
		cmocka_unit_test(yes_without_profile_by_allgs_and_regression),
		cmocka_unit_test(yes_polling_goroutines_that_do_not_follow_the_load),
		cmocka_unit_test(yes_proved_on_the_graph),
		cmocka_unit_test(not_proved_and_seen_once_is_unknown),
		cmocka_unit_test(bounded_pool_is_no),
		cmocka_unit_test(bounded_pool_seen_twice_is_no),
		cmocka_unit_test(confounder_slow_backend_is_no),
		cmocka_unit_test(confounder_map_filled_by_handlers_is_not_claimed),
		cmocka_unit_test(confounder_lone_old_one_is_not_a_pile),
		cmocka_unit_test(confounder_burst_at_the_end_is_unknown),
		cmocka_unit_test(without_goroutines_is_unknown),
		cmocka_unit_test(allgs_without_stacks_is_unknown_unless_flat),
		cmocka_unit_test(ages_not_seen_is_unknown),
		cmocka_unit_test(seen_once_without_samples_is_unknown),
		cmocka_unit_test(pile_of_few_bytes_is_no),
		cmocka_unit_test(little_growth_of_the_living_is_no),
		cmocka_unit_test(confounder_peer_slow_for_a_third_is_unknown),
		cmocka_unit_test(shared_object_is_not_claimed),
		cmocka_unit_test(heap_that_goes_its_own_way_is_not_claimed),
		cmocka_unit_test(goroutines_of_the_runtime_are_no_pile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
