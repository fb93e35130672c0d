/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "base/clock.h"
#include "report/report.h"
#include "verdict/headline.h"
#include "verdict/verdict.h"

#define BUDGET (16 * 1024 * 1024)
#define MIB (UINT64_C(1) << 20)
#define S(n) ((int64_t)(n)*NS_PER_S)

struct judged {
	struct arena a;
	struct whycase c;
	struct verdict v;
	struct err err;
};

static void begin(struct judged *j)
{
	memset(j, 0, sizeof(*j));
	arena_init(&j->a, BUDGET);
	case_init(&j->c, &j->a);
	j->c.subject.pid = 4242;
	j->c.subject.comm = "api";
}

static void end(struct judged *j)
{
	arena_release(&j->a);
}

#define JUDGED(name)                       \
	_cleanup_(end) struct judged name; \
	begin(&name)

static void judge(struct judged *j)
{
	assert_ok(verdict_make(&j->c, &j->a, &j->v, &j->err), &j->err);
}

static void headline_is(struct judged *j, const char *part)
{
	BUF(out, 4096);

	report_headline(&j->v, LANG_EN, &out);
	if (!strstr(out.p, part))
		fail_msg("\"%s\" does not say \"%s\"", out.p, part);
}

/* A flat or a growing process, sampled each second; live heap and charge alike. */
static void record(struct judged *j, int seconds, uint64_t first, uint64_t last)
{
	for (int t = 0; t <= seconds; t++) {
		uint64_t v = first + (last - first) * (uint64_t)t / (uint64_t)seconds;
		struct case_cycle y = { .t = S(t),
					.num_gc = (uint64_t)t,
					.heap_marked = v,
					.heap_goal = 2 * v,
					.non_heap = 10 * MIB };
		struct case_sample s;

		case_sample_init(&s);
		s.t = S(t);
		s.charge = s.rss_anon = v + 12 * MIB;
		s.heap_live = s.heap_inuse = v + 2 * MIB;
		s.heap_marked = v;
		s.heap_goal = 2 * v;
		s.heap_free = 0;
		s.total_alloc = 10 * MIB * (uint64_t)t;
		assert_int_equal(case_add_sample(&j->c, &s), 0);
		assert_int_equal(case_add_cycle(&j->c, &y), 0);
	}
	j->c.run.begin = 0;
	j->c.run.end = S(seconds);
}

static void limit(struct judged *j, uint64_t bytes, uint64_t usage)
{
	case_limit_init(&j->c.limits[0]);
	j->c.limits[0].source = "memory.max";
	j->c.limits[0].scope = "container";
	j->c.limits[0].limit_bytes = bytes;
	j->c.limits[0].usage_bytes = usage;
	j->c.n_limits = 1;
}

static void every_cause_stands_once(void **state)
{
	JUDGED(j);
	size_t n = 0;

	(void)state;
	judge(&j);
	for (; all_causes[n]; n++)
		assert_ptr_equal(j.v.findings[n].cause, all_causes[n]);
	assert_int_equal(j.v.n_findings, n);
}

/* Nothing was looked at: no cause, no "no" that needs a look, and not status 0. */
static void empty_case_could_not_tell(void **state)
{
	JUDGED(j);

	(void)state;
	judge(&j);
	assert_int_equal(j.v.n_yes, 0);
	assert_int_equal(j.v.exit_status, 3);
	for (size_t i = 0; i < j.v.n_findings; i++)
		assert_int_equal(j.v.findings[i].answer, ANSWER_UNKNOWN);
	headline_is(&j, "No kill found");
}

static void log_alone_leaves_go_causes_undecided(void **state)
{
	JUDGED(j);
	struct case_kill k;

	(void)state;
	case_kill_init(&k);
	k.kind = OOM_MEMCG;
	k.pid = 4242;
	k.comm = "api";
	k.limit = 256 * MIB;
	j.c.run.mode = "kernlog";
	j.c.kills = &k;
	j.c.n_kills = 1;
	j.c.end.kill = &k;
	judge(&j);
	assert_int_equal(j.v.oom.status, TRI_YES);
	assert_int_equal(j.v.exit_status, 3);
	headline_is(&j, "OOM kill of api (pid 4242) at its limit of 256.0 MiB");
	for (size_t i = 0; i < j.v.n_findings; i++) {
		const struct finding *f = &j.v.findings[i];

		if (strcmp(f->cause->id, "not-oom") != 0)
			assert_int_equal(f->answer, ANSWER_UNKNOWN);
	}
}

static void healthy_process_is_status_0(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.alive = true;
	limit(&j, 512 * MIB, 62 * MIB);
	record(&j, 60, 50 * MIB, 50 * MIB);
	judge(&j);
	assert_int_equal(j.v.n_yes, 0);
	assert_int_equal(j.v.exit_status, 0);
	headline_is(&j, "Nothing wrong");
}

