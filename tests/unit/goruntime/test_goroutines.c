/* SPDX-License-Identifier: Apache-2.0 */
/* goroutines over forged memory: states, stacks, groups, and what lies. */
#include "t.h"

#include <errno.h>

#include "base/clock.h"
#include "goruntime/goroutine_stacks.h"

#include "forged.h"

#define SIZE 0x20000
#define LIST 0x800    /* allgs */
#define GS 0x900      /* the g's, 0x200 apart */
#define STACKS 0x1400 /* STACK_SIZE apart */
#define STACK_SIZE 0x400
#define LARGE_STACK 0x8000

struct given {
	uint8_t bytes[SIZE];
	const struct layout *lay;
	struct image *img;
	struct goruntime rt;
	struct mem *m;
	unsigned n;
};

static struct given given;

static void begin(int minor)
{
	memset(&given, 0, sizeof(given));
	given.lay = forged_layout(minor);
	given.img = forged_image(minor);
	given.rt = forged_runtime(given.img, given.lay);
	forged_set(given.bytes, FORGED_ALLGPTR, FORGED_BASE + LIST);
	given.m = forged_open(given.bytes, SIZE);
}

static void end(void)
{
	forged_seed("goroutines", given.lay, given.bytes, SIZE);
	mem_close(given.m);
	image_free(given.img);
}

static void set_g(unsigned i, enum layout_field f, uint64_t v)
{
	forged_set(given.bytes, GS + i * 0x200 + given.lay->at[f], v);
}

static void set_g32(unsigned i, enum layout_field f, uint32_t v)
{
	memcpy(given.bytes + GS + i * 0x200 + given.lay->at[f], &v, sizeof(v));
}

/*
 * gopark < main.wait < main.start < goexit, at the upper end of its stack.
 * Returns its number.
 */
static unsigned add_g(uint32_t status, const char *waits)
{
	unsigned i = given.n++;
	uint64_t lo = STACKS + (uint64_t)(i % 8) * STACK_SIZE, hi = lo + STACK_SIZE;
	uint64_t sp = hi - 0x100;

	forged_set(given.bytes, LIST + 8 * i, FORGED_BASE + GS + i * 0x200);
	forged_set(given.bytes, FORGED_ALLGLEN, given.n);
	set_g(i, L_G_STACK_LO, FORGED_BASE + lo);
	set_g(i, L_G_STACK_HI, FORGED_BASE + hi);
	set_g(i, L_G_SCHED_SP, FORGED_BASE + sp);
	set_g(i, L_G_SCHED_PC, forged_pc(FORGED_GOPARK));
	set_g(i, L_G_GOID, i + 2);
	set_g(i, L_G_STARTPC, forged_pc(FORGED_START) - 0x20);
	set_g(i, L_G_GOPC, forged_pc(FORGED_WAIT));
	set_g32(i, L_G_ATOMICSTATUS, status);
	given.bytes[GS + i * 0x200 + given.lay->at[L_G_WAITREASON]] =
		(uint8_t)given.lay
			->at[strcmp(waits, "select") ? L_WAIT_CHAN_RECEIVE : L_WAIT_SELECT];
	forged_set(given.bytes, sp + 0x18, forged_pc(FORGED_WAIT));
	forged_set(given.bytes, sp + 0x18 + 8 + 0x28, forged_pc(FORGED_START));
	forged_set(given.bytes, sp + 0x18 + 8 + 0x28 + 8 + 8, forged_pc(FORGED_GOEXIT));
	return i;
}

static int read_it(struct arena *a, struct goroutines *g, struct err *err)
{
	return goroutines_read(&given.rt, given.m, 1000, a, g, err);
}

static void groups_by_release(int minor)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	begin(minor);
	add_g(4, "chan");
	add_g(4, "select");
	add_g(0x1004, "select"); /* the collector looks at it */
	add_g(6, "chan");
	add_g(1, "chan");
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.total, 4);
	assert_int_equal(g.dead, 1);
	assert_int_equal(g.system + g.unstable + g.unread, 0);
	assert_int_equal(g.stack_bytes, 4 * STACK_SIZE);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.groups[0].count, 2);
	assert_string_equal(g.groups[0].state, "select");
	assert_string_equal(g.groups[1].state, "chan receive");
	assert_string_equal(g.groups[2].state, "runnable");
	assert_int_equal(g.groups[0].n_pcs, 3);
	assert_int_equal(g.groups[0].pcs[1], forged_pc(FORGED_WAIT));
	assert_false(g.groups[0].cut);
	assert_int_equal(g.groups[0].stack_bytes, 2 * STACK_SIZE);
	assert_int_equal(g.groups[0].wait_min_ns, -1);
	end();
}

