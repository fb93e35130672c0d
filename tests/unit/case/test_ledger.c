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
	kill.pid = 5; /* the victim: its kill line says more than its row */
	kill.anon_rss = 25 * MB;
	kill.shmem_rss = 0;
	ledger_of(&b.c, &b.arena, &b.l);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "other.5"), 25 * MB);
	assert_int_equal(b.l.unexplained, 39 * MB);
	arena_release(&b.arena);
}

static void what_was_not_looked_at_is_unexplained_and_not_0(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.resident.native = UNKNOWN_U64;
	b.resident.thread_stacks = UNKNOWN_U64;
	b.charge.kernel = UNKNOWN_U64;
	make(&b);
	sums_hold(&b);
	assert_null(ledger_find(&b.l, "native"));
	assert_null(ledger_find(&b.l, "threads"));
	assert_null(ledger_find(&b.l, "kernel"));
	assert_int_equal(b.l.unexplained, 18 * MB);
	arena_release(&b.arena);
}

static void kernel_parts_stand_for_a_sum_that_old_kernels_lack(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.c.host.cgroup_version = 2;
	b.charge.kernel = UNKNOWN_U64;
	b.charge.kernel_stack = 1 * MB;
	b.charge.slab = 1 * MB;
	make(&b);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "kernel"), 2 * MB);
	assert_false(ledger_find(&b.l, "kernel")->exact);
	arena_release(&b.arena);
}

static void without_a_span_walk_the_runtimes_sums_split_the_heap(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.have_spans = false;
	b.stats.heap_alloc = 170 * MB;
	b.stats.heap_live = 150 * MB;
	make(&b);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "go.heap.live"), 120 * MB);
	assert_int_equal(bytes(&b, "go.heap.new"), 30 * MB);
	assert_int_equal(bytes(&b, "go.heap.dead"), 20 * MB);
	assert_int_equal(bytes(&b, "go.heap.slack"), 30 * MB);
	assert_false(ledger_find(&b.l, "go.heap.live")->exact);
	arena_release(&b.arena);
}

static void a_heap_that_cannot_be_told_apart_is_one_node(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.stats = NULL;
	make(&b);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "go.heap"), 210 * MB);
	assert_null(ledger_find(&b.l, "go.heap.live"));
	assert_null(ledger_find(&b.l, "go.heap.free"));
	arena_release(&b.arena);
}

static void pages_never_looked_at_are_known_by_the_last_sample(void **state)
{
	struct case_sample m;
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.resident = NULL;
	case_sample_init(&m);
	m.t = 5;
	m.charge = 250 * MB;
	m.charge_file = 2 * MB;
	m.rss_anon = 240 * MB;
	m.heap_inuse = 200 * MB;
	m.heap_free = 10 * MB;
	m.heap_live = 190 * MB;
	m.heap_marked = 110 * MB;
	m.stack_inuse = 8 * MB;
	m.meta = 6 * MB;
	assert_int_equal(case_add_sample(&b.c, &m), 0);
	make(&b);
	sums_hold(&b);
	assert_int_equal(b.l.total, 250 * MB);
	assert_int_equal(bytes(&b, "go.heap.live"), 110 * MB);
	assert_int_equal(bytes(&b, "go.heap.new"), 80 * MB);
	assert_int_equal(bytes(&b, "native"), 16 * MB);
	assert_int_equal(bytes(&b, "kernel"), 3 * MB);
	assert_int_equal(b.l.unexplained, 5 * MB);
	assert_false(ledger_find(&b.l, "go.heap")->exact);
	b.c.samples[0].rss_anon = 150 * MB; /* spans that were never touched */
	ledger_of(&b.c, &b.arena, &b.l);
	sums_hold(&b);
	assert_int_equal(bytes(&b, "go"), 150 * MB);
	assert_int_equal(bytes(&b, "native"), 0);
	arena_release(&b.arena);
}

static void a_look_long_before_the_end_is_not_the_end(void **state)
{
	struct case_sample m;
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.t = 1000000000;
	case_sample_init(&m);
	m.t = INT64_C(60000000000);
	m.charge = 250 * MB;
	m.rss_anon = 240 * MB;
	m.heap_inuse = 50 * MB;
	m.heap_free = 10 * MB;
	assert_int_equal(case_add_sample(&b.c, &m), 0);
	make(&b);
	assert_int_equal(b.l.total, 256 * MB); /* nothing much changed since */
	b.c.samples[0].charge = 100 * MB;
	ledger_of(&b.c, &b.arena, &b.l);
	assert_int_equal(b.l.total, 100 * MB);
	sums_hold(&b);
	arena_release(&b.arena);
}

