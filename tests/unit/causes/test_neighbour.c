/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void process(struct world *w, int pid, const char *comm, uint64_t first, uint64_t now)
{
	struct case_process *p;

	if (!w->c.processes)
		w->c.processes = arena_new_array(&w->arena, struct case_process, 16);
	assert_non_null(w->c.processes);
	p = &w->c.processes[w->c.n_processes++];
	case_process_init(p);
	p->pid = pid;
	p->comm = comm;
	p->target = pid == w->c.subject.pid;
	p->rss_anon = now;
	p->first_rss_anon = first;
}

static struct case_kill *log_kill(struct world *w, enum oom_kind kind)
{
	struct case_kill *k = arena_new(&w->arena, struct case_kill);

	assert_non_null(k);
	case_kill_init(k);
	k->kind = kind;
	k->pid = w->c.subject.pid;
	k->comm = w->c.subject.comm;
	k->anon_rss = 100 * MIB;
	k->tasks = arena_new_array(&w->arena, struct case_task, 16);
	assert_non_null(k->tasks);
	w->c.end.kill = k;
	return k;
}

static void task(struct case_kill *k, int pid, const char *comm, uint64_t rss)
{
	k->tasks[k->n_tasks++] = (struct case_task){ .pid = pid, .comm = comm, .rss_bytes = rss };
}

static void yes_another_process_grew(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	process(&w, 4242, "orders", 60 * MIB, 65 * MIB);
	process(&w, 4300, "nightly-batch", 5 * MIB, 170 * MIB);
	process(&w, 4301, "sh", 1 * MIB, 1 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_YES);
	assert_string_equal(w.f.culprits[0].name, "nightly-batch[4300]");
	assert_int_equal(w.f.culprits[0].bytes, 165 * MIB);
	assert_int_equal(w.f.bytes, 165 * MIB);
	assert_says_text(&w, w.f.summary, "the server itself by only 5.0 MiB");
}

/* A process that came later has no first value: the series of samples knows. */
static void yes_latecomer_by_the_series(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	world_samples(&w, 60);
	for (size_t i = 0; i < w.c.n_samples; i++) {
		w.c.samples[i].rss_anon = 60 * MIB;
		w.c.samples[i].others_anon = i < 10 ? 0 : 3 * MIB * (i - 10);
	}
	process(&w, 4242, "orders", 60 * MIB, 65 * MIB);
	process(&w, 4300, "nightly-batch", UNKNOWN_U64, 150 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_YES);
	assert_string_equal(w.f.culprits[0].name, "nightly-batch[4300]");
}

static void yes_host_kill_by_the_task_table(void **state)
{
	WORLD(w, CASE_NO_LIMIT);
	struct case_kill *k = log_kill(&w, OOM_GLOBAL);

	(void)state;
	world_pattern(&w, PATTERN_UNKNOWN, UNKNOWN_U64);
	task(k, 4242, "api", 300 * MIB);
	task(k, 99, "java", 3000 * MIB);
	task(k, 98, "cron", 2 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_YES);
	assert_true(w.f.confidence < 0.7);
	assert_says_text(&w, w.f.summary, "java[99] held 2.9 GiB");
}

static void own_growth_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	process(&w, 4242, "api", 40 * MIB, 200 * MIB);
	process(&w, 4300, "sidecar", 30 * MIB, 31 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_NO);
}

/* Looks like it: the other holds more, but it is the server that grew. */
static void confounder_large_but_still_neighbour_is_no(void **state)
{
	WORLD(w, 512 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 150 * MIB);
	process(&w, 4242, "api", 40 * MIB, 190 * MIB);
	process(&w, 4300, "postgres", 300 * MIB, 305 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_NO);
}

static void alone_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	process(&w, 4242, "api", 40 * MIB, 200 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_NO);
}

static void victim_that_held_most_is_no(void **state)
{
	WORLD(w, 256 * MIB);
	struct case_kill *k = log_kill(&w, OOM_MEMCG);

	(void)state;
	world_pattern(&w, PATTERN_UNKNOWN, UNKNOWN_U64);
	task(k, 4242, "api", 240 * MIB);
	task(k, 7, "sh", 1 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_NO);
}

static void processes_not_recorded_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_UNKNOWN);
}

static void host_without_task_table_is_unknown(void **state)
{
	WORLD(w, CASE_NO_LIMIT);

	(void)state;
	world_pattern(&w, PATTERN_UNKNOWN, UNKNOWN_U64);
	log_kill(&w, OOM_GLOBAL);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_UNKNOWN);
	assert_says_text(&w, w.f.why, "host was full");
}

static void many_small_ones_is_unknown(void **state)
{
	WORLD(w, CASE_NO_LIMIT);
	struct case_kill *k = log_kill(&w, OOM_GLOBAL);

	(void)state;
	world_pattern(&w, PATTERN_UNKNOWN, UNKNOWN_U64);
	task(k, 4242, "api", 300 * MIB);
	for (int i = 0; i < 10; i++)
		task(k, 100 + i, "worker", 250 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_UNKNOWN);
}

static void kill_not_confirmed_is_unknown(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_PLATEAU, 180 * MIB);
	w.e.killed_for_memory = TRI_UNKNOWN;
	process(&w, 4242, "api", 40 * MIB, 200 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_UNKNOWN);
}

/* Both grew, the server more. */
static void server_that_grew_more_is_no(void **state)
{
	WORLD(w, 256 * MIB);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 180 * MIB);
	process(&w, 4242, "api", 20 * MIB, 115 * MIB);
	process(&w, 4300, "sidecar", 30 * MIB, 115 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_NO);
}

/* The table shows a larger one, but the record shows that the server itself leaked. */
static void leak_beside_a_larger_task_is_unknown(void **state)
{
	WORLD(w, CASE_NO_LIMIT);
	struct case_kill *k = log_kill(&w, OOM_GLOBAL);

	(void)state;
	world_pattern(&w, PATTERN_LEAK, 250 * MIB);
	task(k, 4242, "api", 300 * MIB);
	task(k, 99, "java", 3000 * MIB);
	assert_int_equal(world_judge(&w, "neighbour"), ANSWER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_another_process_grew),
		cmocka_unit_test(yes_latecomer_by_the_series),
		cmocka_unit_test(yes_host_kill_by_the_task_table),
		cmocka_unit_test(own_growth_is_no),
		cmocka_unit_test(confounder_large_but_still_neighbour_is_no),
		cmocka_unit_test(alone_is_no),
		cmocka_unit_test(victim_that_held_most_is_no),
		cmocka_unit_test(processes_not_recorded_is_unknown),
		cmocka_unit_test(host_without_task_table_is_unknown),
		cmocka_unit_test(many_small_ones_is_unknown),
		cmocka_unit_test(kill_not_confirmed_is_unknown),
		cmocka_unit_test(server_that_grew_more_is_no),
		cmocka_unit_test(leak_beside_a_larger_task_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
