/* SPDX-License-Identifier: Apache-2.0 */
/* heap_profile over forged memory: what is counted, what is left out, what is refused. */
#include "t.h"

#include <errno.h>

#include "goruntime/go_exp.h"
#include "goruntime/heap_stacks.h"

#include "forged.h"

#define SIZE 0x8000
#define FIRST 0x1000 /* where the first bucket stands */

struct given {
	uint8_t bytes[SIZE];
	const struct layout *lay;
	struct image *img;
	struct goruntime rt;
	struct mem *m;
};

static struct given given;

static void begin(int minor)
{
	memset(&given, 0, sizeof(given));
	given.lay = forged_layout(minor);
	given.img = forged_image(minor);
	given.rt = forged_runtime(given.img, given.lay);
	forged_set(given.bytes, FORGED_RATE, 512 * 1024);
	forged_set(given.bytes, FORGED_CYCLE, 7 << 1);
	given.m = forged_open(given.bytes, SIZE);
}

static void end(void)
{
	forged_seed("heap", given.lay, given.bytes, SIZE);
	mem_close(given.m);
	image_free(given.img);
}

static uint64_t hash_of(const uint64_t *pcs, uint64_t n, uint64_t size)
{
	uint64_t h = 0;

	for (uint64_t i = 0; i <= n; i++) {
		h += i < n ? pcs[i] : size;
		h += h << 10;
		h ^= h >> 6;
	}
	h += h << 3;
	return h ^ h >> 11;
}

/* A cycle's counts: allocated and freed objects. */
struct cycle {
	uint64_t allocs, frees;
};

static void put_cycle(uint64_t at, const struct cycle *c, uint64_t size)
{
	forged_set(given.bytes, at + given.lay->at[L_CYCLE_ALLOCS], c->allocs);
	forged_set(given.bytes, at + given.lay->at[L_CYCLE_FREES], c->frees);
	if (!layout_has(given.lay, L_CYCLE_ALLOC_BYTES))
		return;
	forged_set(given.bytes, at + given.lay->at[L_CYCLE_ALLOC_BYTES], c->allocs * size);
	forged_set(given.bytes, at + given.lay->at[L_CYCLE_FREE_BYTES], c->frees * size);
}

/* A bucket at @at with two frames, before @next in the list; active and three future cycles. */
static void put_bucket(uint64_t at, uint64_t next, uint64_t size, const struct cycle c[4])
{
	const uint64_t pcs[] = { forged_pc(FORGED_WAIT), forged_pc(FORGED_START) };
	const uint32_t *off = given.lay->at;
	uint64_t record = at + off[L_SIZEOF_BUCKET] + sizeof(pcs);

	forged_set(given.bytes, at + off[L_BUCKET_ALLNEXT], next ? FORGED_BASE + next : 0);
	forged_set(given.bytes, at + off[L_BUCKET_TYP], off[L_MEM_PROFILE]);
	forged_set(given.bytes, at + off[L_BUCKET_HASH], hash_of(pcs, 2, size));
	forged_set(given.bytes, at + off[L_BUCKET_SIZE], size);
	forged_set(given.bytes, at + off[L_BUCKET_NSTK], 2);
	memcpy(given.bytes + at + off[L_SIZEOF_BUCKET], pcs, sizeof(pcs));
	put_cycle(record + off[L_MEM_RECORD_ACTIVE], &c[0], size);
	for (unsigned i = 0; i < 3; i++)
		put_cycle(record + off[L_MEM_RECORD_FUTURE] + i * off[L_SIZEOF_MEM_RECORD_CYCLE],
			  &c[i + 1], size);
}

static void list_from(uint64_t at)
{
	forged_set(given.bytes, FORGED_MBUCKETS, FORGED_BASE + at);
}

static int read_it(struct arena *a, size_t max, struct heap_profile *p, struct err *err)
{
	return heap_profile_read(&given.rt, given.m, max, a, p, err);
}

/* Cycle 7: what is in future[7 % 3] is about to be published, MemProfile() takes it too. */
static const struct cycle counts[4] = { { 10, 4 }, { 100, 0 }, { 5, 1 }, { 1000, 50 } };

