/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/snapshot.h"

#include <errno.h>

#include "base/clock.h"
#include "goruntime/heap_stacks.h"
#include "recorder/residency.h"

#define BUCKETS_MAX ((size_t)1 << 20)
#define GOROUTINES_MAX ((size_t)4 << 20)
#define LARGE_MAX 64

static void missing(struct snapshot *raw, const char *what, const struct err *err)
{
	if (raw->n_missing == SNAPSHOT_MISSING_MAX)
		return;
	raw->missing[raw->n_missing].what = what;
	snprintf(raw->missing[raw->n_missing].why, sizeof(raw->missing[0].why), "%s", err->msg);
	raw->n_missing++;
}

/* A core file has the spans, but not which pages were resident. */
static void read_still(struct subject *s, struct arena *a, struct snapshot *raw)
{
	struct err err;

	if (gospans_read(&s->rt, s->mem, LARGE_MAX, NULL, a, &raw->spans, &err) == 0)
		raw->have_spans = true;
	else
		missing(raw, "heap spans", &err);
	err_set(&err, -ENODATA, "a core file does not tell which pages were");
	missing(raw, "resident pages", &err);
}

void snapshot_read(struct subject *s, enum snapshot_why why, struct arena *a, struct snapshot *raw)
{
	int64_t cpu = clock_cpu(), wall = clock_mono();
	struct err err;

	*raw = (struct snapshot){ .t = wall, .why = why };
	case_resident_init(&raw->resident);
	if (gostats_read(&s->rt, s->mem, &raw->stats, &err) == 0)
		raw->have_stats = true;
	else
		missing(raw, "runtime statistics", &err);
	if (heap_profile_read(&s->rt, s->mem, BUCKETS_MAX, a, &raw->profile, &err) == 0)
		raw->have_profile = true;
	else
		missing(raw, "heap profile", &err);
	if (goroutines_read(&s->rt, s->mem, GOROUTINES_MAX, a, &raw->goroutines, &err) == 0)
		raw->have_goroutines = true;
	else
		missing(raw, "goroutines", &err);
	if (s->mem->still)
		read_still(s, a, raw);
	else if (residency_read(s, raw->have_stats ? &raw->stats : NULL, LARGE_MAX, a, &raw->spans,
				&raw->have_spans, &raw->resident, &err) == 0)
		raw->have_resident = true;
	else
		missing(raw, "resident pages", &err);
	if (!raw->have_spans && !s->mem->still)
		missing(raw, "heap spans", &err);
	raw->cpu_ns = clock_cpu() - cpu;
	raw->wall_ns = clock_mono() - wall;
}

void snapshot_stats(const struct gostats *from, struct case_gostats *ret)
{
	*ret = (struct case_gostats){
		.heap_alloc = from->heap_alloc,
		.heap_inuse = from->heap_inuse,
		.heap_idle = from->heap_idle,
		.heap_released = from->heap_released,
		.heap_free = from->heap_free,
		.heap_objects = from->heap_objects,
		.stack_inuse = from->stack_inuse,
		.mspan_inuse = from->mspan_inuse,
		.mspan_sys = from->mspan_sys,
		.mcache_sys = from->mcache_sys,
		.buckhash_sys = from->buckhash_sys,
		.gc_sys = from->gc_sys,
		.other_sys = from->other_sys,
		.sys = from->sys,
		.total_alloc = from->total_alloc,
		.mallocs = from->mallocs,
		.frees = from->frees,
		.heap_goal = from->heap_goal,
		.heap_marked = from->heap_marked,
		.heap_live = from->heap_live,
		.mapped_ready = from->mapped_ready,
		.num_gc = from->num_gc,
		.num_forced_gc = from->num_forced_gc,
		.pause_total_ns = from->pause_total_ns,
		.gc_cpu_fraction = from->gc_cpu_fraction,
		.gogc = from->gogc,
		.memory_limit = from->memory_limit == GO_NO_LIMIT ? CASE_MEMORY_LIMIT_OFF
								  : from->memory_limit,
		.gcphase = from->gcphase,
		.limiter_on = from->limiter_on,
		.gomaxprocs = from->gomaxprocs,
		.mem_profile_rate = from->mem_profile_rate,
	};
}

/*
 * The function that a go statement names. The compiler may start a wrapper in
 * its place (main.f.gowrap1), which tracebacks and profiles leave out: then the
 * outermost frame they show is it.
 */
static const char *start_of(const struct subject *s, const struct goroutine_group *g,
			    const struct case_stack *stack)
{
	struct image_func start;

	if (stack->n && !g->cut)
		return stack->frames[stack->n - 1]->function;
	return image_func_at(s->img, g->startpc, &start) ? start.name : NULL;
}

