/* SPDX-License-Identifier: Apache-2.0 */
#include "case/pattern.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "case/pattern_facts.h"
#include "case/pattern_rules.h"

#define CYCLES_MIN 5
#define CYCLES_MORE_MAX 1000
/* A forecast of more than ten times what was watched says more than it knows. */
#define HORIZON 10
/* Growth that would account for a quarter of the first floor was under way before the record. */
#define GREW_SHARE 0.25

static uint64_t to_bytes(double v)
{
	if (isnan(v))
		return UNKNOWN_U64;
	if (v >= 0x1p63)
		return CASE_NO_LIMIT;
	return v > 0 ? (uint64_t)v : 0;
}

static const struct course *deciding(const struct facts *f, const struct rule *r)
{
	if (r->by == BY_NON_HEAP)
		return &f->non_heap_course;
	return r->by == BY_CHARGE ? &f->charge_course : &f->floor_course;
}

/* A rising floor lifts the peak by more than itself: garbage grows with what is live. */
static double peak_per_floor(const struct facts *f, const struct rule *r)
{
	double live = f->last_marked - f->healthy_marked;
	double all = f->last_floor - f->healthy_floor;

	if (r->by != BY_FLOOR || !isfinite(f->growth) || !(all > 0) || !(live > 0))
		return 1;
	return (all + live * f->growth) / all;
}

static double seconds_at(double room, double rate)
{
	return rate > 0 ? room / rate : (double)INFINITY;
}

/* Until the predicted peak meets the limit, while it goes on as it went. */
static void forecast(const struct facts *f, const struct rule *r, struct pattern *p)
{
	const struct trend *t = &deciding(f, r)->trend;
	double span = ((double)f->end - (double)f->begin) / NS_PER_S, per = peak_per_floor(f, r);
	double now = r->by == BY_CHARGE ? f->end_demand : facts_predicted_peak(f), room;

	if (!f->c->end.alive || p->kind != PATTERN_LEAK || !isfinite(now) || !isfinite(f->limit))
		return;
	if (f->last_marked * (1 + f->growth) > f->memory_limit) {
		now = f->last_floor; /* GOMEMLIMIT holds the garbage back: the floor itself counts
				      */
		per = 1;
	}
	room = fmax(f->limit - now, 0);
	if (seconds_at(room, per * t->slope) > HORIZON * span)
		return;
	p->seconds_to_limit = seconds_at(room, per * t->slope);
	p->seconds_low = seconds_at(room, per * t->slope_high);
	p->seconds_high = seconds_at(room, per * t->slope_low);
}

/* Carried back at its rate, the growth accounts for a good part of the first floor. */
static bool grew_before(const struct facts *f, const struct pattern *p)
{
	const struct whycase *c = f->c;
	double age;

	if (p->kind != PATTERN_LEAK || f->from_start)
		return false;
	if (c->subject.started_wall_ns == UNKNOWN_I64 || c->run.begin_wall_ns == UNKNOWN_I64)
		return true;
	age = ((double)c->run.begin_wall_ns - (double)c->subject.started_wall_ns) / NS_PER_S;
	return p->slope * age >= GREW_SHARE * f->healthy_floor;
}

/* The error of a slope shrinks as n^1.5: so many points in all make this slope significant. */
static uint64_t cycles_wanted(const struct trend *t)
{
	double half = (t->slope_high - t->slope_low) / 2, n;

	if (!t->known || !isfinite(half) || !(t->slope > 0) || half <= t->slope)
		return CYCLES_MIN;
	n = ceil((double)t->n * (pow(half / t->slope, 2.0 / 3) - 1));
	return n < CYCLES_MORE_MAX ? (uint64_t)n : CYCLES_MORE_MAX;
}

static uint64_t more_cycles(const struct facts *f, const struct pattern *p)
{
	if (p->kind != PATTERN_UNKNOWN || !f->has_heap)
		return 0;
	if (f->n_floors < CYCLES_MIN)
		return CYCLES_MIN - f->n_floors;
	if (f->late_floors < CYCLES_MIN)
		return CYCLES_MIN - f->late_floors;
	return f->floor_course.kind == COURSE_UNCLEAR ? cycles_wanted(&f->floor_course.trend)
						      : CYCLES_MIN;
}

static double to_explain(const struct facts *f, const struct pattern *p)
{
	if (p->kind == PATTERN_PLATEAU || p->grew_before_record)
		return f->end_charge;
	return f->end_charge - f->healthy_floor;
}

static void trends(const struct facts *f, struct pattern *p)
{
	struct series others;

	lowest_in_windows(f->c, &f->demand, others_at, f->begin, f->end, SERIES_MAX / 4, &others);
	p->floor = f->floor_course.trend;
	p->charge = f->charge_course.trend;
	p->non_heap = f->non_heap_course.trend;
	p->others = trend_of(others.p, others.n);
	p->marked = trend_of(f->floors.marked.p + f->floor_course.from,
			     f->floors.marked.n - f->floor_course.from);
}

static void levels(const struct facts *f, struct pattern *p)
{
	bool all = f->floors.floor.n == 0 || f->floors.with_non_heap;

	p->healthy_floor = all ? to_bytes(f->healthy_floor) : UNKNOWN_U64;
	p->last_floor = all ? to_bytes(f->last_floor) : UNKNOWN_U64;
	p->jump_bytes = to_bytes(f->jump);
	p->jump_ns = f->jump_ns;
	p->predicted_peak = to_bytes(facts_predicted_peak(f));
	p->tight_need = to_bytes(facts_tight_need(f));
}

void pattern_of(const struct whycase *c, struct pattern *ret)
{
	const struct rule *r;
	struct facts f;

	memset(ret, 0, sizeof(*ret));
	facts_gather(c, &f);
	r = rule_that_holds(&f);
	ret->kind = r->kind;
	ret->rule = r->id;
	ret->confidence = r->confidence;
	ret->why_unknown = r->why;
	ret->slope = deciding(&f, r)->trend.known ? deciding(&f, r)->trend.slope : (double)NAN;
	ret->seconds_to_limit = ret->seconds_low = ret->seconds_high = (double)NAN;
	trends(&f, ret);
	levels(&f, ret);
	forecast(&f, r, ret);
	ret->grew_before_record = grew_before(&f, ret);
	ret->to_explain = to_bytes(to_explain(&f, ret));
	ret->more_cycles = more_cycles(&f, ret);
}

const char *pattern_name(enum pattern_kind k)
{
	static const char *const names[] = { "unknown", "leak", "peak", "plateau", "sawtooth" };

	_Static_assert(sizeof(names) / sizeof(names[0]) == PATTERN_COUNT, "a name each");
	return (unsigned)k < PATTERN_COUNT ? names[k] : names[PATTERN_UNKNOWN];
}
