/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case.h"

#include <errno.h>
#include <string.h>

#include "case/case_fields.h"

#define FIRST_ROOM 64

void case_init(struct whycase *c, struct arena *a)
{
	fields_clear(&shape_case, c);
	c->arena = a;
}

void case_sample_init(struct case_sample *s)
{
	fields_clear(&shape_sample, s);
}

void case_charge_init(struct case_charge *g)
{
	fields_clear(&shape_charge, g);
}

void case_resident_init(struct case_resident *r)
{
	fields_clear(&shape_resident, r);
}

void case_gostats_init(struct case_gostats *g)
{
	fields_clear(&shape_gostats, g);
}

void case_process_init(struct case_process *p)
{
	fields_clear(&shape_process, p);
}

void case_kill_init(struct case_kill *k)
{
	fields_clear(&shape_kill, k);
}

void case_limit_init(struct case_limit *l)
{
	fields_clear(&shape_limit, l);
}

/* The array @p of @n elements with room for one more: itself, or a copy twice as large. */
static void *grown(struct arena *a, void *p, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : FIRST_ROOM;
	void *q;

	if (n < *room)
		return p;
	if (more < *room)
		return NULL;
	q = arena_array(a, more, size, alignof(max_align_t));
	if (!q)
		return NULL;
	if (n)
		memcpy(q, p, n * size);
	*room = more;
	return q;
}

int case_add_sample(struct whycase *c, const struct case_sample *s)
{
	struct case_sample *p =
		grown(c->arena, c->samples, c->n_samples, &c->room_samples, sizeof(*s));

	if (!p)
		return -ENOMEM;
	c->samples = p;
	p[c->n_samples++] = *s;
	return 0;
}

int case_add_cycle(struct whycase *c, const struct case_cycle *y)
{
	struct case_cycle *p = grown(c->arena, c->cycles, c->n_cycles, &c->room_cycles, sizeof(*y));

	if (!p)
		return -ENOMEM;
	c->cycles = p;
	p[c->n_cycles++] = *y;
	return 0;
}

struct case_snapshot *case_add_snapshot(struct whycase *c)
{
	struct case_snapshot *p =
		grown(c->arena, c->snapshots, c->n_snapshots, &c->room_snapshots, sizeof(*p));

	if (!p)
		return NULL;
	c->snapshots = p;
	p += c->n_snapshots++;
	memset(p, 0, sizeof(*p));
	return p;
}

static const char *kept(struct arena *a, const char *s)
{
	const char *copy = s ? arena_str(a, str_from(s)).p : NULL;

	return copy ? copy : "?";
}

void case_add_missing(struct whycase *c, const char *what, const char *why)
{
	for (unsigned i = 0; i < c->n_missing; i++) {
		if (what && why && strcmp(c->missing[i].what, what) == 0 &&
		    strcmp(c->missing[i].why, why) == 0)
			return;
	}
	if (c->n_missing == CASE_MISSING_MAX)
		return;
	c->missing[c->n_missing++] = (struct case_missing){
		.what = kept(c->arena, what),
		.why = kept(c->arena, why),
	};
}

static bool has_goroutines(const struct case_snapshot *s)
{
	return s->have_goroutines;
}

static bool has_sites(const struct case_snapshot *s)
{
	return s->have_sites;
}

static bool has_spans(const struct case_snapshot *s)
{
	return s->have_spans;
}

static bool has_stats(const struct case_snapshot *s)
{
	return s->stats;
}

static bool has_charge(const struct case_snapshot *s)
{
	return s->charge;
}

static const struct case_snapshot *last_with(const struct whycase *c,
					     bool (*has)(const struct case_snapshot *s))
{
	for (size_t i = c->n_snapshots; i > 0; i--) {
		if (has(&c->snapshots[i - 1]))
			return &c->snapshots[i - 1];
	}
	return NULL;
}

const struct case_snapshot *case_last_with_goroutines(const struct whycase *c)
{
	return last_with(c, has_goroutines);
}

const struct case_snapshot *case_last_with_sites(const struct whycase *c)
{
	return last_with(c, has_sites);
}

