/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <math.h>
#include <stdlib.h>

#include "case/pattern.h"
#include "sim.h"

#define LIMIT (256 * MB)

/* clang-format off */
static double flat20(double t) { return fmin(t / 0.5, 1) * 20 * MB; }
static double tiny(double t) { return (1 + t / 25) * MB; }
static double flat60(double t) { return fmin(t / 0.5, 1) * 60 * MB; }
static double flat90(double t) { return fmin(t / 0.5, 1) * 90 * MB; }
static double flat150(double t) { return fmin(t / 2, 1) * 150 * MB; }
static double flat220(double t) { return fmin(t / 2, 1) * 220 * MB; }
static double leak20(double t) { return 10 * MB + 20 * MB * t; }
static double leak2(double t) { return 10 * MB + 2 * MB * t; }
static double leak_after_start(double t) { return fmin(t / 0.2, 1) * 30 * MB + 2 * MB * t; }
static double leak_slow(double t) { return 20 * MB + 0.02 * MB * t; }
static double leak_percent(double t) { return 20 * MB + 0.3 * MB * t; }
static double leak_late(double t) { return 20 * MB + fmax(0, t - 400) * 0.4 * MB; }
static double leak_steps(double t) { return 20 * MB + floor(t / 30) * 6 * MB; }
static double leak_under_load(double t) { return (30 + 0.02 * t + 8 * sin(t / 600 * 2 * M_PI)) * MB; }
static double warm_up(double t) { return (10 + 60 * (1 - exp(-t / 200))) * MB; }
static double burst(double t) { return t < 120 ? flat20(t) : 20 * MB + (t - 120) * 150 * MB; }
static double one_step(double t) { return t < 300 ? 30 * MB : 55 * MB; }
static double late_step(double t) { return t < 570 ? 30 * MB : 45 * MB; }
static double diurnal(double t) { return (50 - 30 * cos(t / 86400 * 2 * M_PI)) * MB; }
static double diurnal_alloc(double t) { return (5.5 - 4.5 * cos(t / 86400 * 2 * M_PI)) * MB; }
static double on_off(double t) { return (fmod(t, 200) < 100 ? 20 : 60) * MB; }
static double restarts(double t) { return (20 + 15 * exp(-fmod(t, 150) / 40)) * MB; }
static double native10(double t) { (void)t; return 10 * MB; }
static double native_leak(double t) { return 5 * MB + t * 2 * MB; }
static double native_slow(double t) { return 5 * MB + t * 0.1 * MB; }
static double neighbour(double t) { return 10 * MB + t * 1.5 * MB; }
static double growing_cache(double t) { return t * 5 * MB; }
static double churn5(double t) { (void)t; return 5 * MB; }
static double churn30(double t) { (void)t; return 30 * MB; }
static double churn_late(double t) { return t < 100 ? 20 * MB : 60 * MB; }
static double trickle(double t) { (void)t; return 0.01 * MB; }
static double more_load(double t) { return fmin(t, 1) * (t < 100 ? 30 : 46) * MB; }
static double flat215(double t) { return fmin(t / 2, 1) * 215 * MB; }

