/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of arm64: the return address is at the bottom of a frame, or still in the link register.
 */
#include "t.h"

#include "goruntime/unwind.h"

#include "forged.h"

#define LO UINT64_C(0x20000000)
#define SIZE 0x200
#define SP (LO + 0x40)

struct stack {
	struct image *img;
	struct unwinder u;
	struct stack_walk w;
	uint8_t bytes[SIZE];
};

static struct stack given;

static void begin(enum forged_func leaf)
{
	struct err err = { 0 };

	memset(&given, 0, sizeof(given));
	given.img = forged_image(26);
	given.img->arch = ARCH_ARM64;
	assert_ok(unwinder_init(&given.u, given.img, &err), &err);
	given.w = (struct stack_walk){ .pc = forged_pc(leaf), .sp = SP, .lo = LO, .hi = LO + SIZE };
}

static void end(void)
{
	unwinder_release(&given.u);
	image_free(given.img);
}

/* The function has no frame. */
static void frameless(enum forged_func f)
{
	forged_put_delta(given.img->table.bytes + 0x100 + 1 + 8 * f, 0);
}

static void set(uint64_t at, uint64_t word)
{
	forged_set(given.bytes, SP - LO + at, word);
}

static enum walk_state walk(size_t have)
{
	struct stack_bytes b = { .from = LO, .n = have, .p = given.bytes };

	return stack_walk_on(&given.u, &given.w, &b);
}

static void came_by(const enum forged_func *want, uint32_t n, bool cut)
{
	assert_int_equal(walk(SIZE), WALK_DONE);
	assert_int_equal(given.w.n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(given.w.pcs[i], forged_pc(want[i]));
	assert_int_equal(given.w.cut, cut);
	end();
}

static const enum forged_func parked[] = { FORGED_GOPARK, FORGED_WAIT, FORGED_START };

static void set_parked(void)
{
	set(0, forged_pc(FORGED_WAIT));
	set(0x18, forged_pc(FORGED_START));
	set(0x18 + 0x28, forged_pc(FORGED_GOEXIT));
}

static void a_frame_begins_with_the_return_address(void **state)
{
	(void)state;
	begin(FORGED_GOPARK);
	set_parked();
	came_by(parked, 3, false);
}

static void a_frame_is_believed_before_the_register(void **state)
{
	(void)state;
	begin(FORGED_GOPARK);
	set_parked();
	given.w.lr = forged_pc(FORGED_BGSWEEP);
	came_by(parked, 3, false);
}

static void one_that_never_ran_returns_by_the_register(void **state)
{
	static const enum forged_func want[] = { FORGED_START };

	(void)state;
	begin(FORGED_START);
	frameless(FORGED_START);
	given.w.lr = forged_pc(FORGED_GOEXIT);
	set(0, forged_pc(FORGED_WAIT)); /* of who had the stack before */
	came_by(want, 1, false);
}

static void a_signal_under_a_function_with_a_frame(void **state)
{
	static const enum forged_func want[] = { FORGED_SIGPANIC, FORGED_WAIT, FORGED_START };

	(void)state;
	begin(FORGED_SIGPANIC);
	set(0, forged_pc(FORGED_WAIT));
	set(8, forged_pc(FORGED_BGSWEEP)); /* whatever the register held */
	set(8 + 16, forged_pc(FORGED_START));
	set(8 + 16 + 0x28, forged_pc(FORGED_GOEXIT));
	came_by(want, 3, false);
}

static void a_signal_under_a_leaf(void **state)
{
	static const enum forged_func want[] = { FORGED_SIGPANIC, FORGED_WAIT, FORGED_START };

	(void)state;
	begin(FORGED_SIGPANIC);
	frameless(FORGED_WAIT);
	set(0, forged_pc(FORGED_WAIT));
	set(8, forged_pc(FORGED_START)); /* to whom the leaf would have returned */
	set(8 + 16, forged_pc(FORGED_GOEXIT));
	came_by(want, 3, false);
}

static void a_jump_to_nowhere_is_left_by_the_register(void **state)
{
	static const enum forged_func want[] = { FORGED_SIGPANIC, FORGED_START };

	(void)state;
	begin(FORGED_SIGPANIC);
	set(0, 0x17);
	set(8, forged_pc(FORGED_START));
	set(8 + 16, forged_pc(FORGED_GOEXIT));
	came_by(want, 2, false);
}

static void what_was_not_read_is_asked_for(void **state)
{
	(void)state;
	begin(FORGED_GOPARK);
	set_parked();
	assert_int_equal(walk(0x40 + 0x18), WALK_MORE);
	assert_int_equal(given.w.need, SP + 0x18);
	assert_int_equal(given.w.n, 1);
	came_by(parked, 3, false);
}

static void the_register_of_a_signal_is_asked_for(void **state)
{
	static const enum forged_func want[] = { FORGED_SIGPANIC, FORGED_START };

	(void)state;
	begin(FORGED_SIGPANIC);
	set(0, forged_pc(FORGED_START));
	set(8 + 16, forged_pc(FORGED_GOEXIT));
	assert_int_equal(walk(0x40 + 8), WALK_MORE);
	assert_int_equal(given.w.need, SP + 8);
	assert_int_equal(given.w.n, 0);
	came_by(want, 2, false);
}

static void nothing_is_followed_out_of_the_stack(void **state)
{
	static const enum forged_func want[] = { FORGED_GOPARK, FORGED_LARGE };

	(void)state;
	begin(FORGED_GOPARK);
	set(0, forged_pc(FORGED_LARGE));
	set(0x18, forged_pc(FORGED_WAIT));
	given.w.hi = LO + 0x70; /* the large frame ends far above */
	came_by(want, 2, true);
	begin(FORGED_GOPARK);
	given.w.sp = UINT64_MAX - 4;
	came_by(want, 1, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_begins_with_the_return_address),
		cmocka_unit_test(a_frame_is_believed_before_the_register),
		cmocka_unit_test(one_that_never_ran_returns_by_the_register),
		cmocka_unit_test(a_signal_under_a_function_with_a_frame),
		cmocka_unit_test(a_signal_under_a_leaf),
		cmocka_unit_test(a_jump_to_nowhere_is_left_by_the_register),
		cmocka_unit_test(what_was_not_read_is_asked_for),
		cmocka_unit_test(the_register_of_a_signal_is_asked_for),
		cmocka_unit_test(nothing_is_followed_out_of_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
