/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_runtime PID OUT: a seed for fuzz_runtime: what checks, statistics and walks
 * read of a small Go process, which must be stopped and at rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "goruntime/arenas.h"
#include "goruntime/spans.h"
#include "goruntime/stats.h"
#include "recorder/subject.h"

#define RANGES_MAX 65536
#define GAP 32 /* ranges this near become one */

static struct range {
	uint64_t from, to;
} ranges[RANGES_MAX];
static size_t n_ranges;
static const struct mem_ops *real;

static int noting_read(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	int r = real->read(m, v, n, err);

	for (size_t i = 0; i < n && n_ranges < RANGES_MAX; i++)
		if (v[i].ok)
			ranges[n_ranges++] = (struct range){ v[i].addr, v[i].addr + v[i].len };
	return r;
}

static int by_from(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static void merge(void)
{
	size_t kept = 0;

	qsort(ranges, n_ranges, sizeof(ranges[0]), by_from);
	for (size_t i = 0; i < n_ranges; i++) {
		if (!kept || ranges[i].from > ranges[kept - 1].to + GAP)
			ranges[kept++] = ranges[i];
		else if (ranges[i].to > ranges[kept - 1].to)
			ranges[kept - 1].to = ranges[i].to;
	}
	n_ranges = kept;
}

/* What the fuzz target does with it, but for the image, which it does not have. */
static int look(struct subject *s, struct err *err)
{
	ARENA(a, (size_t)64 << 20);
	struct mem_ops noting = *s->mem->ops;
	struct goruntime again;
	struct span64 arenas[16];
	struct gospans spans;
	struct gostats stats;
	int r;

	real = s->mem->ops;
	noting.read = noting_read;
	s->mem->ops = &noting;
	r = goruntime_attach(s->mem, s->img, &again, err);
	if (r >= 0)
		r = gostats_read(&s->rt, s->mem, &stats, err);
	if (r >= 0)
		r = gospans_read(&s->rt, s->mem, 16, NULL, &a, &spans, err);
	if (r >= 0)
		r = goarenas_read(&s->rt, s->mem, arenas, 16, err);
	s->mem->ops = real;
	return r;
}

static uint8_t out[1 << 20];
static size_t n_out;

static void put(const void *p, size_t n)
{
	if (n > sizeof(out) - n_out)
		exit(4);
	memcpy(out + n_out, p, n);
	n_out += n;
}

static void put_ranges(struct subject *s)
{
	for (size_t i = 0; i < n_ranges; i++) {
		uint64_t addr = ranges[i].from;
		uint32_t n = (uint32_t)(ranges[i].to - addr);
		uint8_t *bytes = calloc(n, 1);

		if (bytes && !image_in_text(s->img, addr) &&
		    mem_read(s->mem, addr, bytes, n, NULL) >= 0) {
			put(&addr, 8);
			put(&n, 4);
			put(bytes, n);
		}
		free(bytes);
	}
}

static uint32_t checksum(const uint8_t *p, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a, as fuzz_runtime has it */

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

int main(int argc, char **argv)
{
	_cleanup_(subject_release) struct subject s = { .procfd = -1 };
	struct err err = { 0 };
	uint8_t release[2];
	uint32_t sum;
	FILE *f;

	if (argc != 3)
		return 2;
	if (subject_open_attached(&s, (pid_t)strtol(argv[1], NULL, 10), NULL, &err) < 0 ||
	    look(&s, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 3;
	}
	merge();
	release[0] = (uint8_t)s.rt.lay->minor;
	release[1] = (uint8_t)s.rt.lay->patch_from;
	put("sum.", 4);
	put(release, 2);
	put(&s.rt.at, sizeof(s.rt.at));
	put_ranges(&s);
	sum = checksum(out + 4, n_out - 4);
	memcpy(out, &sum, 4);
	f = fopen(argv[2], "wb");
	return f && fwrite(out, 1, n_out, f) == n_out && !fclose(f) ? 0 : 5;
}
