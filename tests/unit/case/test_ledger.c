/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "case/ledger.h"

#define MB ((uint64_t)1 << 20)

/* A case with one snapshot whose parts are known; the tests bend it. */
struct bench {
	struct arena arena;
	struct whycase c;
	struct case_snapshot snap;
	struct case_resident resident;
	struct case_charge charge;
	struct case_gostats stats;
	struct ledger l;
};

static void prepare(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	arena_init(&b->arena, (size_t)1 << 20);
	case_init(&b->c, &b->arena);
	case_resident_init(&b->resident);
	case_charge_init(&b->charge);
	b->c.host.cgroup_version = 1;
	b->charge.usage = 256 * MB;
	b->charge.file = 2 * MB;
	b->charge.shmem = 0;
	b->charge.kernel = 3 * MB;
	b->charge.sock = 1 * MB;
	b->resident.heap_spans = 200 * MB;
	b->resident.heap_nonresident = 0;
	b->resident.heap_free = 10 * MB;
	b->resident.go_stacks = 20 * MB;
	b->resident.go_meta = 5 * MB;
	b->resident.image_anon = 1 * MB;
	b->resident.native = 4 * MB;
	b->resident.thread_stacks = 0;
	b->resident.go_meta_exact = true;
	b->stats.heap_marked = 120 * MB;
	b->snap.have_spans = true;
	b->snap.object_bytes = 180 * MB;
	b->snap.dead_bytes = 10 * MB;
	b->snap.stats = &b->stats;
	b->snap.resident = &b->resident;
	b->snap.charge = &b->charge;
}

static void make(struct bench *b)
{
	struct case_snapshot *s = case_add_snapshot(&b->c);

	*s = b->snap;
	ledger_of(&b->c, &b->arena, &b->l);
}

static int64_t bytes(const struct bench *b, const char *id)
{
	const struct ledger_node *n = ledger_find(&b->l, id);

	if (!n)
		fail_msg("no node %s", id);
	return n->bytes;
}

/* Whatever the input: children sum to their parent, the root to the charge. */
static void sums_hold(const struct bench *b)
{
	for (unsigned i = 0; i < b->l.n; i++) {
		int64_t sum = 0, children = 0;

		for (unsigned k = 0; k < b->l.n; k++) {
			if (!b->l.nodes[k].parent ||
			    strcmp(b->l.nodes[k].parent, b->l.nodes[i].id) != 0)
				continue;
			sum += b->l.nodes[k].bytes;
			children++;
		}
		if (children && sum != b->l.nodes[i].bytes)
			fail_msg("%s: %ld, its children %ld", b->l.nodes[i].id,
				 (long)b->l.nodes[i].bytes, (long)sum);
		assert_non_null(b->l.nodes[i].source);
	}
}

static void every_byte_has_one_owner(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	make(&b);
	assert_true(b.l.known);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "charge"), 256 * MB);
	assert_int_equal(bytes(&b, "go.heap.live"), 120 * MB);
	assert_int_equal(bytes(&b, "go.heap.dead"), 10 * MB);
	assert_int_equal(bytes(&b, "go.heap.new"), 50 * MB);
	assert_int_equal(bytes(&b, "go.heap.slack"), 20 * MB);
	assert_int_equal(bytes(&b, "go.meta"), 6 * MB);
	assert_int_equal(b.l.unexplained, 11 * MB);
	assert_null(ledger_find(&b.l, "sock")); /* version 1: beside the charge */
	arena_release(&b.arena);
}

static void sockets_are_a_part_on_version_2(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.c.host.cgroup_version = 2;
	make(&b);
	assert_int_equal(bytes(&b, "sock"), 1 * MB);
	assert_int_equal(b.l.unexplained, 10 * MB);
	sums_hold(&b);
	arena_release(&b.arena);
}

static void untouched_pages_come_off_what_was_allocated_last(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.resident.heap_spans = 130 * MB;
	b.resident.heap_nonresident = 70 * MB;
	make(&b);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "go.heap.new"), 0);
	assert_int_equal(bytes(&b, "go.heap.slack"), 0);
	assert_int_equal(bytes(&b, "go.heap.live"), 120 * MB);
	assert_false(ledger_find(&b.l, "go.heap.live")->exact);
	arena_release(&b.arena);
}

static void numbers_that_contradict_each_other_still_sum(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.stats.heap_marked = 999 * MB;
	b.snap.object_bytes = 500 * MB;
	b.snap.dead_bytes = 400 * MB;
	b.charge.usage = 1 * MB;
	make(&b);
	sums_hold(&b);
	assert_true(b.l.unexplained < 0);
	arena_release(&b.arena);
}

static void other_processes_have_nodes_and_the_target_has_none(void **state)
{
	struct case_process p[2];
	struct bench b;

	(void)state;
	prepare(&b);
	case_process_init(&p[0]);
	case_process_init(&p[1]);
	p[0].pid = 1;
	p[0].target = true;
	p[0].rss_anon = 240 * MB;
	p[1].pid = 77;
	p[1].rss_anon = 7 * MB;
	b.c.processes = p;
	b.c.n_processes = 2;
	make(&b);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "other.77"), 7 * MB);
	assert_null(ledger_find(&b.l, "other.1"));
	arena_release(&b.arena);
}

static void without_a_look_at_memory_nothing_is_claimed(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.resident = NULL;
	make(&b);
	assert_false(b.l.known);
	assert_int_equal(b.l.n, 0);
	arena_release(&b.arena);
}

static void a_kernel_log_gives_its_tasks_as_estimates(void **state)
{
	struct case_task tasks[2] = { { 5, "a", 30 * MB, 0 }, { 6, "b", UNKNOWN_U64, 0 } };
	struct case_kill kill;
	struct bench b;

	(void)state;
	prepare(&b);
	case_kill_init(&kill);
	kill.kind = OOM_MEMCG;
	kill.usage = 64 * MB;
	kill.tasks = tasks;
	kill.n_tasks = 2;
	b.c.end.kill = &kill;
	ledger_of(&b.c, &b.arena, &b.l);
	assert_true(b.l.known);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "other.5"), 30 * MB);
	assert_false(ledger_find(&b.l, "other.5")->exact);
	assert_int_equal(b.l.unexplained, 34 * MB);
	arena_release(&b.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_has_one_owner),
		cmocka_unit_test(sockets_are_a_part_on_version_2),
		cmocka_unit_test(untouched_pages_come_off_what_was_allocated_last),
		cmocka_unit_test(numbers_that_contradict_each_other_still_sum),
		cmocka_unit_test(other_processes_have_nodes_and_the_target_has_none),
		cmocka_unit_test(without_a_look_at_memory_nothing_is_claimed),
		cmocka_unit_test(a_kernel_log_gives_its_tasks_as_estimates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