static void of_very_many_processes_the_largest_have_nodes(void **state)
{
	struct case_process p[500];
	struct bench b;

	(void)state;
	prepare(&b);
	for (int i = 0; i < 500; i++) {
		case_process_init(&p[i]);
		p[i].pid = 1000 + i;
		p[i].rss_anon = (uint64_t)(i % 100) << 10;
	}
	b.c.processes = p;
	b.c.n_processes = COUNT(p);
	make(&b);
	sums_hold(&b);
	assert_true(b.l.n <= LEDGER_NODES_MAX);
	assert_int_equal(bytes(&b, "other.1099"), 99 << 10);
	assert_int_equal(bytes(&b, "other.1499"), 99 << 10);
	assert_null(ledger_find(&b.l, "other.1001"));
	p[0].rss_anon = 4096 * MB; /* the whole host's: more than the group was charged */
	ledger_of(&b.c, &b.arena, &b.l);
	assert_null(ledger_find(&b.l, "other.1000"));
	assert_null(ledger_find(&b.l, "other.1099"));
	sums_hold(&b);
	arena_release(&b.arena);
}

static void a_full_host_is_the_whole_of_a_global_kill(void **state)
{
	struct case_process p;
	struct case_kill kill;
	struct bench b;

	(void)state;
	prepare(&b);
	case_kill_init(&kill);
	kill.kind = OOM_GLOBAL;
	b.c.end.kill = &kill;
	b.c.host.mem_total = 4096 * MB;
	b.c.host.mem_available = 96 * MB;
	case_process_init(&p);
	p.pid = 9;
	p.rss_anon = 3000 * MB;
	b.c.processes = &p;
	b.c.n_processes = 1;
	make(&b);
	sums_hold(&b);
	assert_int_equal(b.l.total, 4000 * MB);
	assert_int_equal(bytes(&b, "other.9"), 3000 * MB);
	assert_int_equal(bytes(&b, "go"), 236 * MB);
	arena_release(&b.arena);
}

static void without_a_group_the_process_is_the_whole(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b);
	b.snap.charge = NULL;
	b.resident.rss_anon = 241 * MB;
	b.resident.rss_file = 9 * MB;
	b.resident.rss_shmem = 0;
	make(&b);
	sums_hold(&b);
	assert_int_equal(b.l.total, 250 * MB);
	assert_int_equal(bytes(&b, "file"), 9 * MB);
	assert_int_equal(b.l.unexplained, 1 * MB);
	arena_release(&b.arena);
}

static uint64_t wild(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 7) % 5 ? *seed >> (*seed >> 58) : UNKNOWN_U64 - (*seed >> 62);
}

/* Numbers from a file need not be of this world. */
static void whatever_the_numbers_sums_hold(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct bench b;
		uint64_t *const parts[] = { (uint64_t *)&b.charge.usage,
					    &b.charge.file,
					    &b.charge.shmem,
					    &b.charge.kernel,
					    &b.charge.sock,
					    &b.resident.heap_spans,
					    &b.resident.heap_nonresident,
					    &b.resident.heap_free,
					    &b.resident.go_stacks,
					    &b.resident.go_meta,
					    &b.resident.image_anon,
					    &b.resident.native,
					    &b.resident.thread_stacks,
					    &b.resident.rss_anon,
					    &b.stats.heap_marked,
					    &b.stats.heap_alloc,
					    &b.stats.heap_live,
					    &b.snap.object_bytes,
					    &b.snap.dead_bytes };

		prepare(&b);
		for (size_t k = 0; k < COUNT(parts); k++)
			*parts[k] = wild(&seed);
		b.snap.torn_bytes = (int64_t)wild(&seed);
		b.snap.have_spans = i % 2;
		b.c.host.cgroup_version = i % 3;
		make(&b);
		sums_hold(&b);
		arena_release(&b.arena);
	}
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
		cmocka_unit_test(what_was_not_looked_at_is_unexplained_and_not_0),
		cmocka_unit_test(kernel_parts_stand_for_a_sum_that_old_kernels_lack),
		cmocka_unit_test(without_a_span_walk_the_runtimes_sums_split_the_heap),
		cmocka_unit_test(a_heap_that_cannot_be_told_apart_is_one_node),
		cmocka_unit_test(pages_never_looked_at_are_known_by_the_last_sample),
		cmocka_unit_test(a_look_long_before_the_end_is_not_the_end),
		cmocka_unit_test(of_very_many_processes_the_largest_have_nodes),
		cmocka_unit_test(a_full_host_is_the_whole_of_a_global_kill),
		cmocka_unit_test(without_a_group_the_process_is_the_whole),
		cmocka_unit_test(whatever_the_numbers_sums_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