static void groups_are_of_the_same_state_and_stack(void **state)
{
	(void)state;
	for (int minor = 19; minor <= 27; minor++)
		groups_by_release(minor);
}

static void ages_are_from_the_collector(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	for (unsigned i = 0; i < 3; i++)
		add_g(4, "chan");
	set_g(0, L_G_WAITSINCE, (uint64_t)(clock_mono() - 5 * NS_PER_S));
	set_g(1, L_G_WAITSINCE, (uint64_t)(clock_mono() + 100 * NS_PER_S)); /* not yet: no age */
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.groups[0].wait_known, 2);
	assert_int_equal(g.groups[0].wait_min_ns, 0);
	assert_in_range(g.groups[0].wait_max_ns, 5 * NS_PER_S, 9 * NS_PER_S);
	end();
}

static void the_runtime_s_own_are_apart(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	add_g(4, "chan");
	add_g(4, "chan");
	set_g(0, L_G_STARTPC, forged_pc(FORGED_BGSWEEP));
	add_g(11, "chan"); /* a thread of C keeps it */
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.total, 1);
	assert_int_equal(g.system, 1);
	assert_int_equal(g.dead, 1);
	assert_int_equal(g.n, 2);
	assert_true(g.groups[0].system != g.groups[1].system);
	end();
}

static void a_running_one_has_no_stack(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	add_g(2, "chan");
	add_g(10, "select");
	add_g(99, "select");
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.total, 3);
	assert_int_equal(g.unstable, 1); /* of a state that nobody knows */
	assert_int_equal(g.n, 3);
	for (size_t i = 0; i < 3; i++) {
		if (g.groups[i].status == 2) {
			assert_string_equal(g.groups[i].state, "running");
			assert_int_equal(g.groups[i].n_pcs, 0);
			assert_true(g.groups[i].cut);
		} else if (g.groups[i].status == 10) {
			assert_string_equal(g.groups[i].state, "select (leaked)");
			assert_int_equal(g.groups[i].n_pcs, 3);
		} else {
			assert_string_equal(g.groups[i].state, "???");
		}
	}
	end();
}

static void a_system_call_has_registers_of_its_own(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	unsigned i;
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	i = add_g(3, "chan");
	set_g(i, L_G_SYSCALLSP, FORGED_BASE + STACKS + STACK_SIZE - 0x100);
	set_g(i, L_G_SYSCALLPC, forged_pc(FORGED_JUMPS)); /* writes SP, but entered before it did */
	set_g(i, L_G_SCHED_SP, 0);
	forged_set(given.bytes, STACKS + STACK_SIZE - 0x100 + 8, forged_pc(FORGED_START));
	forged_set(given.bytes, STACKS + STACK_SIZE - 0x100 + 8 + 8 + 8, forged_pc(FORGED_GOEXIT));
	assert_ok(read_it(&a, &g, &err), &err);
	assert_string_equal(g.groups[0].state, "syscall");
	assert_int_equal(g.groups[0].n_pcs, 2);
	assert_int_equal(g.groups[0].pcs[0], forged_pc(FORGED_JUMPS));
	assert_false(g.groups[0].cut);
	set_g(i, L_G_SYSCALLSP, 0); /* elsewhere nobody can tell where SP went */
	set_g(i, L_G_SCHED_SP, FORGED_BASE + STACKS + STACK_SIZE - 0x100);
	set_g(i, L_G_SCHED_PC, forged_pc(FORGED_JUMPS));
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.groups[0].n_pcs, 1);
	assert_true(g.groups[0].cut);
	end();
}

static void a_stack_that_lies_is_cut(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	for (unsigned i = 0; i < 4; i++)
		add_g(4, "chan");
	set_g(0, L_G_SCHED_SP, 0x1234);					       /* outside */
	set_g(1, L_G_SCHED_PC, 0x1234);					       /* no code */
	forged_set(given.bytes, STACKS + 3 * STACK_SIZE - 0x100 + 0x18, 0x77); /* returns nowhere */
	set_g(3, L_G_SCHED_SP, FORGED_BASE + STACKS + 4 * STACK_SIZE - 8);     /* at the end */
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.total, 4);
	for (size_t i = 0; i < g.n; i++) {
		assert_true(g.groups[i].cut);
		assert_in_range(g.groups[i].n_pcs, 0, 1);
	}
	end();
}

