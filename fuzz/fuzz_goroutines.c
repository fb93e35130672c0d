/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the memory of a Go runtime: the first chooses the release, the
 * rest is the mapping of tests/unit/goruntime/forged.h. Heap profile,
 * goroutines and a type's name are read from it. (The unit tests that
 * use it write what they forge into the directory that WHYOOM_SEEDS names.)
 *
 * However it lies: sums agree with their parts, frees never exceed allocations,
 * stacks stay within their limit, names are text, and two readings are the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/unit/goruntime/forged.h"
#include "base/cur.h"
#include "goruntime/goroutine_stacks.h"
#include "goruntime/heap_stacks.h"
#include "goruntime/types.h"

#define BUCKETS_MAX 64U
#define GOROUTINES_MAX 256U
#define ROOM ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_counts(const struct heap_counts *c)
{
	must(c->free_objects >= 0 && c->free_objects <= c->alloc_objects);
	must(c->free_bytes >= 0 && c->free_bytes <= c->alloc_bytes);
}

static void check_bucket(const struct goruntime *rt, const struct heap_bucket *b, int64_t rate)
{
	static struct heap_frame frames[HEAP_STACK_MAX];
	size_t n = heap_stack(rt->img, b, frames, HEAP_STACK_MAX);
	int64_t v[4];

	must(b->n_pcs <= rt->lay->at[L_MAX_PROF_STACK_DEPTH] && n <= HEAP_STACK_MAX);
	for (size_t i = 0; i < n; i++)
		must(frames[i].frame.function && frames[i].frame.file);
	check_counts(&b->published);
	check_counts(&b->latest);
	heap_sample(rt->img, b, &b->latest, rate, v);
}

static void check_heap(const struct goruntime *rt, struct mem *m)
{
	struct heap_profile p, again;
	struct err err;
	ARENA(a, ROOM);
	int r = heap_profile_read(rt, m, BUCKETS_MAX, &a, &p, &err);

	must(r <= 0 && (r == 0 || err.code == r));
	if (r < 0)
		return;
	must(p.n <= BUCKETS_MAX && p.bad <= BUCKETS_MAX && p.rate > 0 && !p.torn);
	for (size_t i = 0; i < p.n; i++)
		check_bucket(rt, &p.buckets[i], p.rate);
	r = heap_profile_read(rt, m, BUCKETS_MAX, &a, &again, &err);
	must(r == -ENOMEM ||
	     (r == 0 && again.n == p.n && again.bad == p.bad && again.cut == p.cut));
}

static void check_group(const struct goruntime *rt, const struct goroutine_group *g)
{
	static struct goroutine_frame frames[GOROUTINE_STACK_MAX];
	size_t n = goroutine_stack(rt->img, g, frames, GOROUTINE_STACK_MAX), shown;
	struct image_frame by;

	must(g->count > 0 && g->state && g->n_pcs <= GOROUTINE_FRAMES_MAX);
	must(g->wait_known <= g->count && (g->wait_known > 0) == (g->wait_min_ns >= 0));
	must(g->wait_min_ns <= g->wait_max_ns && g->max_stack_bytes <= g->stack_bytes);
	must(n <= GOROUTINE_STACK_MAX && n >= g->n_pcs);
	shown = goroutine_stack_shown(frames, n);
	must(shown <= n && (shown > 0) == (n > 0));
	if (goroutine_creator(rt->img, g, &by))
		must(by.function && g->gopc);
}

static void check_goroutines(const struct goruntime *rt, struct mem *m, uint64_t allglen)
{
	struct goroutines g, again;
	uint64_t sum = 0, system = 0;
	struct err err;
	ARENA(a, ROOM);
	int r = goroutines_read(rt, m, GOROUTINES_MAX, &a, &g, &err);

	must(r <= 0 && (r == 0 || err.code == r));
	if (r < 0)
		return;
	for (size_t i = 0; i < g.n; i++) {
		must(i == 0 || g.groups[i - 1].count >= g.groups[i].count);
		sum += g.groups[i].count;
		system += g.groups[i].system ? g.groups[i].count : 0;
		check_group(rt, &g.groups[i]);
	}
	must(sum == g.total + g.system && system == g.system);
	must(sum + g.dead + g.unread == allglen && g.unstable <= sum);
	r = goroutines_read(rt, m, GOROUTINES_MAX, &a, &again, &err);
	must(r == -ENOMEM || (r == 0 && again.n == g.n && again.total == g.total));
}

static void check_type(const struct goruntime *rt, struct mem *m, uint64_t addr)
{
	const char *name = NULL;
	struct err err;
	ARENA(a, ROOM);
	int r = gotype_name(rt, m, addr, &a, &name, &err);

	must(r <= 0 && (r == 0) == (name != NULL));
	for (const char *p = name ? name : ""; *p; p++)
		must((unsigned char)*p >= ' ' && *p != 0x7f);
	must(!name || strlen(name) <= 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct layout *lay;
	struct goruntime rt;
	struct image *img;
	struct mem *m;

	if (size < 1 + FORGED_FREE)
		return 0;
	lay = &layouts[data[0] % n_layouts];
	img = forged_image(lay->minor);
	img->arch = strcmp(lay->arch, "arm64") ? ARCH_AMD64 : ARCH_ARM64;
	rt = forged_runtime(img, lay);
	m = forged_open(data + 1, size - 1);
	check_heap(&rt, m);
	check_goroutines(&rt, m, le64(data + 1 + FORGED_ALLGLEN));
	check_type(&rt, m, le64(data + 1 + FORGED_TYPE));
	mem_close(m);
	image_free(img);
	return 0;
}