static void counts_by_release(int minor)
{
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	begin(minor);
	put_bucket(FIRST, 0, 64, counts);
	list_from(FIRST);
	assert_ok(read_it(&a, 10, &p, &err), &err);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.cycle, 7);
	assert_int_equal(p.buckets[0].published.alloc_objects, 15);
	assert_int_equal(p.buckets[0].published.free_objects, 5);
	assert_int_equal(p.buckets[0].published.alloc_bytes, 15 * 64);
	assert_int_equal(p.buckets[0].published.free_bytes, 5 * 64);
	assert_int_equal(p.buckets[0].latest.alloc_objects, 1115);
	assert_int_equal(p.buckets[0].latest.free_bytes, 55 * 64);
	assert_int_equal(p.buckets[0].n_pcs, 2);
	assert_int_equal(p.buckets[0].pcs[0], forged_pc(FORGED_WAIT));
	end();
}

static void active_and_the_cycle_in_flush_are_published(void **state)
{
	(void)state;
	for (int minor = 19; minor <= 27; minor++)
		counts_by_release(minor);
}

static void all_cycles_are_before_the_first_collection(void **state)
{
	const struct cycle fresh[4] = { { 0 }, { 3, 0 }, { 0 }, { 4, 1 } };
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	put_bucket(FIRST, FIRST + 0x200, 64, fresh);
	put_bucket(FIRST + 0x200, 0, 32, fresh);
	list_from(FIRST);
	assert_ok(read_it(&a, 10, &p, &err), &err);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.buckets[0].published.alloc_objects, 7);
	assert_int_equal(p.buckets[1].published.alloc_bytes, 7 * 32);
	end();
}

static void what_fails_its_check_is_left_out(void **state)
{
	const uint32_t *off;
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(25);
	off = given.lay->at;
	for (uint64_t i = 0; i < 5; i++)
		put_bucket(FIRST + i * 0x200, i < 4 ? FIRST + (i + 1) * 0x200 : 0, 16 + i, counts);
	given.bytes[FIRST + off[L_BUCKET_HASH]] ^= 1;
	given.bytes[FIRST + 0x200 + off[L_BUCKET_TYP]] = 2;
	forged_set(given.bytes, FIRST + 0x400 + off[L_BUCKET_NSTK], 1025);
	forged_set(given.bytes, FIRST + 0x600 + off[L_SIZEOF_BUCKET] + 16, UINT64_MAX); /* allocs */
	list_from(FIRST);
	assert_ok(read_it(&a, 10, &p, &err), &err);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.buckets[0].size, 20);
	assert_int_equal(p.bad, 4);
	end();
}

static void more_freed_than_allocated_is_nothing_in_use(void **state)
{
	const struct cycle torn[4] = { { 10, 12 }, { 0 }, { 0 }, { 0 } };
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(27);
	put_bucket(FIRST, 0, 64, torn);
	list_from(FIRST);
	assert_ok(read_it(&a, 10, &p, &err), &err);
	assert_int_equal(p.buckets[0].published.free_objects, 10);
	assert_int_equal(p.buckets[0].published.free_bytes, 640);
	end();
}

static void a_loop_is_seen(void **state)
{
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	for (uint64_t i = 0; i < 6; i++)
		put_bucket(FIRST + i * 0x200, FIRST + (i < 5 ? i + 1 : 2) * 0x200, 64, counts);
	list_from(FIRST);
	assert_int_equal(read_it(&a, 1000, &p, &err), -EBADMSG);
	assert_says(&err, "loop");
	put_bucket(FIRST, FIRST, 64, counts); /* to itself */
	assert_int_equal(read_it(&a, 1000, &p, &err), -EBADMSG);
	assert_int_equal(read_it(&a, 1, &p, &err), -E2BIG);
	end();
}