static void short_look_at_a_living_process_is_status_3(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.alive = true;
	limit(&j, 512 * MIB, 62 * MIB);
	record(&j, 2, 50 * MIB, 60 * MIB);
	judge(&j);
	assert_int_equal(j.v.exit_status, 3);
	headline_is(&j, "Not clear yet");
}

static void leak_of_the_living_is_status_1(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.alive = true;
	limit(&j, 512 * MIB, 250 * MIB);
	record(&j, 60, 20 * MIB, 220 * MIB);
	judge(&j);
	assert_int_equal(j.v.exit_status, 1);
	assert_string_equal(j.v.yes[0]->cause->id, "heap-growth");
	headline_is(&j, "Alive, ");
}

static void plain_kill_of_a_healthy_process_is_status_0(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.observed = true;
	j.c.end.signal = 9;
	j.c.end.group_counted_kill = TRI_NO;
	j.c.end.kernel_log_read = TRI_YES;
	limit(&j, 512 * MIB, 62 * MIB);
	record(&j, 60, 50 * MIB, 50 * MIB);
	judge(&j);
	assert_int_equal(j.v.n_yes, 1);
	assert_string_equal(j.v.yes[0]->cause->id, "not-oom");
	assert_int_equal(j.v.exit_status, 0);
	headline_is(&j, "Not an OOM kill.");
}

/* Not an OOM kill, but the server leaks: the answer to the question first, status 1. */
static void plain_kill_of_a_leaking_process_says_both(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.observed = true;
	j.c.end.signal = 9;
	j.c.end.group_counted_kill = TRI_NO;
	j.c.end.kernel_log_read = TRI_YES;
	limit(&j, 512 * MIB, 232 * MIB);
	record(&j, 60, 20 * MIB, 220 * MIB);
	judge(&j);
	assert_int_equal(j.v.n_yes, 2);
	assert_string_equal(j.v.yes[0]->cause->id, "not-oom");
	assert_string_equal(j.v.yes[1]->cause->id, "heap-growth");
	assert_int_equal(j.v.exit_status, 1);
}

static void shares_never_sum_to_more_than_the_whole(void **state)
{
	JUDGED(j);
	double sum = 0;

	(void)state;
	j.c.end.observed = true;
	j.c.end.signal = 9;
	j.c.end.group_counted_kill = TRI_YES;
	limit(&j, 232 * MIB, 232 * MIB);
	record(&j, 60, 20 * MIB, 220 * MIB);
	judge(&j);
	assert_int_equal(j.v.exit_status, 1);
	for (size_t i = 0; i < j.v.n_yes; i++) {
		assert_true(j.v.yes[i]->share >= 0);
		sum += j.v.yes[i]->share;
	}
	assert_true(sum > 0 && sum <= 1.000001);
	headline_is(&j, "OOM kill: Go heap grows without end.");
}

static void normal_end_is_status_0(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.observed = true;
	j.c.end.exit_status = 0;
	record(&j, 60, 50 * MIB, 50 * MIB);
	judge(&j);
	assert_int_equal(j.v.exit_status, 0);
	headline_is(&j, "ended by itself with status 0");
}

static void spent_arena_is_an_error(void **state)
{
	JUDGED(j);

	(void)state;
	j.a.left = 64;
	assert_int_equal(verdict_make(&j.c, &j.a, &j.v, &j.err), -12);
	assert_says(&j.err, "memory");
}

/* What the limit counts may be the whole host: that it is flat says nothing of one process. */
static void flat_charge_alone_is_not_called_fine(void **state)
{
	JUDGED(j);

	(void)state;
	j.c.end.alive = true;
	j.v.c = &j.c;
	j.v.base.pattern.charge = (struct trend){ .known = true, .flat = true };
	j.v.oom.limit = 256 * MIB;
	j.v.oom.usage = 100 * MIB;
	assert_int_equal(exit_status_of(&j.v), 3);
	j.v.oom.usage = 250 * MIB;
	assert_int_equal(exit_status_of(&j.v), 3);
	j.v.base.pattern.kind = PATTERN_PLATEAU;
	assert_int_equal(exit_status_of(&j.v), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_stands_once),
		cmocka_unit_test(empty_case_could_not_tell),
		cmocka_unit_test(log_alone_leaves_go_causes_undecided),
		cmocka_unit_test(healthy_process_is_status_0),
		cmocka_unit_test(short_look_at_a_living_process_is_status_3),
		cmocka_unit_test(leak_of_the_living_is_status_1),
		cmocka_unit_test(plain_kill_of_a_healthy_process_is_status_0),
		cmocka_unit_test(plain_kill_of_a_leaking_process_says_both),
		cmocka_unit_test(shares_never_sum_to_more_than_the_whole),
		cmocka_unit_test(normal_end_is_status_0),
		cmocka_unit_test(spent_arena_is_an_error),
		cmocka_unit_test(flat_charge_alone_is_not_called_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
