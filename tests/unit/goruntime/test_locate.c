/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses vote: a wrong one is outvoted, a tie or a lone voice is no answer. */
#include "t.h"

#include <errno.h>

#include "fake_heap.h"
#include "goruntime/locate.h"

#define NOPTRBSS 0x600000
#define BSS 0x500000
#define MEMSTATS (NOPTRBSS + 0x1000)
#define GCC (NOPTRBSS + 0x8000)
#define MHEAP (BSS + 0x2000)

/* One function and the one address in each segment that it refers to; 0: none. */
struct testimony {
	const char *function;
	uint64_t bss, noptrbss;
};

static struct go_witness witness(const struct testimony *t)
{
	struct go_witness w = { .function = t->function };

	if (t->bss) {
		w.segment[w.n] = SEG_BSS;
		w.target[w.n++] = t->bss;
	}
	if (t->noptrbss) {
		w.segment[w.n] = SEG_NOPTRBSS;
		w.target[w.n++] = t->noptrbss;
	}
	return w;
}

/* Enough of them for each required global. */
static struct go_witnesses hear(const struct layout *lay)
{
	const struct testimony v[] = {
		{ "runtime.(*mcache).allocLarge", MHEAP, MEMSTATS },
		{ "runtime.(*mheap).init", 0, MEMSTATS + lay->at[L_MSTATS_MSPAN_SYS] },
		{ "runtime.recordspan", 0, MEMSTATS + lay->at[L_MSTATS_OTHER_SYS] },
		{ "runtime.freeStackSpans", MHEAP, 0 },
		{ "runtime.forEachG", BSS + 0x100, 0 },
		{ "runtime.allgadd", BSS + 0x100, NOPTRBSS + 0x20 },
		{ "runtime.forEachGRace", BSS + 0x140, NOPTRBSS + 0x20 },
		{ "runtime.preemptall", BSS + 0x180, 0 },
		{ "runtime.timeSleepUntil", BSS + 0x180, 0 },
		{ "runtime.gcinit", 0, GCC },
		{ "runtime.gcPaceSweeper", 0, GCC + lay->at[L_GCC_HEAP_LIVE] },
		{ "runtime.gcResetMarkState", 0, GCC + lay->at[L_GCC_HEAP_LIVE] },
		{ "runtime.freeSomeWbufs", 0, NOPTRBSS + 0x40 },
		{ "runtime.(*gcWork).balance", 0, NOPTRBSS + 0x40 },
	};
	struct go_witnesses w = { 0 };

	for (size_t i = 0; i < COUNT(v); i++)
		w.w[w.n++] = witness(&v[i]);
	/* allgadd: allgs first, allgptr last */
	w.w[5].segment[w.w[5].n] = SEG_BSS;
	w.w[5].target[w.w[5].n++] = BSS + 0x140;
	return w;
}

static struct go_witness *of(struct go_witnesses *w, const char *function)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->w[i].function, function))
			return &w->w[i];
	fail_msg("no %s", function);
	return NULL;
}

static void members_are_taken_off(void **state)
{
	(void)state;
	for (int minor = 19; minor <= 27; minor++) {
		const struct layout *lay = fake_layout(minor);
		struct go_witnesses w = hear(lay);
		struct go_globals at;
		struct err err;

		assert_ok(go_globals_locate(&w, lay, &at, &err), &err);
		assert_int_equal(at.memstats, MEMSTATS);
		assert_int_equal(at.gc_controller, GCC);
		assert_int_equal(at.mheap, MHEAP);
		assert_int_equal(at.allgs, BSS + 0x100);
		assert_int_equal(at.allgptr, BSS + 0x140);
		assert_int_equal(at.allglen, NOPTRBSS + 0x20);
		assert_int_equal(at.sched, 0); /* optional, nobody knows */
	}
}

static void a_wrong_layout_moves_them(void **state)
{
	struct go_witnesses w = hear(fake_layout(19));
	struct go_globals at = { .mheap = 7 };
	struct err err;

	(void)state;
	/* two of three take off too little: it is for the checks to see */
	assert_ok(go_globals_locate(&w, fake_layout(27), &at, &err), &err);
	assert_int_equal(at.gc_controller, GCC + fake_layout(19)->at[L_GCC_HEAP_LIVE] -
						   fake_layout(27)->at[L_GCC_HEAP_LIVE]);
}

static void the_majority_wins(void **state)
{
	const struct layout *lay = fake_layout(26);
	struct go_witnesses w = hear(lay);
	struct go_globals at;
	struct err err;

	(void)state;
	of(&w, "runtime.recordspan")->target[0] += 8;
	of(&w, "runtime.gcinit")->target[0] += 64;
	assert_ok(go_globals_locate(&w, lay, &at, &err), &err);
	assert_int_equal(at.memstats, MEMSTATS);
	assert_int_equal(at.gc_controller, GCC);
}

static void a_tie_is_no_answer(void **state)
{
	const struct layout *lay = fake_layout(26);
	struct go_witnesses w = hear(lay);
	struct go_globals at = { .mheap = 7 };
	struct err err;

	(void)state;
	of(&w, "runtime.preemptall")->target[0] += 8;
	assert_int_equal(go_globals_locate(&w, lay, &at, &err), -ENOENT);
	assert_says(&err, "runtime.allp is not found: 1 of 2 witnesses agree");
	assert_int_equal(at.mheap, 7); /* untouched */
}

static void one_voice_counts_only_where_there_is_no_other(void **state)
{
	const struct layout *lay = fake_layout(26);
	struct go_witnesses w = hear(lay);
	struct go_globals at;
	struct err err;

	(void)state;
	of(&w, "runtime.preemptall")->n = 0; /* not linked */
	assert_ok(go_globals_locate(&w, lay, &at, &err), &err);
	assert_int_equal(at.allp, BSS + 0x180);
	of(&w, "runtime.timeSleepUntil")->n = 0;
	assert_int_equal(go_globals_locate(&w, lay, &at, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_taken_off),
		cmocka_unit_test(a_wrong_layout_moves_them),
		cmocka_unit_test(the_majority_wins),
		cmocka_unit_test(a_tie_is_no_answer),
		cmocka_unit_test(one_voice_counts_only_where_there_is_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