static const struct scenario {
	const char *name;
	struct sim sim;
	enum pattern_kind want;
	const char *rule; /* NULL: any */
} dead[] = {
	{ "leak, 20 MB/s, GOGC 100",
	  { leak20, native10, churn5, .seconds = 600, .limit = LIMIT, .gogc = 100, .period = 0.2 }, PATTERN_LEAK, "leak-doubling" },
	{ "leak, 2 MB/s, all that is allocated stays",
	  { leak2, native10, NULL, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, "leak-doubling" },
	{ "leak, 2 MB/s, among 30 MB/s of garbage",
	  { leak2, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, "leak-sure" },
	{ "leak after a start-up of 30 MB",
	  { leak_after_start, native10, NULL, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, NULL },
	{ "leak, 1 MB a minute, for hours",
	  { leak_slow, native10, churn5, .seconds = 20000, .limit = LIMIT, .gogc = 100, .noise = 0.02 }, PATTERN_LEAK, "leak-sure" },
	{ "leak of 1 % of what is allocated, hundreds of cycles",
	  { leak_percent, native10, churn30, .seconds = 20000, .limit = LIMIT, .gogc = 100, .noise = 0.02 }, PATTERN_LEAK, "leak-sure" },
	{ "leak that began after 400 s",
	  { leak_late, native10, churn30, .seconds = 2000, .limit = LIMIT, .gogc = 100, .noise = 0.02 }, PATTERN_LEAK, NULL },
	{ "leak in steps (a map that doubles)",
	  { leak_steps, native10, churn30, .seconds = 2000, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, NULL },
	{ "leak under a load that swings",
	  { leak_under_load, native10, churn30, .seconds = 20000, .limit = LIMIT, .gogc = 100, .noise = 0.03 }, PATTERN_LEAK, NULL },
	{ "leak, GOGC off, GOMEMLIMIT holds until live memory meets it",
	  { leak2, native10, churn5, .seconds = 600, .limit = LIMIT, .gogc = -1, .memory_limit = 200 * MB }, PATTERN_LEAK, NULL },
	{ "leak, GOGC 50",
	  { leak2, native10, churn5, .seconds = 600, .limit = LIMIT, .gogc = 50 }, PATTERN_LEAK, NULL },
	{ "leak, the record began late",
	  { leak2, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .late = 30 }, PATTERN_LEAK, NULL },
	{ "leak of native memory, hardly a GC",
	  { flat20, native_leak, trickle, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, "leak-non-heap" },
	{ "leak of native memory beside a busy heap",
	  { flat20, native_leak, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, NULL },
	{ "a neighbour in the group grows",
	  { flat20, native10, churn5, neighbour, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, NULL },
	{ "leak while page cache fills the group",
	  { leak2, native10, churn30, NULL, growing_cache, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_LEAK, NULL },
	{ "leak, the process alone was seen",
	  { leak2, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .no_charge = true }, PATTERN_LEAK, NULL },
	{ "slow native leak, Go numbers not read",
	  { flat20, native_slow, churn5, .seconds = 4000, .limit = LIMIT, .gogc = 100, .no_runtime = true }, PATTERN_LEAK, "leak-charge" },
	{ "burst of 150 MB/s after two calm minutes",
	  { burst, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .period = 0.2 }, PATTERN_PEAK, "peak" },
	{ "burst, sampled once a second only",
	  { burst, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100 }, PATTERN_PEAK, "peak" },
	{ "burst of an idle process, hardly a GC before",
	  { burst, native10, trickle, .seconds = 600, .limit = LIMIT, .gogc = 100, .period = 0.2 }, PATTERN_PEAK, NULL },
	{ "burst, Go numbers not read",
	  { burst, native10, churn5, .seconds = 600, .limit = LIMIT, .gogc = 100, .no_runtime = true }, PATTERN_PEAK, "peak-few" },
	{ "collector lax: GOGC 400, then more load",
	  { more_load, native10, churn30, .seconds = 2000, .limit = LIMIT, .gogc = 400, .noise = 0.03 }, PATTERN_SAWTOOTH, NULL },
	{ "collector lax: GOGC raised to 400 after 100 s",
	  { flat60, native10, churn30, .seconds = 200, .limit = 200 * MB, .gogc = 100, .gogc_at = 100, .gogc_then = 400 }, PATTERN_SAWTOOTH, "sawtooth-first" },
	{ "the same, but what comes is allocated faster than anything before",
	  { flat60, native10, churn_late, .seconds = 200, .limit = 200 * MB, .gogc = 100, .gogc_at = 100, .gogc_then = 400 }, PATTERN_PEAK, "peak" },
	{ "working set of 215 MB does not fit",
	  { flat215, native10, churn30, .seconds = 2000, .limit = LIMIT, .gogc = 10, .noise = 0.02 }, PATTERN_PLATEAU, NULL },
	{ "killed in the first seconds after a start-up of 220 MB",
	  { flat220, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 5, .noise = 0.02 }, PATTERN_PLATEAU, NULL },
	{ "the first swing of the collector after start-up: cannot be told from a leak",
	  { flat90, native10, churn5, .seconds = 600, .limit = 150 * MB, .gogc = 100 }, PATTERN_UNKNOWN, "few-cycles" },
}, alive[] = {
	{ "healthy, steady load",
	  { flat20, native10, churn30, .seconds = 60, .limit = LIMIT, .gogc = 100, .noise = 0.05 }, PATTERN_PLATEAU, "live-plateau" },
	{ "healthy, tiny: pools and first connections",
	  { tiny, NULL, churn5, .seconds = 25, .limit = LIMIT, .gogc = 100, .noise = 0.3 }, PATTERN_PLATEAU, "live-small" },
	{ "healthy, large, no limit",
	  { flat150, native10, churn30, .seconds = 300, .gogc = 100, .noise = 0.05 }, PATTERN_PLATEAU, "live-plateau" },
	{ "healthy, idle, no GC in the record",
	  { flat20, native10, trickle, .seconds = 60, .limit = LIMIT, .gogc = 100, .late = 30 }, PATTERN_PLATEAU, "live-quiet" },
	{ "healthy, start-up, then flat",
	  { flat60, native10, churn30, .seconds = 120, .limit = LIMIT, .gogc = 100, .noise = 0.02 }, PATTERN_PLATEAU, "live-plateau" },
	{ "cache warming up, watched for one time constant",
	  { warm_up, native10, churn30, .seconds = 200, .limit = LIMIT, .gogc = 100 }, PATTERN_UNKNOWN, "slowing" },
	{ "cache warming up, watched for three",
	  { warm_up, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .noise = 0.01 }, PATTERN_UNKNOWN, "slowing" },
	{ "cache warm, watched for ten",
	  { warm_up, native10, churn30, .seconds = 2000, .limit = LIMIT, .gogc = 100, .noise = 0.01 }, PATTERN_PLATEAU, NULL },
	{ "one step up in the middle",
	  { one_step, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .noise = 0.03 }, PATTERN_PLATEAU, NULL },
	{ "one step up near the end",
	  { late_step, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100, .noise = 0.03 }, PATTERN_PLATEAU, NULL },
	{ "load on and off",
	  { on_off, native10, churn30, .seconds = 1000, .limit = LIMIT, .gogc = 100, .noise = 0.03 }, PATTERN_PLATEAU, NULL },
	{ "restarts of the load",
	  { restarts, native10, churn30, .seconds = 1000, .limit = LIMIT, .gogc = 100, .noise = 0.03 }, PATTERN_PLATEAU, NULL },
	{ "two days of day and night",
	  { diurnal, native10, diurnal_alloc, .seconds = 172800, .limit = LIMIT, .gogc = 100, .noise = 0.03, .period = 60 }, PATTERN_PLATEAU, NULL },
	{ "a morning: the heap follows the load",
	  { diurnal, native10, diurnal_alloc, .seconds = 43200, .limit = LIMIT, .gogc = 100, .noise = 0.03, .period = 60 }, PATTERN_UNKNOWN, NULL },
	{ "page cache fills the limit",
	  { flat20, native10, churn30, NULL, growing_cache, .seconds = 300, .limit = LIMIT, .gogc = 100 }, PATTERN_PLATEAU, NULL },
	{ "leak, seen alive",
	  { leak2, native10, churn30, .seconds = 30, .limit = 1024 * MB, .gogc = 100, .noise = 0.02 }, PATTERN_LEAK, NULL },
	{ "native leak, seen alive",
	  { flat20, native_leak, trickle, .seconds = 40, .limit = 512 * MB, .gogc = 100 }, PATTERN_LEAK, "live-non-heap" },
	{ "goal above the limit, not yet met",
	  { flat60, native10, churn5, .seconds = 200, .limit = 150 * MB, .gogc = 200, .memory_limit = 120 * MB }, PATTERN_PLATEAU, NULL },
	{ "a leak between two collections: the heap fills",
	  { leak2, native10, NULL, .seconds = 30, .limit = 1024 * MB, .gogc = 100, .late = 20 }, PATTERN_UNKNOWN, "few-cycles" },
	{ "three cycles that double: too few to tell",
	  { leak2, native10, NULL, .seconds = 25, .limit = 1024 * MB, .gogc = 100 }, PATTERN_UNKNOWN, NULL },
};
/* clang-format on */

static unsigned judge_all(const struct scenario *list, size_t n, bool want_dead)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		const struct scenario *k = &list[i];
		struct pattern p;
		struct whycase c;
		ARENA(a, 256 << 20);
		double died = sim_run(&k->sim, &c, &a);
		bool ok;

		pattern_of(&c, &p);
		ok = (died >= 0) == want_dead && p.kind == k->want &&
		     (!k->rule || strcmp(k->rule, p.rule) == 0);
		bad += !ok;
		if (!ok || getenv("SIM_TELL"))
			print_message(
				"# %s%s: %s by %s (want %s by %s), died %.0f s, %zu cycles, %zu "
				"samples, floor %.0f..%.0f MB\n",
				ok ? "" : "BAD ", k->name, pattern_name(p.kind), p.rule,
				pattern_name(k->want), k->rule ? k->rule : "any", died, c.n_cycles,
				c.n_samples, (double)p.healthy_floor / MB,
				(double)p.last_floor / MB);
	}
	return bad;
}

static void the_dead_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(judge_all(dead, COUNT(dead), true), 0);
}

static void the_living_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(judge_all(alive, COUNT(alive), false), 0);
}

/* Random services. What they do is in @q, for the simulator's functions of time. */
static struct {
	double base, ramp, rate, start, native, native_rate, churn;
} q;

static double q_live(double t)
{
	return fmin(t / q.ramp, 1) * q.base + fmax(0, t - q.start) * q.rate;
}

static double q_native(double t)
{
	return q.native + q.native_rate * t;
}

static double q_alloc(double t)
{
	(void)t;
	return q.churn;
}

static uint64_t dice;

static double between(double a, double b)
{
	return a + (b - a) * sim_uniform(&dice);
}

/* As likely near 10 as near 1000 between 1 and 1000000. */
static double around(double a, double b)
{
	return exp(between(log(a), log(b)));
}

static struct sim some_service(void)
{
	static const double lags[] = { 0, 0.5, 0.8, 0.9, 0.95 }, gogc[] = { 50, 100, 100, 200 };

	q.ramp = around(0.2, 3);
	q.base = around(8, 200) * MB;
	q.native = around(3, 30) * MB;
	q.churn = around(1, 60) * MB;
	q.start = 1e9;
	q.rate = q.native_rate = 0;
	return (struct sim){ .live = q_live,
			     .native = q_native,
			     .alloc = q_alloc,
			     .noise = between(0, 0.15),
			     .noise_lag = lags[(size_t)between(0, COUNT(lags))],
			     .gogc = gogc[(size_t)between(0, COUNT(gogc))],
			     .seed = (uint64_t)between(1, 1e15) };
}

static double top_of(const struct sim *s)
{
	return q.base * (1 + s->gogc / 100) * 1.04 + q.native + 3 * MB;
}

static struct sim steady_and_alive(void)
{
	struct sim s = some_service();

	s.seconds = around(30, 3600);
	s.limit = top_of(&s) * around(1.8, 6);
	s.late = between(0, 1) < 0.5 ? 20 : 0;
	return s;
}

/* One swing of the collector at a moment of much live memory meets the limit. */
static struct sim steady_and_dead(void)
{
	struct sim s = some_service();

	s.seconds = 20000;
	s.limit = top_of(&s) * (1 + s.noise * between(1, 2.2));
	return s;
}

static struct sim leaking_heap(void)
{
	struct sim s = some_service();

	q.base = around(5, 60) * MB;
	q.rate = around(0.1, 30) * MB;
	q.start = q.ramp;
	s.noise /= 3;
	s.seconds = 40000;
	s.limit = fmax(around(64, 2048) * MB, top_of(&s) * 1.6);
	return s;
}

static struct sim leaking_native(void)
{
	struct sim s = some_service();

	q.native_rate = around(0.1, 30) * MB;
	s.noise /= 3;
	s.seconds = 40000;
	s.limit = fmax(around(64, 2048) * MB, top_of(&s) * 1.6);
	return s;
}

static struct sim bursting(void)
{
	struct sim s = some_service();

	q.start = around(20, 1000);
	q.rate = around(20, 1000) * MB;
	s.noise /= 3;
	s.seconds = 5000;
	s.limit = top_of(&s) * around(1.5, 5);
	return s;
}

/* How often of 100 each answer may come: most for the wrong ones, least for the right one. */
static const struct kind_of_service {
	const char *name;
	struct sim (*make)(void);
	bool dies;
	int most[PATTERN_COUNT], least[PATTERN_COUNT];
} services[] = {
	{ "steady, alive", steady_and_alive, false, { 15, 1, 0, 100, 2 }, { 0, 0, 0, 80, 0 } },
	{ "steady, dead", steady_and_dead, true, { 25, 2, 2, 5, 100 }, { 0, 0, 0, 0, 75 } },
	{ "leaking heap", leaking_heap, true, { 18, 100, 1, 1, 1 }, { 0, 80, 0, 0, 0 } },
	{ "leaking native", leaking_native, true, { 8, 100, 1, 1, 1 }, { 0, 90, 0, 0, 0 } },
	{ "bursting", bursting, true, { 5, 5, 100, 1, 1 }, { 0, 0, 90, 0, 0 } },
};

#define TRIALS 300

static int tally(const struct kind_of_service *k, int n[PATTERN_COUNT])
{
	int total = 0;

	dice = 77;
	for (int i = 0; i < TRIALS; i++) {
		struct sim s = k->make();
		struct pattern p;
		struct whycase c;
		ARENA(a, 256 << 20);
		double died = sim_run(&s, &c, &a);

		if ((died >= 0) != k->dies)
			continue;
		pattern_of(&c, &p);
		n[p.kind]++;
		total++;
	}
	return total;
}

/* The figures of docs/patterns.md. */
static void random_services_are_seldom_misjudged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(services); i++) {
		const struct kind_of_service *k = &services[i];
		int n[PATTERN_COUNT] = { 0 }, total = tally(k, n);

		print_message("# %s: of %d unknown %d, leak %d, peak %d, plateau %d, sawtooth %d\n",
			      k->name, total, n[PATTERN_UNKNOWN], n[PATTERN_LEAK], n[PATTERN_PEAK],
			      n[PATTERN_PLATEAU], n[PATTERN_SAWTOOTH]);
		assert_true(total > TRIALS / 2);
		for (int j = 0; j < PATTERN_COUNT; j++) {
			assert_true(n[j] * 100 <= k->most[j] * total + 99);
			assert_true(n[j] * 100 >= k->least[j] * total);
		}
	}
}

static void an_empty_case_is_unknown(void **state)
{
	struct pattern p;
	struct whycase c;
	ARENA(a, 1 << 20);

	(void)state;
	case_init(&c, &a);
	pattern_of(&c, &p);
	assert_int_equal(p.kind, PATTERN_UNKNOWN);
	assert_string_equal(p.why_unknown, "pattern.no-samples");
	assert_true(isnan(p.slope) && isnan(p.seconds_to_limit));
	assert_false(known(p.predicted_peak) || known(p.tight_need) || known(p.to_explain));
	assert_false(known(p.healthy_floor) || known(p.jump_bytes));
	assert_false(p.floor.known || p.charge.known || p.grew_before_record);
}

static void hostile_numbers_do_no_harm(void **state)
{
	static const uint64_t odd[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1, INT64_MAX, 4096 };
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, 5, INT64_MAX };
	uint64_t seed = 3;

	(void)state;
	for (int k = 0; k < 300; k++) {
		struct pattern p;
		struct whycase c;
		ARENA(a, 1 << 20);

		case_init(&c, &a);
		for (int i = 0; i < 40; i++) {
			struct case_sample m;
			uint64_t *v = (uint64_t *)&m;

			for (size_t j = 0; j < sizeof(m) / 8; j++)
				v[j] = odd[(size_t)(sim_uniform(&seed) * COUNT(odd))];
			m.t = times[(size_t)(sim_uniform(&seed) * COUNT(times))];
			assert_int_equal(case_add_sample(&c, &m), 0);
			assert_int_equal(
				case_add_cycle(&c,
					       &(struct case_cycle){ m.t, m.num_gc, m.heap_marked,
								     m.heap_goal, m.charge }),
				0);
		}
		c.end.t = times[(size_t)k % COUNT(times)];
		c.end.observed = true;
		c.end.group_counted_kill = k % 2 ? TRI_YES : TRI_NO;
		pattern_of(&c, &p);
		assert_true((unsigned)p.kind < PATTERN_COUNT);
		assert_true(p.kind != PATTERN_UNKNOWN || p.why_unknown);
	}
}

static void judge(const struct sim *s, struct whycase *c, struct arena *a, struct pattern *p)
{
	sim_run(s, c, a);
	pattern_of(c, p);
}

static void the_forecast_holds_the_moment_of_death(void **state)
{
	struct sim s = { leak2,		 native10,    churn30,	    .seconds = 40,
			 .limit = LIMIT, .gogc = 100, .noise = 0.02 };
	struct pattern p;
	struct whycase c;
	double died;
	ARENA(a, 64 << 20);

	(void)state;
	judge(&s, &c, &a, &p);
	assert_int_equal(p.kind, PATTERN_LEAK);
	s.seconds = 600;
	died = sim_run(&s, &c, &a);
	print_message("# died at %.1f s; at 40 s it was said: in %.1f s (%.1f to %.1f)\n", died,
		      p.seconds_to_limit, p.seconds_low, p.seconds_high);
	assert_true(p.seconds_low <= p.seconds_to_limit && p.seconds_to_limit <= p.seconds_high);
	assert_true(40 + p.seconds_low * 0.8 < died && died < 40 + p.seconds_high * 1.3);
	s.seconds = 10;
	s.limit = 16384 * MB;
	judge(&s, &c, &a, &p);
	assert_true(isnan(p.seconds_to_limit)); /* too far off to say */
}

static void the_peak_is_predicted_from_the_settings(void **state)
{
	struct sim s = { flat60, native10, churn30, .seconds = 60, .limit = LIMIT, .gogc = 150 };
	struct pattern p;
	struct whycase c;
	ARENA(a, 64 << 20);

	(void)state;
	judge(&s, &c, &a, &p);
	/* 60 x 2.5 + 10 native + 3 of the runtime's own */
	assert_true(fabs((double)p.predicted_peak - 163 * MB) < 2 * MB);
	assert_true(fabs((double)p.tight_need - 88 * MB) < 2 * MB);
	assert_true(fabs((double)p.last_floor - 73 * MB) < 2 * MB);
	s.memory_limit = 100 * MB;
	judge(&s, &c, &a, &p);
	assert_true(fabs((double)p.predicted_peak - 110 * MB) < 3 * MB);
	s.memory_limit = 0;
	s.gogc = -1;
	judge(&s, &c, &a, &p);
	assert_true(p.predicted_peak == CASE_NO_LIMIT);
}

static void growth_before_the_record_is_noticed(void **state)
{
	struct sim s = { leak2, native10, churn30, .seconds = 600, .limit = LIMIT, .gogc = 100 };
	struct pattern p;
	struct whycase c;
	ARENA(a, 64 << 20);

	(void)state;
	judge(&s, &c, &a, &p);
	assert_false(p.grew_before_record);
	assert_true(p.to_explain == (uint64_t)LIMIT - p.healthy_floor);
	s.late = 25;
	judge(&s, &c, &a, &p);
	assert_int_equal(p.kind, PATTERN_LEAK);
	assert_true(p.grew_before_record);
	assert_true(p.to_explain == (uint64_t)LIMIT);
}

static void a_jump_is_measured_to_the_limit(void **state)
{
	struct sim s = { burst,		 native10,    churn30,	    .seconds = 600,
			 .limit = LIMIT, .gogc = 100, .period = 0.1 };
	struct pattern p;
	struct whycase c;
	ARENA(a, 64 << 20);

	(void)state;
	judge(&s, &c, &a, &p);
	assert_int_equal(p.kind, PATTERN_PEAK);
	assert_true(p.jump_bytes > (uint64_t)(180 * MB) && p.jump_bytes < (uint64_t)(230 * MB));
	assert_true(p.jump_ns > INT64_C(1000000000) && p.jump_ns <= INT64_C(5100000000));
}

static void another_groups_limit_is_not_ones_own_end(void **state)
{
	struct sim s = { burst, native10, churn30, .seconds = 60, .limit = LIMIT, .gogc = 100 };
	struct case_kill k;
	struct pattern p;
	struct whycase c;
	ARENA(a, 64 << 20);

	(void)state;
	sim_run(&s, &c, &a); /* alive and calm; then the pod's limit is hit by its neighbour */
	case_kill_init(&k);
	k.kind = OOM_MEMCG;
	k.limit = (uint64_t)(1024 * MB);
	k.oom_memcg = "/pod";
	k.task_memcg = "/pod/container";
	c.end.alive = false;
	c.end.kill = &k;
	pattern_of(&c, &p);
	assert_int_not_equal(p.kind, PATTERN_PEAK);
	assert_true(p.jump_bytes < (uint64_t)(64 * MB));
	k.task_memcg = "/pod"; /* its own: from 60 MB to the limit since the last sample */
	pattern_of(&c, &p);
	assert_int_equal(p.kind, PATTERN_PEAK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dead_are_told_apart),
		cmocka_unit_test(the_living_are_told_apart),
		cmocka_unit_test(random_services_are_seldom_misjudged),
		cmocka_unit_test(an_empty_case_is_unknown),
		cmocka_unit_test(hostile_numbers_do_no_harm),
		cmocka_unit_test(the_forecast_holds_the_moment_of_death),
		cmocka_unit_test(the_peak_is_predicted_from_the_settings),
		cmocka_unit_test(growth_before_the_record_is_noticed),
		cmocka_unit_test(a_jump_is_measured_to_the_limit),
		cmocka_unit_test(another_groups_limit_is_not_ones_own_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
