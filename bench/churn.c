/* SPDX-License-Identifier: Apache-2.0 */
/*
 * churn PID SECONDS PARKED KEPT: reads bench/churn over and over and judges what was
 * read by what must be so, as JSON; see bench/churn.py.
 *
 * Told: a read that the reader itself calls inconsistent (torn, moved, refused) and
 * gives with that word. Wrong: one that it did not call so, and that cannot be true.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "goruntime/goroutines.h"
#include "goruntime/heap_profile.h"
#include "goruntime/spans.h"
#include "recorder/subject.h"

#define ARENA_MAX ((size_t)256 << 20)
#define ITEMS_MAX ((size_t)4 << 20)
#define KEPT_SIZE 6144
#define KEPT_SLACK 16 /* the standard library may have a few of that size */
#define PAUSE_NS 20000000

enum view { ATTACH, STATS, SPANS, HEAP, GOROUTINES, VIEWS };

static const char *const names[VIEWS] = { "attach", "stats", "spans", "heap", "goroutines" };

struct tally {
	uint64_t reads, told, failed, wrong;
	int64_t wall;
	char why[160]; /* the first that was wrong or failed */
};

struct truth {
	uint64_t parked, kept;
	struct gostats last;
};

static void wrong(struct tally *t, const char *what, uint64_t found, uint64_t expected)
{
	if (!t->wrong++)
		snprintf(t->why, sizeof(t->why), "%s: %" PRIu64 ", not %" PRIu64, what, found,
			 expected);
}

static bool read_ok(struct tally *t, int r, const struct err *err)
{
	t->reads++;
	if (r >= 0)
		return true;
	if (!t->failed++ && !t->wrong)
		snprintf(t->why, sizeof(t->why), "%.150s", err->msg);
	return false;
}

static void never_less(struct tally *t, const char *what, uint64_t now, uint64_t before)
{
	if (now < before)
		wrong(t, what, now, before);
}

/* The identities of MemStats, and sums that only grow. */
static void judge_stats(struct tally *t, const struct gostats *s, struct truth *truth)
{
	const struct gostats *last = &truth->last;

	if (s->heap_sys != s->heap_inuse + s->heap_idle)
		wrong(t, "HeapSys", s->heap_sys, s->heap_inuse + s->heap_idle);
	if (s->heap_released > s->heap_idle)
		wrong(t, "HeapReleased above HeapIdle", s->heap_released, s->heap_idle);
	if (s->heap_objects != s->mallocs - s->frees || s->frees > s->mallocs)
		wrong(t, "HeapObjects", s->heap_objects, s->mallocs - s->frees);
	if (s->heap_alloc > s->sys)
		wrong(t, "HeapAlloc above Sys", s->heap_alloc, s->sys);
	if (s->heap_alloc < truth->kept * KEPT_SIZE)
		wrong(t, "HeapAlloc below what is kept", s->heap_alloc, truth->kept * KEPT_SIZE);
	never_less(t, "TotalAlloc fell", s->total_alloc, last->total_alloc);
	never_less(t, "Mallocs fell", s->mallocs, last->mallocs);
	never_less(t, "Frees fell", s->frees, last->frees);
	never_less(t, "NumGC fell", s->num_gc, last->num_gc);
	never_less(t, "PauseTotalNs fell", s->pause_total_ns, last->pause_total_ns);
	truth->last = *s;
}

static void judge_spans(struct tally *t, const struct gospans *s, const struct truth *truth)
{
	uint64_t bytes = 0, kept = 0;

	for (unsigned i = 0; i < s->n_classes; i++) {
		const struct span_class *c = &s->classes[i];

		bytes += c->bytes;
		if (c->size == KEPT_SIZE)
			kept += c->objects;
		if (c->objects > c->slots)
			wrong(t, "objects above slots", c->objects, c->slots);
	}
	if (bytes != s->inuse_bytes)
		wrong(t, "span classes' bytes", bytes, s->inuse_bytes);
	if (kept < truth->kept || kept > truth->kept + KEPT_SLACK)
		wrong(t, "objects of 6144 bytes", kept, truth->kept);
	t->told += s->torn_bytes || s->bad_spans;
}