/* main.start calls itself, deeper than what is kept, across more than one window of the stack. */
static void a_deep_stack_keeps_its_leaf(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	uint64_t sp = STACKS + 0x100;
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	add_g(4, "chan");
	set_g(0, L_G_STACK_HI, FORGED_BASE + STACKS + 8 * STACK_SIZE);
	set_g(0, L_G_SCHED_SP, FORGED_BASE + sp);
	forged_set(given.bytes, sp + 0x18, forged_pc(FORGED_START));
	for (uint64_t at = sp + 0x20; at < STACKS + 8 * STACK_SIZE - 16; at += 16)
		forged_set(given.bytes, at + 8, forged_pc(FORGED_START));
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.groups[0].n_pcs, GOROUTINE_FRAMES_MAX);
	assert_true(g.groups[0].cut);
	for (unsigned i = 1; i < GOROUTINE_FRAMES_MAX; i++)
		assert_int_equal(g.groups[0].pcs[i], forged_pc(FORGED_START));
	end();
}

/* gopark < main.wait < main.large < main.start: a word 20 KB further up. */
static void put_large(void)
{
	uint64_t at = STACKS + STACK_SIZE - 0x100 + 0x20;

	add_g(4, "chan");
	set_g(0, L_G_STACK_HI, FORGED_BASE + STACKS + LARGE_STACK);
	forged_set(given.bytes, at + 0x28, forged_pc(FORGED_LARGE));
	forged_set(given.bytes, at + 0x30 + 0x5008, forged_pc(FORGED_START));
	forged_set(given.bytes, at + 0x30 + 0x5010 + 8, forged_pc(FORGED_GOEXIT));
}

static void a_large_frame_is_stepped_over(void **state)
{
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	put_large();
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.groups[0].n_pcs, 4);
	assert_int_equal(g.groups[0].pcs[3], forged_pc(FORGED_START));
	assert_false(g.groups[0].cut);
	assert_ok(buffer_hole(given.m, FORGED_BASE + STACKS + 0x5000, FORGED_BASE + STACKS + 0x6000,
			      &err),
		  &err);
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.groups[0].n_pcs, 2);
	assert_true(g.groups[0].cut);
	end();
}

static void what_cannot_be_read_is_said(void **state)
{
	struct goroutines g = { .n = 99 };
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	for (unsigned i = 0; i < 4; i++)
		add_g(4, "chan");
	assert_ok(buffer_hole(given.m, FORGED_BASE + GS + 0x200, FORGED_BASE + GS + 0x3ff, &err),
		  &err);
	assert_ok(buffer_hole(given.m, FORGED_BASE + STACKS + 3 * STACK_SIZE,
			      FORGED_BASE + STACKS + 4 * STACK_SIZE, &err),
		  &err);
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.unread, 1);
	assert_int_equal(g.total, 3);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.groups[0].count, 2);
	assert_int_equal(g.groups[1].n_pcs, 0);
	assert_true(g.groups[1].cut);
	end();
}

static void refusals(void **state)
{
	struct goroutines g = { .n = 99 };
	struct err err = { 0 };
	ARENA(a, 1 << 20);
	ARENA(none, 8);

	(void)state;
	begin(26);
	add_g(4, "chan");
	assert_int_equal(read_it(&none, &g, &err), -ENOMEM);
	forged_set(given.bytes, FORGED_ALLGLEN, 1001);
	assert_int_equal(read_it(&a, &g, &err), -E2BIG);
	assert_says(&err, "1001");
	forged_set(given.bytes, FORGED_ALLGLEN, UINT64_MAX);
	assert_int_equal(read_it(&a, &g, &err), -E2BIG);
	forged_set(given.bytes, FORGED_ALLGLEN, 1);
	forged_set(given.bytes, FORGED_ALLGPTR, 0);
	assert_int_equal(read_it(&a, &g, &err), -EFAULT);
	forged_set(given.bytes, FORGED_ALLGPTR, FORGED_BASE + LIST);
	given.m->deadline = 1;
	assert_int_equal(read_it(&a, &g, &err), -ETIME);
	given.rt.at.allglen = 0;
	assert_int_equal(read_it(&a, &g, &err), -ENOTSUP);
	assert_int_equal(g.n, 99);
	end();
}

/* Each look at the first g finds it elsewhere. */
struct moving {
	struct mem mem;
	unsigned rests; /* so many looks it stays */
	unsigned moves; /* then it moves so often, and stays */
};

