/* SPDX-License-Identifier: Apache-2.0 */
#include "case/pattern_facts.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

#define FORCED_GC_S 150.0  /* the runtime collects every 120 s at least (forcegcperiod) */
#define STARTUP_SHARE 0.10 /* of a record that began with the process */
#define START_SLACK_NS (2 * NS_PER_S)
#define AT_LIMIT 0.90
#define HEAP_MINIMUM 0x1p22 /* x GOGC/100: no goal is below (heapMinimum, mgcpacer.go) */
/* A cache at one time constant of its warm-up has slowed to 0.74, at two to 0.55. */
#define SLOWED_LIVE 0.80
#define SLOWED_DEAD 0.65

static double bytes(uint64_t v)
{
	return known(v) && v != CASE_NO_LIMIT ? (double)v : (double)NAN;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void find_span(struct facts *f)
{
	const struct whycase *c = f->c;
	int64_t begin = INT64_MAX, end = INT64_MIN;

	if (c->n_samples) {
		begin = c->samples[0].t;
		end = c->samples[c->n_samples - 1].t;
	}
	if (c->n_cycles) {
		begin = c->cycles[0].t < begin ? c->cycles[0].t : begin;
		end = later(end, c->cycles[c->n_cycles - 1].t);
	}
	if (begin > end)
		begin = end = 0;
	else if (!c->end.alive && c->end.t != UNKNOWN_I64)
		end = later(end, c->end.t);
	f->begin = begin;
	f->end = end;
}

/* How far the process was when the record began, in seconds; NAN unknown. */
static double age_at_begin(const struct whycase *c)
{
	if (c->subject.started_wall_ns == UNKNOWN_I64 || c->run.begin_wall_ns == UNKNOWN_I64)
		return (double)NAN;
	return ((double)c->run.begin_wall_ns - (double)c->subject.started_wall_ns) / NS_PER_S;
}

static void find_start(struct facts *f)
{
	double age = age_at_begin(f->c), record = ((double)f->end - (double)f->begin) / NS_PER_S;

	if (isfinite(age))
		f->from_start = age <= fmax((double)START_SLACK_NS / NS_PER_S, record / 20);
	else
		f->from_start = f->c->run.mode && strcmp(f->c->run.mode, "run") == 0;
}

/* An ancestor's limit counts other groups too: the charge of this one need not have been at it. */
static bool own_limit(const struct whycase *c)
{
	const struct case_kill *k = c->end.kill;

	return !k || !k->oom_memcg || !k->task_memcg || strcmp(k->oom_memcg, k->task_memcg) == 0;
}

static const struct case_sample *last_sample(const struct facts *f)
{
	return f->c->n_samples ? &f->c->samples[f->c->n_samples - 1] : NULL;
}

/* The newest sample that has the value; NAN if none does. */
static double last_value(const struct facts *f, sample_value *value)
{
	double v = (double)NAN;

	for (size_t i = f->c->n_samples; i > 0 && !isfinite(v); i--)
		v = value(&f->demand, &f->c->samples[i - 1]);
	return v;
}

static double charge_at(const struct demand *d, const struct case_sample *s)
{
	(void)d;
	return bytes(s->charge);
}

static double mapped_at(const struct demand *d, const struct case_sample *s)
{
	(void)d;
	return bytes(s->mapped_ready);
}

static double marked_at(const struct demand *d, const struct case_sample *s)
{
	(void)d;
	return bytes(s->heap_marked);
}

/* What was read at the very end, by the recorder's last look, is later than the last sample. */
static double demand_of_snapshot(const struct facts *f)
{
	const struct case_sample *m = last_sample(f);
	double v = (double)NAN;

	for (size_t i = 0; i < f->c->n_snapshots; i++) {
		const struct case_snapshot *s = &f->c->snapshots[i];

		if (m && s->t <= m->t)
			continue;
		if (f->demand.basis == DEMAND_CHARGE_LESS_FILE && s->charge)
			v = bytes(s->charge->usage) - bytes(s->charge->file);
		else if (f->demand.basis == DEMAND_CHARGE && s->charge)
			v = bytes(s->charge->usage);
	}
	return v;
}

static void find_end(struct facts *f)
{
	double cache, late = demand_of_snapshot(f);

	f->limit = bytes(case_limit_bytes(f->c));
	f->end_charge = bytes(case_charge_bytes(f->c));
	f->end_demand = isfinite(late) ? late : last_value(f, demand_at);
	cache = last_value(f, charge_at) - last_value(f, demand_at);
	if (case_group_killed(f->c) && own_limit(f->c) && isfinite(f->limit)) {
		f->end_charge = f->limit; /* else it would not have been killed */
		if (isfinite(cache))
			f->end_demand = fmax(f->end_demand, f->limit - fmax(cache, 0));
	}
	if (!isfinite(f->end_charge))
		f->end_charge = f->end_demand;
}

static void find_death(struct facts *f)
{
	const struct case_end *e = &f->c->end;
	bool ended = !e->alive && (e->observed || e->kill || e->signal > 0);

	f->died_of_it =
		!e->alive && (case_group_killed(f->c) || e->kill || e->go_fatal || e->other_killer);
	if (ended && e->signal == 9 && f->end_charge >= AT_LIMIT * f->limit)
		f->died_of_it = true;
	f->scale = f->died_of_it ? f->end_demand : f->limit;
}

static void find_settings(struct facts *f)
{
	const struct case_snapshot *s = case_last_with_stats(f->c);
	const struct case_cycle *y = f->c->n_cycles ? &f->c->cycles[f->c->n_cycles - 1] : NULL;

	f->growth = f->memory_limit = (double)NAN;
	f->last_goal = y ? bytes(y->heap_goal) : (double)NAN;
	f->not_go = last_value(f, demand_at) - last_value(f, mapped_at);
	if (s && s->stats->gogc != UNKNOWN_I64)
		f->growth = s->stats->gogc < 0 ? (double)INFINITY : (double)s->stats->gogc / 100;
	if (s && s->stats->memory_limit != UNKNOWN_I64 &&
	    s->stats->memory_limit != CASE_MEMORY_LIMIT_OFF)
		f->memory_limit = (double)s->stats->memory_limit;
	if (isnan(f->growth) && y && bytes(y->heap_goal) > 0 && bytes(y->heap_marked) > 0)
		f->growth = fmax(bytes(y->heap_goal) / bytes(y->heap_marked) - 1, 0);
}

/* Start-up is left out where enough is left: what is loaded then says nothing of later growth. */
int64_t facts_after_startup(const struct facts *f)
{
	double tenth = STARTUP_SHARE * ((double)f->end - (double)f->begin);

	return f->begin + (f->from_start ? (int64_t)tenth : 0);
}

static double middle(const struct series *s, size_t from, size_t n)
{
	double v[3];

	if (from >= s->n)
		return (double)NAN;
	if (n > s->n - from)
		n = s->n - from;
	for (size_t i = 0; i < n; i++)
		v[i] = s->p[from + i].v;
	return median_of(v, n);
}

/* The first three cycles, and the last one (the last three where cycles are many). */
static void find_levels(struct facts *f)
{
	struct floors *y = &f->floors;
	size_t n = y->floor.n, last = n >= 10 ? 3 : n > 0;

	f->healthy_floor = middle(&y->floor, 0, 3);
	f->healthy_marked = middle(&y->marked, 0, 3);
	f->healthy_non_heap = middle(&y->non_heap, 0, 3);
	f->last_floor = middle(&y->floor, n - last, last);
	f->last_marked = middle(&y->marked, n - last, last);
	f->last_non_heap = middle(&y->non_heap, n - last, last);
	if (n)
		return;
	/* no cycle in the record: the mark of the last one before it still holds */
	f->last_marked = last_value(f, marked_at);
	f->healthy_non_heap = middle(&f->non_heap, 0, 3);
	f->last_non_heap = f->non_heap.n ? f->non_heap.p[f->non_heap.n - 1].v : (double)NAN;
	f->healthy_marked = f->last_marked;
	f->healthy_floor = f->healthy_marked + f->healthy_non_heap;
	f->last_floor = f->last_marked + f->last_non_heap;
}

static void judge_floors(struct facts *f, int64_t until)
{
	double slowed = f->died_of_it ? SLOWED_DEAD : SLOWED_LIVE;
	int64_t tenth = f->begin + (int64_t)(STARTUP_SHARE * ((double)f->end - (double)f->begin));
	struct floors late;

	floors_between(f->c, &f->demand, tenth, until, &late);
	f->late_floors = late.cycles;
	f->late_growth = (double)NAN;
	if (late.floor.n)
		f->late_growth = late.floor.p[late.floor.n - 1].v / late.floor.p[0].v;
	floors_between(f->c, &f->demand, facts_after_startup(f), until, &late);
	if (late.floor.n >= TREND_POINTS_MIN)
		f->floors = late;
	else
		floors_between(f->c, &f->demand, f->begin, until, &f->floors);
	f->floor_course = course_of(f->floors.floor.p, f->floors.floor.n, f->begin, f->end, slowed);
}

static void judge_windows(struct facts *f, int64_t until)
{
	double slowed = f->died_of_it ? SLOWED_DEAD : SLOWED_LIVE;
	double span = ((double)until - (double)f->begin) / NS_PER_S;
	size_t windows = FACTS_WINDOWS;

	lowest_in_windows(f->c, &f->demand, non_heap_at, facts_after_startup(f), until,
			  FACTS_WINDOWS, &f->non_heap);
	f->non_heap_course = course_of(f->non_heap.p, f->non_heap.n, f->begin, f->end, slowed);
	f->has_heap = f->non_heap.n > 0;
	/* no heap numbers: only windows in which the collector must have run show a floor */
	if (!f->has_heap && f->c->n_cycles == 0)
		windows = span / FORCED_GC_S < FACTS_WINDOWS ? (size_t)(span / FORCED_GC_S)
							     : FACTS_WINDOWS;
	f->charge.n = 0;
	if (windows)
		lowest_in_windows(f->c, &f->demand, demand_at, f->begin, until, windows,
				  &f->charge);
	f->charge_course = course_of(f->charge.p, f->charge.n, f->begin, f->end, slowed);
}

void facts_gather(const struct whycase *c, struct facts *f)
{
	int64_t quiet;

	memset(f, 0, sizeof(*f));
	f->c = c;
	f->demand = demand_of_record(c);
	f->has_samples = c->n_samples > 0;
	f->n_floors = c->n_cycles;
	find_span(f);
	find_start(f);
	find_end(f);
	find_death(f);
	find_settings(f);
	facts_find_jump(f, &quiet);
	judge_floors(f, f->sudden ? quiet : f->end);
	judge_windows(f, f->sudden ? quiet : f->end);
	find_levels(f);
	f->tooth = f->sudden && facts_is_tooth(f, quiet);
}

double facts_peak(const struct facts *f, double live, double non_heap)
{
	double heap = fmax(live * (1 + f->growth), HEAP_MINIMUM * f->growth);

	return isinf(f->growth) ? (double)INFINITY : non_heap + heap;
}

double facts_predicted_peak(const struct facts *f)
{
	double peak = facts_peak(f, f->last_marked, f->last_non_heap), bound;

	if (isnan(f->memory_limit))
		return peak;
	bound = f->memory_limit + fmax(f->not_go, 0);
	return fmin(peak, fmax(bound, f->last_marked + f->last_non_heap));
}