static void judge_heap(struct tally *t, const struct heap_profile *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct heap_counts *c = &p->buckets[i].latest;

		if (c->free_objects > c->alloc_objects)
			wrong(t, "frees of a bucket", (uint64_t)c->free_objects,
			      (uint64_t)c->alloc_objects);
	}
	if (p->bad)
		wrong(t, "bad buckets", p->bad, 0);
	t->told += p->torn || p->cut;
}

static bool is_parked(const struct image *img, const struct goroutine_group *g)
{
	struct image_func f;

	for (uint32_t i = 0; i < g->n_pcs; i++)
		if (image_func_at(img, g->pcs[i] - 1, &f) && !strcmp(f.name, "main.parked"))
			return true;
	return false;
}

static void judge_goroutines(struct tally *t, const struct subject *s, const struct goroutines *g,
			     const struct truth *truth)
{
	uint64_t sum = 0, system = 0, parked = 0;

	for (size_t i = 0; i < g->n; i++) {
		*(g->groups[i].system ? &system : &sum) += g->groups[i].count;
		if (is_parked(s->img, &g->groups[i]))
			parked += g->groups[i].count;
	}
	if (sum != g->total)
		wrong(t, "goroutines in groups", sum, g->total);
	if (system != g->system)
		wrong(t, "system goroutines in groups", system, g->system);
	if (parked != truth->parked)
		wrong(t, "goroutines in main.parked", parked, truth->parked);
	t->told += g->unstable || g->unread;
}

static void read_view(enum view v, struct tally *t, struct subject *s, struct truth *truth)
{
	ARENA(a, ARENA_MAX);
	struct gostats stats;
	struct gospans spans;
	struct heap_profile heap;
	struct goroutines gs;
	struct err err = { 0 };
	int64_t begin = clock_mono();

	if (v == STATS && read_ok(t, gostats_read(&s->rt, s->mem, &stats, &err), &err))
		judge_stats(t, &stats, truth);
	if (v == SPANS &&
	    read_ok(t, gospans_read(&s->rt, s->mem, 16, NULL, &a, &spans, &err), &err))
		judge_spans(t, &spans, truth);
	if (v == HEAP &&
	    read_ok(t, heap_profile_read(&s->rt, s->mem, ITEMS_MAX, &a, &heap, &err), &err))
		judge_heap(t, &heap);
	if (v == GOROUTINES &&
	    read_ok(t, goroutines_read(&s->rt, s->mem, ITEMS_MAX, &a, &gs, &err), &err))
		judge_goroutines(t, s, &gs, truth);
	t->wall += clock_mono() - begin;
}

/* One process found anew, its runtime proved anew, and each view. */
static int read_all(pid_t pid, struct tally tallies[VIEWS], struct truth *truth)
{
	_cleanup_(subject_release) struct subject s = { .procfd = -1 };
	struct tally *t = &tallies[ATTACH];
	struct err err = { 0 };
	int64_t begin = clock_mono();
	bool ok = read_ok(t, subject_open_attached(&s, pid, NULL, &err), &err);

	t->wall += clock_mono() - begin;
	for (enum view v = STATS; ok && v < VIEWS; v++)
		read_view(v, &tallies[v], &s, truth);
	return ok;
}

static void report(const struct tally tallies[VIEWS])
{
	BUF(out, 65536);
	struct json j = json_into(&out);

	json_open(&j, NULL, '{');
	for (int v = 0; v < VIEWS; v++) {
		const struct tally *t = &tallies[v];

		json_open(&j, names[v], '{');
		json_u64(&j, "reads", t->reads);
		json_u64(&j, "told", t->told);
		json_u64(&j, "failed", t->failed);
		json_u64(&j, "wrong", t->wrong);
		json_double(&j, "mean_us", t->reads ? (double)t->wall / 1e3 / (double)t->reads : 0);
		json_cstr(&j, "first", t->why);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	printf("%.*s\n", (int)out.n, (const char *)out.p);
}

int main(int argc, char **argv)
{
	struct tally tallies[VIEWS] = { 0 };
	struct truth truth = { 0 };
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t end;

	if (argc != 5)
		return 2;
	truth.parked = strtoull(argv[3], NULL, 10);
	truth.kept = strtoull(argv[4], NULL, 10);
	end = clock_mono() + strtoll(argv[2], NULL, 10) * 1000000000;
	while (clock_mono() < end) {
		read_all((pid_t)strtol(argv[1], NULL, 10), tallies, &truth);
		nanosleep(&pause, NULL);
	}
	report(tallies);
	return 0;
}