const struct case_snapshot *case_last_with_spans(const struct whycase *c)
{
	return last_with(c, has_spans);
}

const struct case_snapshot *case_last_with_stats(const struct whycase *c)
{
	return last_with(c, has_stats);
}

const struct case_charge *case_last_charge(const struct whycase *c)
{
	const struct case_snapshot *s = last_with(c, has_charge);

	return s ? s->charge : NULL;
}

uint64_t case_charge_bytes(const struct whycase *c)
{
	const struct case_snapshot *s = last_with(c, has_charge);
	bool snapshot = s && known(s->charge->usage);

	for (size_t i = c->n_samples; i > 0; i--) {
		const struct case_sample *m = &c->samples[i - 1];

		if (snapshot && m->t <= s->t)
			break;
		if (known(m->charge))
			return m->charge;
	}
	return snapshot ? s->charge->usage : UNKNOWN_U64;
}

bool case_group_killed(const struct whycase *c)
{
	const struct case_kill *k = c->end.kill;

	if (k && k->kind != OOM_UNKNOWN)
		return k->kind == OOM_MEMCG;
	return c->end.group_counted_kill == TRI_YES;
}

static bool is_limit(uint64_t v)
{
	return known(v) && v != CASE_NO_LIMIT;
}

static bool host_scope(const struct case_limit *l)
{
	return l->scope && strcmp(l->scope, "host") == 0;
}

/* What is left under it. Without its own usage the group's charge stands for it: a lower bound. */
static uint64_t room_under(const struct case_limit *l, uint64_t charge)
{
	uint64_t used = known(l->usage_bytes) ? l->usage_bytes : charge;

	if (!known(used))
		used = 0;
	return used < l->limit_bytes ? l->limit_bytes - used : 0;
}

/* A global kill: the host itself was full. */
static bool host_killed(const struct whycase *c)
{
	return c->end.kill && c->end.kill->kind == OOM_GLOBAL;
}

static const struct case_limit *nearest_limit(const struct whycase *c)
{
	uint64_t charge = case_charge_bytes(c);
	const struct case_limit *best = NULL;

	for (unsigned i = 0; i < c->n_limits; i++) {
		const struct case_limit *l = &c->limits[i];

		if (!is_limit(l->limit_bytes))
			continue;
		if (host_scope(l) ? case_group_killed(c) : host_killed(c))
			continue;
		if (!best || room_under(l, charge) < room_under(best, charge))
			best = l;
	}
	return best;
}

/* Every limit of the chain was read, and none is set. */
static bool surely_no_limit(const struct whycase *c)
{
	for (unsigned i = 0; i < c->n_limits; i++) {
		if (c->limits[i].limit_bytes != CASE_NO_LIMIT)
			return false;
	}
	return c->n_limits > 0;
}

uint64_t case_limit_bytes(const struct whycase *c)
{
	const struct case_limit *l = nearest_limit(c);
	const struct case_charge *g = case_last_charge(c);

	if (c->end.kill && is_limit(c->end.kill->limit))
		return c->end.kill->limit;
	if (l)
		return l->limit_bytes;
	if (host_killed(c))
		return c->host.mem_total;
	if (g && known(g->limit))
		return g->limit;
	return surely_no_limit(c) ? CASE_NO_LIMIT : UNKNOWN_U64;
}

/* The file that has the kill's own limit, where the chain of limits was seen. */
static const char *source_of_kill(const struct whycase *c)
{
	for (unsigned i = 0; i < c->n_limits; i++) {
		if (c->limits[i].limit_bytes == c->end.kill->limit && c->limits[i].source)
			return c->limits[i].source;
	}
	return "kernel log";
}

const char *case_limit_source(const struct whycase *c)
{
	const struct case_limit *l = nearest_limit(c);
	const struct case_charge *g = case_last_charge(c);

	if (c->end.kill && is_limit(c->end.kill->limit))
		return source_of_kill(c);
	if (l)
		return l->source;
	if (host_killed(c))
		return known(c->host.mem_total) ? "/proc/meminfo" : NULL;
	return g && is_limit(g->limit) ? "the group's memory limit" : NULL;
}
