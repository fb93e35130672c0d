/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <math.h>

#include "case/course.h"
#include "case/trend.h"
#include "sim.h"

#define S INT64_C(1000000000)

static void a_line_has_its_slope(void **state)
{
	struct point p[100];
	struct trend t;

	(void)state;
	for (int i = 0; i < 100; i++)
		p[i] = (struct point){ i * 2 * S, 1000 + 7.0 * i * 2 };
	t = trend_of(p, COUNT(p));
	assert_true(t.known && t.rising && !t.flat && !t.thinned);
	assert_true(fabs(t.slope - 7) < 1e-9 && t.slope_low <= t.slope && t.slope <= t.slope_high);
	assert_true(fabs(t.rise - 7 * 198) < 1e-6);
	assert_true(t.first <= 1000 && t.first >= 1000 && t.last > 2385 && t.n == 100);
	assert_true(fabs(t.median - 1693) < 1e-9);
}

static void a_third_of_wild_points_moves_it_little(void **state)
{
	struct point p[90];
	struct trend t;

	(void)state;
	for (int i = 0; i < 90; i++)
		p[i] = (struct point){ i * S, i % 4 == 1 ? 1e12 : 500 + 3.0 * i };
	t = trend_of(p, COUNT(p));
	assert_true(fabs(t.slope - 3) < 0.1);
}

static void fewer_than_five_are_not_known(void **state)
{
	struct point p[] = { { 0, 1 }, { S, 2 }, { 2 * S, 3 }, { 3 * S, 4 }, { 3 * S, 5 } };
	struct trend t = trend_of(p, 4);

	(void)state;
	assert_false(t.known || t.rising || t.flat);
	assert_true(isnan(t.slope) && t.n == 4);
	assert_true(t.median > 2.4 && t.median < 2.6);
	t = trend_of(p, 5); /* only four different times */
	assert_false(t.known);
	t = trend_of(NULL, 0);
	assert_false(t.known);
	p[4].t = 4 * S;
	t = trend_of(p, 5); /* five that only rise: by chance once in 120 */
	assert_true(t.known && t.rising && !t.flat);
}

static void ties_are_flat(void **state)
{
	struct point p[20];
	struct trend t;

	(void)state;
	for (int i = 0; i < 20; i++)
		p[i] = (struct point){ i * S, 42 };
	t = trend_of(p, COUNT(p));
	assert_true(t.known && t.flat && !t.rising);
	assert_true(t.slope <= 0 && t.slope >= 0);
}

static void a_small_rise_is_flat_though_certain(void **state)
{
	struct point p[50];
	struct trend t;

	(void)state;
	for (int i = 0; i < 50; i++)
		p[i] = (struct point){ i * S, 1e6 + 100.0 * i };
	t = trend_of(p, COUNT(p));
	assert_true(t.rising && t.flat);
}

static void many_points_are_thinned_with_both_ends(void **state)
{
	static struct point p[100000];
	struct trend t;

	(void)state;
	for (int i = 0; i < 100000; i++)
		p[i] = (struct point){ i * S, i };
	p[500].v = (double)NAN;
	t = trend_of(p, COUNT(p));
	assert_true(t.known && t.thinned && t.n <= TREND_POINTS_MAX && t.n > 500);
	assert_true(fabs(t.slope - 1) < 1e-9 && t.last > 99998 && t.first < 1);
}

static void extreme_times_and_values_are_survived(void **state)
{
	struct point p[] = { { INT64_MIN, 0 }, { INT64_MAX, 1.8e19 },	 { 0, -1.8e19 },
			     { 1, 1e300 },     { -1, (double)INFINITY }, { 2, 5 },
			     { 3, 6 } };
	struct trend t = trend_of(p, COUNT(p));

	(void)state;
	assert_true(t.n == 6 && !isnan(t.slope));
}

