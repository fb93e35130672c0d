/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define BASE_S 1000.0 /* CLOCK_MONOTONIC when the process starts */
#define MIN_HEAP (4 * MB)
#define META (3 * MB)

struct state {
	const struct sim *s;
	uint64_t seed;
	double t, noise;
	double live, heap, marked, goal, resident, native, others, cache, total_alloc;
	uint64_t num_gc;
};

double sim_uniform(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (double)(*seed >> 11) * 0x1p-53;
}

double sim_normal(uint64_t *seed)
{
	double u = sim_uniform(seed), v = sim_uniform(seed);

	return sqrt(-2 * log(u + 1e-300)) * cos(2 * M_PI * v);
}

static double at(double (*f)(double t), double t)
{
	return f ? f(t) : 0;
}

static double gogc_now(const struct state *x)
{
	return x->s->gogc_at > 0 && x->t >= x->s->gogc_at ? x->s->gogc_then : x->s->gogc;
}

static double new_goal(const struct state *x)
{
	double gogc = gogc_now(x);
	double goal =
		gogc < 0 ? INFINITY : fmax(x->marked * (1 + gogc / 100), MIN_HEAP * gogc / 100);

	if (x->s->memory_limit > 0)
		goal = fmin(goal, fmax(x->s->memory_limit - META, x->marked));
	return goal;
}

static double charge(const struct state *x)
{
	return x->resident + META + x->native + x->others + x->cache;
}

static uint64_t n(double v)
{
	return v > 0 ? (uint64_t)v : 0;
}

static void collect(struct state *x, struct whycase *c)
{
	double lag = x->s->noise_lag;
	struct case_cycle y = { .t = (int64_t)((BASE_S + x->t) * NS_PER_S) };

	x->noise = lag * x->noise + sqrt(1 - lag * lag) * sim_normal(&x->seed);
	x->marked = fmin(x->heap, x->live * fmax(1 + x->s->noise * x->noise, 0.1));
	x->heap = x->marked;
	x->goal = new_goal(x);
	x->num_gc++;
	y.num_gc = x->num_gc;
	y.heap_marked = n(x->marked);
	y.heap_goal = isfinite(x->goal) ? n(x->goal) : UNKNOWN_U64;
	y.non_heap = UNKNOWN_U64;
	if (x->t >= x->s->late && !x->s->no_runtime && case_add_cycle(c, &y) < 0)
		abort();
}

static void sample(const struct state *x, struct whycase *c)
{
	struct case_sample m;

	case_sample_init(&m);
	m.t = (int64_t)((BASE_S + x->t) * NS_PER_S);
	if (!x->s->no_charge) {
		m.charge = n(charge(x));
		m.others_anon = n(x->others);
	}
	m.rss_anon = n(x->resident + META + x->native);
	m.rss_file = n(x->cache);
	m.rss_shmem = 0;
	if (!x->s->no_runtime) {
		m.heap_live = n(x->heap);
		m.heap_marked = n(x->marked);
		m.heap_goal = isfinite(x->goal) ? n(x->goal) : UNKNOWN_U64;
		m.heap_inuse = n(fmin(x->heap * 1.04, x->resident));
		m.heap_free = n(x->resident) - m.heap_inuse;
		m.mapped_ready = n(x->resident + META);
		m.total_alloc = n(x->total_alloc);
		m.num_gc = x->num_gc;
	}
	if (case_add_sample(c, &m) < 0)
		abort();
}

static void step(struct state *x, double dt, struct whycase *c)
{
	double live = at(x->s->live, x->t), grown = fmax(live - x->live, 0);
	double alloc = fmax(at(x->s->alloc, x->t) * dt, grown);

	x->live = live;
	x->heap += alloc;
	x->total_alloc += alloc;
	if (x->num_gc)
		x->goal = new_goal(x);
	if (x->heap >= x->goal)
		collect(x, c);
	x->native = at(x->s->native, x->t);
	x->others = at(x->s->others, x->t);
	x->cache = at(x->s->cache, x->t);
	/* what was freed stays until the scavenger, in the background, returns it */
	x->resident = fmax(x->heap * 1.04, x->resident - x->resident * 0.01 * dt);
	if (x->s->limit > 0 && charge(x) > x->s->limit)
		x->cache = fmax(0, x->cache - (charge(x) - x->s->limit));
	x->t += dt;
}

static void settings(const struct state *x, struct whycase *c, struct arena *a)
{
	const struct sim *s = x->s;
	struct case_gostats *g = arena_new(a, struct case_gostats);
	struct case_snapshot *last = case_add_snapshot(c);

	if (!g || !last)
		abort();
	case_gostats_init(g);
	g->gogc = (int64_t)gogc_now(x);
	g->memory_limit = s->memory_limit > 0 ? (int64_t)s->memory_limit : CASE_MEMORY_LIMIT_OFF;
	last->t = c->samples[c->n_samples - 1].t;
	last->why = SNAP_END;
	last->stats = s->no_runtime ? NULL : g;
}

static void ending(const struct sim *s, const struct state *x, bool killed, struct whycase *c)
{
	c->subject.started_wall_ns = INT64_C(1000000000) * NS_PER_S;
	c->run.begin_wall_ns = c->subject.started_wall_ns + (int64_t)(s->late * NS_PER_S);
	c->end.alive = !killed;
	c->end.observed = killed;
	c->end.signal = killed ? 9 : -1;
	c->end.group_counted_kill = killed ? TRI_YES : TRI_NO;
	c->end.t = killed ? (int64_t)((BASE_S + x->t) * NS_PER_S) : UNKNOWN_I64;
	c->limits[0] =
		(struct case_limit){ .source = "memory.max",
				     .scope = "container",
				     .limit_bytes = s->limit > 0 ? n(s->limit) : CASE_NO_LIMIT,
				     .usage_bytes = UNKNOWN_U64 };
	c->n_limits = 1;
}

double sim_run(const struct sim *s, struct whycase *c, struct arena *a)
{
	struct state x = { .s = s, .seed = s->seed ? s->seed : 88172645463325252u };
	double period = s->period > 0 ? s->period : 1, next = s->late, dt;
	bool killed = false;

	case_init(c, a);
	x.goal = new_goal(&x);
	dt = fmin(period / 10, s->seconds / 20000);
	while (x.t < s->seconds && !killed) {
		step(&x, dt, c);
		killed = s->limit > 0 && charge(&x) > s->limit + 1;
		if (x.t >= next && !killed) {
			sample(&x, c);
			next = x.t + period;
		}
	}
	if (c->n_samples)
		settings(&x, c, a);
	ending(s, &x, killed, c);
	return killed ? x.t : -1;
}
