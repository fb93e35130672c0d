/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the memory of a Go process whose globals are known: the checks, the
 * statistics and the span walk end, keep to their bounds, and what they say adds up.
 *
 * An input, all little-endian: checksum of what follows (u32); minor and first
 * patch of a layout (u8 each); struct go_globals (u64 each); then ranges of memory:
 * address (u64), length (u32), bytes. An input with a true checksum is a recording
 * of a real process, at rest: there everything must hold.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cur.h"
#include "goruntime/checks.h"
#include "goruntime/sampler.h"
#include "goruntime/spans.h"
#include "goruntime/stats.h"
#include "target/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The checks wait for a process to get on between two tries; this memory never will. */
int nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t, (void)left;
	return 0;
}

#define RANGES_MAX 512
#define CALLS_MAX 200000
#define LARGE_MAX 16
#define BUDGET (1u << 20)

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static uint32_t checksum(const uint8_t *p, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static const struct layout *layout_of(uint8_t minor, uint8_t patch)
{
	for (unsigned i = 0; i < n_layouts; i++)
		if (layouts[i].minor == minor && layouts[i].patch_from == patch)
			return &layouts[i];
	return &layouts[minor % n_layouts];
}

static int by_addr(const void *a, const void *b)
{
	const struct buffer_part *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Those that do not overlap one before them. */
static size_t take_ranges(struct cur *c, struct buffer_part out[RANGES_MAX])
{
	size_t n = 0, kept = 0;

	while (n < RANGES_MAX && cur_left(c) > 12) {
		uint64_t addr = cur_u64(c);
		struct str bytes = cur_bytes(c, cur_u32(c));

		if (c->bad)
			break;
		if (bytes.n && addr <= UINT64_MAX - bytes.n)
			out[n++] = (struct buffer_part){
				.addr = addr, .bytes = bytes.p, .n = bytes.n, .prot = MEM_R | MEM_W
			};
	}
	qsort(out, n, sizeof(*out), by_addr);
	for (size_t i = 0; i < n; i++)
		if (!kept || out[i].addr >= out[kept - 1].addr + out[kept - 1].n)
			out[kept++] = out[i];
	return kept;
}

static void look_at_spans(const struct goruntime *rt, struct mem *m, bool real)
{
	ARENA(a, BUDGET);
	struct gospans s;
	struct err err;
	uint64_t bytes = 0;

	if (gospans_read(rt, m, LARGE_MAX, NULL, &a, &s, &err) < 0) {
		promise(!real);
		return;
	}
	promise(s.n_classes <= GO_SIZE_CLASSES * 2 && s.n_large <= LARGE_MAX);
	for (unsigned i = 0; i < s.n_classes; i++) {
		const struct span_class *c = &s.classes[i];

		promise(c->spans && c->marked <= c->objects && c->objects <= c->slots);
		promise(c->unswept_spans <= c->spans);
		bytes += c->bytes;
	}
	promise(bytes == s.inuse_bytes && s.n_large <= s.large_count);
	for (size_t i = 1; i < s.n_large; i++)
		promise(s.large[i].size <= s.large[i - 1].size);
	promise(!real || (!s.torn_bytes && !s.bad_spans && !s.marks_unknown && s.objects));
}

static void look_at_stats(const struct goruntime *rt, struct mem *m, bool real)
{
	struct gosampler sampler;
	struct gosample sample;
	struct gostats s;
	struct err err;
	int r = gostats_read(rt, m, &s, &err);

	promise(r >= 0 || !real);
	if (r >= 0)
		promise(s.heap_sys == s.heap_inuse + s.heap_free + s.heap_released &&
			s.heap_objects == s.mallocs - s.frees && s.heap_goal == s.next_gc);
	if (gosampler_init(&sampler, rt, &err) < 0)
		return;
	r = mem_readv(m, sampler.pieces, sampler.n_pieces, &err);
	gosampler_decode(&sampler, &sample);
	promise(!real || (r >= 0 && sample.heap_inuse == s.heap_inuse));
	gosampler_release(&sampler);
}

static void look_at_arenas(const struct goruntime *rt, struct mem *m)
{
	struct span64 arenas[16];
	struct err err;
	int n = goarenas_read(rt, m, arenas, 16, &err);

	for (int i = 1; i < n && i < 16; i++)
		promise(arenas[i - 1].from <= arenas[i].from);
}

static void look(struct goruntime *rt, struct mem *m, bool real)
{
	struct err err;
	int r = go_checks_run(rt, m, &err);

	promise(rt->n_checks <= GO_CHECKS_MAX);
	promise(r == 0 || r == -EAGAIN || r == -EBADMSG || r == -ENOTSUP);
	promise(r == 0 || !real);
	for (unsigned i = 0; r == 0 && i < rt->n_checks; i++)
		promise(rt->checks[i].ok);
	look_at_stats(rt, m, real);
	look_at_spans(rt, m, real);
	look_at_arenas(rt, m);
	promise(m->calls < CALLS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buffer_part ranges[RANGES_MAX];
	struct cur c = cur_over(data, size, "input");
	struct goruntime rt = { 0 };
	struct mem *m;
	struct err err;
	uint32_t sum = cur_u32(&c);
	uint8_t minor = cur_u8(&c), patch = cur_u8(&c);
	uint64_t *at = (uint64_t *)&rt.at;

	rt.lay = layout_of(minor, patch);
	for (size_t i = 0; i < sizeof(rt.at) / sizeof(*at); i++)
		at[i] = cur_u64(&c);
	if (c.bad)
		return 0;
	if (buffer_open("input", ranges, take_ranges(&c, ranges), &m, &err) < 0)
		return 0;
	look(&rt, m, checksum(data + 4, size - 4) == sum);
	mem_close(m);
	return 0;
}