/* Of series that stand still, whose points follow each other, few may be called rising. */
static void correlated_noise_seldom_rises(void **state)
{
	static const double lags[] = { 0, 0.5, 0.8, 0.9 };
	static const int most[] = { 3, 5, 7, 8 }; /* of 100; 2.5 without correlation by design */
	uint64_t seed = 1;

	(void)state;
	for (size_t k = 0; k < COUNT(lags); k++) {
		int rising = 0;

		for (int trial = 0; trial < 1000; trial++) {
			struct point p[60];
			double x = sim_normal(&seed);

			for (int i = 0; i < 60; i++) {
				p[i] = (struct point){ i * S, 100 + 10 * x };
				x = lags[k] * x + sqrt(1 - lags[k] * lags[k]) * sim_normal(&seed);
			}
			rising += trend_of(p, COUNT(p)).rising;
		}
		print_message("# lag-1 correlation %.1f: %.1f %% rising\n", lags[k], rising / 10.0);
		assert_true(rising <= most[k] * 10);
	}
}

static void order_statistics(void **state)
{
	uint64_t seed = 9;

	(void)state;
	for (size_t n = 1; n < 60; n++) {
		double v[60], w[60];

		for (size_t i = 0; i < n; i++)
			v[i] = floor(sim_uniform(&seed) * 10);
		for (size_t k = 0; k < n; k++) {
			size_t less = 0, more = 0;
			double x;

			memcpy(w, v, sizeof(w));
			x = kth_of(w, n, k);
			for (size_t i = 0; i < n; i++) {
				less += v[i] < x;
				more += v[i] > x;
			}
			assert_true(less <= k && more <= n - 1 - k);
		}
	}
	assert_true(isnan(median_of(NULL, 0)));
}

static enum course_kind of(double (*f)(int i), size_t n)
{
	struct point p[200];
	uint64_t seed = 5;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct point){ (int64_t)i * S, f((int)i) * (1 + 0.01 * sim_normal(&seed)) };
	return course_of(p, n, 0, (int64_t)n * S, 0.65).kind;
}

/* clang-format off */
static double still(int i) { (void)i; return 100; }
static double ramp(int i) { return 100 + i; }
static double step_early(int i) { return i < 60 ? 100 : 160; }
static double step_late(int i) { return i < 98 ? 100 : 160; }
static double saturating(int i) { return 100 + 100 * (1 - exp(-i / 40.0)); }
static double saturated(int i) { return 100 + 100 * (1 - exp(-i / 10.0)); }
static double hinge(int i) { return 100 + (i > 60 ? 3.0 * (i - 60) : 0); }
static double last_five(int i) { return 100 + (i > 94 ? 30.0 * (i - 94) : 0); }
static double falling(int i) { return 200 - i; }
/* clang-format on */

static void courses_have_their_names(void **state)
{
	(void)state;
	assert_int_equal(of(still, 4), COURSE_FEW);
	assert_int_equal(of(still, 100), COURSE_FLAT);
	assert_int_equal(of(falling, 100), COURSE_FLAT);
	assert_int_equal(of(ramp, 100), COURSE_RISING);
	assert_int_equal(of(ramp, 30), COURSE_RISING);
	assert_int_equal(of(step_early, 100), COURSE_FLAT);
	assert_int_equal(of(step_late, 100), COURSE_RECENT);
	assert_int_equal(of(saturating, 100), COURSE_SLOWING);
	assert_int_equal(of(saturated, 100), COURSE_FLAT);
	assert_int_equal(of(hinge, 100), COURSE_RISING);
	assert_int_equal(of(last_five, 100), COURSE_RECENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_slope),
		cmocka_unit_test(a_third_of_wild_points_moves_it_little),
		cmocka_unit_test(fewer_than_five_are_not_known),
		cmocka_unit_test(ties_are_flat),
		cmocka_unit_test(a_small_rise_is_flat_though_certain),
		cmocka_unit_test(many_points_are_thinned_with_both_ends),
		cmocka_unit_test(extreme_times_and_values_are_survived),
		cmocka_unit_test(correlated_noise_seldom_rises),
		cmocka_unit_test(order_statistics),
		cmocka_unit_test(courses_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
