/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU limiter is taken for one only where its bucket is as large as its Ps make it. */
#include "t.h"

#include <errno.h>

#include "fake_heap.h"
#include "goruntime/limiter.h"
#include "target/buffer.h"

#define LIMITER UINT64_C(0x526000)

static uint64_t settled(struct fake_heap *h, uint64_t found)
{
	struct goruntime rt = *fake_heap_runtime(h);
	struct err err;

	rt.at.gc_cpu_limiter = found;
	assert_ok(go_limiter_settle(&rt, fake_heap_mem(h), &err), &err);
	return rt.at.gc_cpu_limiter;
}

static void it_is_told_by_its_bucket(void **state)
{
	(void)state;
	for (int minor = 19; minor <= 27; minor++) {
		const struct layout *lay = fake_layout(minor);
		struct fake_heap *h = fake_heap_new(lay);

		assert_int_equal(settled(h, LIMITER), 0); /* no Ps */
		fake_heap_put(h, LIMITER + lay->at[L_LIMITER_NPROCS], 4, 4);
		assert_int_equal(settled(h, LIMITER), 0);
		fake_heap_put(h, LIMITER + lay->at[L_LIMITER_CAPACITY], 4000000000, 8);
		assert_int_equal(settled(h, LIMITER), LIMITER);
		/* a build without inlining: the witness named the struct, not the member */
		assert_int_equal(settled(h, LIMITER - lay->at[L_LIMITER_ENABLED]), LIMITER);
		assert_int_equal(settled(h, LIMITER + 8), 0);
		assert_int_equal(settled(h, 0), 0);
		assert_int_equal(settled(h, 0x1000), 0); /* not mapped */
		fake_heap_free(h);
	}
}

static void errors_go_up(void **state)
{
	struct fake_heap *h = fake_heap_new(fake_layout(26));
	struct goruntime rt = *fake_heap_runtime(h);
	struct err err;

	(void)state;
	rt.at.gc_cpu_limiter = LIMITER;
	buffer_fail(fake_heap_mem(h), 0, -ESRCH);
	assert_int_equal(go_limiter_settle(&rt, fake_heap_mem(h), &err), -ESRCH);
	fake_heap_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_by_its_bucket),
		cmocka_unit_test(errors_go_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