static int read_moving(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	struct moving *w = (struct moving *)m;

	for (size_t i = 0; i < n && w->moves; i++) {
		if (v[i].addr != FORGED_BASE + GS)
			continue;
		if (w->rests) {
			w->rests--;
			continue;
		}
		w->moves--;
		given.bytes[GS + given.lay->at[L_G_SCHED_SP]] ^= 8;
	}
	return mem_readv(given.m, v, n, err);
}

static void one_that_moves_is_read_again(void **state)
{
	static const struct mem_ops ops = { .read = read_moving };
	struct moving w = { .mem = { .ops = &ops, .name = "moving" }, .moves = 2 };
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	add_g(4, "chan");
	assert_ok(goroutines_read(&given.rt, &w.mem, 10, &a, &g, &err), &err);
	assert_int_equal(g.unstable, 0);
	assert_int_equal(g.groups[0].n_pcs, 3);
	w.moves = 100;
	assert_ok(goroutines_read(&given.rt, &w.mem, 10, &a, &g, &err), &err);
	assert_int_equal(g.unstable, 1);
	assert_int_equal(g.total, 1);
	assert_int_equal(g.groups[0].n_pcs, 0);
	assert_true(g.groups[0].cut);
	assert_int_equal(w.moves, 94); /* three tries of two looks */
	end();
}

/* The last level reads a stack in steps and looks at the g after them once more. */
static void one_that_moves_below_a_large_frame(void **state)
{
	static const struct mem_ops ops = { .read = read_moving };
	struct moving w = { .mem = { .ops = &ops, .name = "moving" }, .rests = 6, .moves = 100 };
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	put_large();
	assert_ok(goroutines_read(&given.rt, &w.mem, 10, &a, &g, &err), &err);
	assert_int_equal(g.unstable, 1);
	assert_int_equal(g.groups[0].n_pcs, 0);
	assert_true(g.groups[0].cut);
	end();
}

static void stacks_in_words(void **state)
{
	struct goroutine_frame frames[8];
	struct image_frame by;
	struct goroutines g;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	add_g(4, "chan");
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(goroutine_stack(given.img, &g.groups[0], frames, 8), 3);
	assert_string_equal(frames[0].frame.function, "runtime.gopark");
	assert_int_equal(frames[0].address, forged_pc(FORGED_GOPARK) - 1);
	assert_int_equal(goroutine_stack_shown(frames, 3), 2);
	assert_string_equal(frames[0].frame.function, "main.wait");
	assert_int_equal(goroutine_stack(given.img, &g.groups[0], frames, 1), 1);
	assert_int_equal(goroutine_stack_shown(frames, 1), 1); /* else nothing would be left */
	assert_true(goroutine_creator(given.img, &g.groups[0], &by));
	assert_string_equal(by.function, "main.wait");
	set_g(0, L_G_GOID, 1); /* the main goroutine */
	assert_ok(read_it(&a, &g, &err), &err);
	assert_int_equal(g.groups[0].gopc, 0);
	assert_false(goroutine_creator(given.img, &g.groups[0], &by));
	end();
}

/* It did not call: its pc is the instruction that failed. */
static void a_frame_below_a_signal_is_where_it_was(void **state)
{
	const uint64_t pcs[] = { forged_pc(FORGED_SIGPANIC), forged_pc(FORGED_WAIT),
				 forged_pc(FORGED_START), forged_pc(FORGED_WAIT) - 0x20 };
	const struct goroutine_group g = { .n_pcs = COUNT(pcs), .pcs = pcs };
	struct goroutine_frame frames[8];

	(void)state;
	begin(26);
	assert_int_equal(goroutine_stack(given.img, &g, frames, 8), 4);
	assert_int_equal(frames[0].address, pcs[0] - 1);
	assert_int_equal(frames[1].address, pcs[1]);
	assert_int_equal(frames[2].address, pcs[2] - 1);
	assert_int_equal(frames[3].address, pcs[3]); /* its first instruction */
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_of_the_same_state_and_stack),
		cmocka_unit_test(ages_are_from_the_collector),
		cmocka_unit_test(the_runtime_s_own_are_apart),
		cmocka_unit_test(a_running_one_has_no_stack),
		cmocka_unit_test(a_system_call_has_registers_of_its_own),
		cmocka_unit_test(a_stack_that_lies_is_cut),
		cmocka_unit_test(a_deep_stack_keeps_its_leaf),
		cmocka_unit_test(a_large_frame_is_stepped_over),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(refusals),
		cmocka_unit_test(one_that_moves_is_read_again),
		cmocka_unit_test(one_that_moves_below_a_large_frame),
		cmocka_unit_test(stacks_in_words),
		cmocka_unit_test(a_frame_below_a_signal_is_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