static void a_list_that_breaks_off_is_cut(void **state)
{
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26);
	put_bucket(FIRST, SIZE + 0x1000, 64, counts);
	list_from(FIRST);
	assert_ok(read_it(&a, 10, &p, &err), &err);
	assert_int_equal(p.n, 1);
	assert_true(p.cut);
	list_from(SIZE + 0x1000);
	assert_int_equal(read_it(&a, 10, &p, &err), -EFAULT);
	end();
}

static void no_buckets_no_profile(void **state)
{
	struct heap_profile p;
	struct err err = { 0 };
	ARENA(a, 1 << 20);

	(void)state;
	begin(26); /* has no runtime.MemProfile */
	assert_int_equal(read_it(&a, 10, &p, &err), -ENODATA);
	assert_says(&err, "the linker left it out");
	given.rt.at.mbuckets = 0;
	assert_int_equal(read_it(&a, 10, &p, &err), -ENOTSUP);
	end();
}

static void a_small_arena_is_no_memory(void **state)
{
	struct heap_profile p = { .n = 99 };
	struct err err = { 0 };
	ARENA(a, 8);

	(void)state;
	begin(26);
	put_bucket(FIRST, 0, 64, counts);
	list_from(FIRST);
	assert_int_equal(read_it(&a, 10, &p, &err), -ENOMEM);
	assert_int_equal(p.n, 99);
	end();
}

/* wait inlined into nothing, two locations. */
static void stacks_are_one_frame_a_pc(void **state)
{
	struct heap_frame frames[8];
	uint64_t pcs[] = { forged_pc(FORGED_GOPARK), forged_pc(FORGED_WAIT),
			   forged_pc(FORGED_START), forged_pc(FORGED_GOEXIT) };
	struct heap_bucket b = { .n_pcs = 4, .pcs = pcs };

	(void)state;
	begin(26);
	assert_int_equal(heap_stack(given.img, &b, frames, 8), 2);
	assert_string_equal(frames[0].frame.function, "main.wait");
	assert_int_equal(frames[0].address, pcs[1] - 1);
	assert_false(frames[1].joined);
	assert_int_equal(heap_stack(given.img, &b, frames, 1), 1);
	b.n_pcs = 1; /* nothing but the runtime: nothing hidden */
	assert_int_equal(heap_stack(given.img, &b, frames, 8), 1);
	assert_string_equal(frames[0].frame.function, "runtime.gopark");
	b.n_pcs = 0;
	assert_int_equal(heap_stack(given.img, &b, frames, 8), 0);
	end();
}

static void scales(int64_t count, int64_t bytes, int64_t rate, int64_t want_count,
		   int64_t want_bytes)
{
	int64_t c = -7, b = -7;

	heap_scale(count, bytes, rate, &c, &b);
	assert_int_equal(c, want_count);
	assert_int_equal(b, want_bytes);
}

static void scaling_at_the_ends(void **state)
{
	(void)state;
	scales(0, 0, 512 << 10, 0, 0);
	scales(5, 0, 512 << 10, 0, 0);
	scales(0, 5, 512 << 10, 0, 0);
	scales(3, 300, 1, 3, 300);
	scales(3, 300, 0, 3, 300);
	scales(2, INT64_C(2) << 40, 512 << 10, 2, INT64_C(2) << 40); /* e^-2097152 */
	scales(1, 1, INT64_MAX, INT64_MIN, INT64_MIN); /* one divided by nothing, as Go has it */
	assert_true(go_exp(0) == 1.0);
	assert_true(go_exp(-1e300) == 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(active_and_the_cycle_in_flush_are_published),
		cmocka_unit_test(all_cycles_are_before_the_first_collection),
		cmocka_unit_test(what_fails_its_check_is_left_out),
		cmocka_unit_test(more_freed_than_allocated_is_nothing_in_use),
		cmocka_unit_test(a_loop_is_seen),
		cmocka_unit_test(a_list_that_breaks_off_is_cut),
		cmocka_unit_test(no_buckets_no_profile),
		cmocka_unit_test(a_small_arena_is_no_memory),
		cmocka_unit_test(stacks_are_one_frame_a_pc),
		cmocka_unit_test(scaling_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
