/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each number is the one that the program's own runtime.ReadMemStats says.
 *
 * WHYOOM_GO_VERSIONS="1.19.13 1.27.2" tests those toolchains instead of PATH's go.
 */
#include "t.h"

#include "looked.h"
#include "target/live.h"

#define STAT(name, member)                                                                       \
	{                                                                                        \
		name, offsetof(struct gostats, member), sizeof(((struct gostats *)NULL)->member) \
	}

/* What a flush of the caches cannot change. */
static const struct stat_field {
	const char *name;
	size_t at, size;
} stats_counted[] = {
	STAT("Alloc", alloc),
	STAT("TotalAlloc", total_alloc),
	STAT("Lookups", lookups),
	STAT("Mallocs", mallocs),
	STAT("Frees", frees),
	STAT("HeapAlloc", heap_alloc),
	STAT("HeapInuse", heap_inuse),
	STAT("HeapObjects", heap_objects),
	STAT("LastGC", last_gc),
	STAT("PauseTotalNs", pause_total_ns),
	STAT("NumGC", num_gc),
	STAT("NumForcedGC", num_forced_gc),
	STAT("GCCPUFraction", gc_cpu_fraction),
	STAT("EnableGC", enable_gc),
};

/*
 * What ReadMemStats itself may change: it frees the stacks that Ps hold in reserve, and puts
 * spans on lists, which may take memory. Not between two of its calls.
 */
static const struct stat_field stats_changed[] = {
	STAT("Sys", sys),
	STAT("HeapSys", heap_sys),
	STAT("HeapIdle", heap_idle),
	STAT("HeapReleased", heap_released),
	STAT("StackInuse", stack_inuse),
	STAT("StackSys", stack_sys),
	STAT("MSpanInuse", mspan_inuse),
	STAT("MSpanSys", mspan_sys),
	STAT("MCacheInuse", mcache_inuse),
	STAT("MCacheSys", mcache_sys),
	STAT("BuckHashSys", buckhash_sys),
	STAT("GCSys", gc_sys),
	STAT("OtherSys", other_sys),
	STAT("NextGC", next_gc),
};

static void compare(const struct looked *l, const struct gostats *s, const char *said,
		    const struct stat_field *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t ours = 0, theirs = go_child_said(said, v[i].name);

		memcpy(&ours, (const char *)s + v[i].at, v[i].size);
		if (ours != theirs)
			fail_msg("%s: %s: we read %llu, the program says %llu", l->what, v[i].name,
				 (unsigned long long)ours, (unsigned long long)theirs);
	}
}

static void stats_of_one(struct looked *l, const char *path, enum go_build how)
{
	static const char *const steps[] = { "", "a", "d", "gas", "ddg", "gg" };
	struct gostats s;
	char said[4096];

	(void)how;
	look_into(l, path, NULL);
	attach(l);
	for (size_t i = 0; i < COUNT(steps); i++) {
		tell(l, steps[i]);
		read_between(l, &s, NULL, NULL, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		compare(l, &s, said, stats_changed, COUNT(stats_changed));
		assert_int_equal(s.gogc, 100);
		assert_true(s.memory_limit == GO_NO_LIMIT);
		assert_true(s.limiter_known == (l->rt.lay->minor > 18) && !s.limiter_on);
		assert_true(s.goroutines >= go_child_said(said, "Goroutines"));
		assert_int_equal(s.mem_profile_rate, 0); /* the program has no use for one */
	}
	look_away(l);
}

static void stats_equal_memstats(void **state)
{
	(void)state;
	each_program(stats_of_one);
}

/* The Ps hold allocations that the counters do not show yet; the next ReadMemStats adds them. */
static void unflushed_of_one(struct looked *l, const char *path, enum go_build how)
{
	struct gostats s;
	struct err err = { 0 };
	char said[4096];

	(void)how;
	look_into(l, path, (const char *const[]){ "GOGC", "off", NULL });
	attach(l);
	for (int i = 0; i < 5; i++) {
		tell(l, i % 2 ? "ad" : "a");
		assert_ok(gostats_read(&l->rt, l->m, &s, &err), &err);
		ask_memstats(l, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		assert_int_equal(s.gogc, -1);
		assert_int_equal(s.heap_minimum, 0);
	}
	look_away(l);
}

static void unflushed_allocations_are_counted(void **state)
{
	(void)state;
	each_program(unflushed_of_one);
}

static void limit_of_one(struct looked *l, const char *path, enum go_build how)
{
	static const char *const envs[][7] = {
		{ "GOMEMLIMIT", "60MiB", "GOGC", "off", NULL },
		{ "GOMEMLIMIT", "1MiB", "GOGC", "1000", NULL },
		{ "GOMEMLIMIT", "40MiB", "GOGC", "50", NULL },
	};
	static const int64_t limits[] = { 60 << 20, 1 << 20, 40 << 20 };
	static const int32_t percents[] = { -1, 1000, 50 };
	struct gostats s;
	char said[4096];

	if (how != GO_STRIPPED)
		return;
	for (size_t i = 0; i < COUNT(envs); i++) {
		look_into(l, path, envs[i]);
		attach(l);
		tell(l, "adag");
		read_between(l, &s, NULL, NULL, said);
		compare(l, &s, said, stats_counted, COUNT(stats_counted));
		compare(l, &s, said, stats_changed, COUNT(stats_changed));
		assert_true(s.memory_limit == (l->rt.lay->minor > 18 ? limits[i] : GO_NO_LIMIT));
		assert_int_equal(s.gogc, percents[i]);
		look_away(l);
	}
}

static void settings_and_goals_by_memory_limit(void **state)
{
	(void)state;
	each_program(limit_of_one);
}

static void sample_equals_stats(void **state)
{
	char path[128];
	struct looked l;
	char said[SAID_MAX];
	struct gosampler sampler;
	struct gosample sample;
	struct gostats s;
	struct err err = { 0 };

	(void)state;
	if (!first_program(path, sizeof(path)))
		skip_test("no go that builds the program");
	look_into(&l, path, NULL);
	attach(&l);
	tell(&l, "ag");
	ask_memstats(&l, said); /* flushes the caches: the sample has no part in them */
	assert_ok(gosampler_init(&sampler, &l.rt, &err), &err);
	assert_ok(live_sample(l.m, sampler.pieces, sampler.n_pieces, &err), &err);
	gosampler_decode(&sampler, &sample);
	assert_ok(gostats_read(&l.rt, l.m, &s, &err), &err);
	assert_int_equal(sample.heap_marked, s.heap_marked);
	assert_int_equal(sample.heap_live, s.heap_live);
	assert_int_equal(sample.heap_goal, s.heap_goal);
	assert_int_equal(sample.heap_inuse, s.heap_inuse);
	assert_int_equal(sample.stack_inuse, s.stack_inuse);
	assert_int_equal(sample.num_gc, s.num_gc);
	assert_int_equal(sample.allglen, s.goroutines);
	assert_int_equal(sample.total_alloc - sample.total_free, s.heap_alloc);
	assert_true(sample.memory_limit == s.memory_limit && sample.gogc == s.gogc);
	assert_int_equal(sample.heap_inuse + sample.heap_free + sample.heap_released +
				 sample.stack_inuse + sample.sys_other,
			 s.sys + s.stack_inuse - s.stack_sys);
	assert_true(sample.last_gc_mono > s.init_time && s.init_time > 0);
	gosampler_release(&sampler);
	look_away(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_equal_memstats),
		cmocka_unit_test(unflushed_allocations_are_counted),
		cmocka_unit_test(settings_and_goals_by_memory_limit),
		cmocka_unit_test(sample_equals_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