static int finish_goroutines(struct subject *s, const struct goroutines *from, struct arena *a,
			     struct case_snapshot *ret)
{
	struct case_goroutines *groups = arena_new_array(a, struct case_goroutines, from->n + 1);

	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++) {
		const struct goroutine_group *g = &from->groups[i];

		groups[i] = (struct case_goroutines){
			.count = g->count,
			.state = arena_str(a, str_from(g->state)).p,
			.system = g->system,
			.created_by = symbols_creator(s->symbols, g),
			.stack_bytes = g->stack_bytes,
			.wait_min_ns = g->wait_min_ns,
			.wait_max_ns = g->wait_max_ns,
			.wait_mean_ns = g->wait_mean_ns,
		};
		if (!groups[i].state || symbols_goroutine(s->symbols, g, &groups[i].stack) < 0)
			return -ENOMEM;
		groups[i].start = start_of(s, g, &groups[i].stack);
	}
	ret->groups = groups;
	ret->n_groups = from->n;
	ret->goroutines = from->total;
	ret->have_goroutines = true;
	return 0;
}

static int finish_sites(struct subject *s, const struct heap_profile *from, struct arena *a,
			struct case_snapshot *ret)
{
	struct case_site *sites = arena_new_array(a, struct case_site, from->n + 1);
	int64_t v[4];

	if (!sites)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++) {
		const struct heap_bucket *b = &from->buckets[i];
		struct case_site *site = &sites[i];

		site->object_bytes = b->size;
		heap_sample(s->img, b, &b->published, from->rate, v);
		site->alloc_objects = v[0];
		site->alloc_bytes = v[1];
		site->inuse_objects = v[2];
		site->inuse_bytes = v[3];
		heap_sample(s->img, b, &b->latest, from->rate, v);
		site->latest_alloc_objects = v[0];
		site->latest_alloc_bytes = v[1];
		site->latest_inuse_objects = v[2];
		site->latest_inuse_bytes = v[3];
		if (symbols_heap(s->symbols, b, &site->stack) < 0)
			return -ENOMEM;
	}
	ret->sites = sites;
	ret->n_sites = from->n;
	ret->have_sites = true;
	return 0;
}

static int finish_spans(const struct gospans *from, struct arena *a, struct case_snapshot *ret)
{
	struct case_span_class *classes =
		arena_new_array(a, struct case_span_class, from->n_classes + 1);
	struct case_large *large = arena_new_array(a, struct case_large, from->n_large + 1);

	if (!classes || !large)
		return -ENOMEM;
	for (unsigned i = 0; i < from->n_classes; i++) {
		const struct span_class *k = &from->classes[i];

		classes[i] = (struct case_span_class){ .size = k->size,
						       .noscan = k->noscan,
						       .spans = k->spans,
						       .bytes = k->bytes,
						       .slots = k->slots,
						       .objects = k->objects,
						       .marked = k->marked };
	}
	for (size_t i = 0; i < from->n_large; i++)
		large[i] = (struct case_large){ .size = from->large[i].size,
						.type = from->large[i].type,
						.marked = from->large[i].marked };
	ret->classes = classes;
	ret->n_classes = from->n_classes;
	ret->large = large;
	ret->n_large = from->n_large;
	ret->large_bytes = from->large_bytes;
	ret->large_count = from->large_count;
	ret->object_bytes = from->object_bytes;
	ret->span_bytes = from->inuse_bytes;
	ret->dead_bytes = from->unswept_dead_bytes;
	ret->torn_bytes = from->torn_bytes;
	ret->have_spans = true;
	return 0;
}

int snapshot_finish(struct subject *s, const struct snapshot *raw, struct arena *a,
		    struct case_snapshot *ret, struct err *err)
{
	struct case_snapshot snap = { .t = raw->t, .why = raw->why };
	struct case_gostats *stats = arena_new(a, struct case_gostats);
	struct case_resident *resident = arena_new(a, struct case_resident);
	int r = stats && resident ? 0 : -ENOMEM;

	if (r == 0 && raw->have_goroutines)
		r = finish_goroutines(s, &raw->goroutines, a, &snap);
	if (r == 0 && raw->have_profile)
		r = finish_sites(s, &raw->profile, a, &snap);
	if (r == 0 && raw->have_spans)
		r = finish_spans(&raw->spans, a, &snap);
	if (r < 0)
		return err_set(err, r, "PID %d: the snapshot does not fit into its memory", s->pid);
	if (raw->have_stats) {
		snapshot_stats(&raw->stats, stats);
		snap.stats = stats;
	}
	if (raw->have_resident) {
		*resident = raw->resident;
		snap.resident = resident;
	}
	*ret = snap;
	return 0;
}
