/* SPDX-License-Identifier: Apache-2.0 */
#include "target/buffer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct hole {
	uint64_t from, to;
};

struct buffer {
	struct mem mem;
	struct mem_region *regions;
	struct buffer_part *parts; /* parts[i] is regions[i] */
	size_t n;
	struct hole *holes;
	size_t n_holes;
	uint64_t calls_left;
	int fails; /* 0: never */
};

static void buffer_free(struct buffer *b)
{
	free(b->regions);
	free(b->parts);
	free(b->holes);
	free(b);
}

static void buffer_freep(struct buffer **b)
{
	if (*b)
		buffer_free(*b);
}

static void buffer_close(struct mem *m)
{
	buffer_free((struct buffer *)m);
}

static bool in_hole(const struct buffer *b, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < b->n_holes; i++) {
		if (from < b->holes[i].to && b->holes[i].from < to)
			return true;
	}
	return false;
}

static void copy(const struct buffer_part *part, uint64_t addr, void *dst, size_t len)
{
	if (part->bytes)
		memcpy(dst, (const uint8_t *)part->bytes + (addr - part->addr), len);
	else
		memset(dst, 0, len);
}

static bool read_piece(const struct buffer *b, const struct mem_piece *p)
{
	uint64_t at = p->addr, end;
	uint8_t *dst = p->dst;

	if (__builtin_add_overflow(p->addr, p->len, &end) || in_hole(b, at, end))
		return false;
	while (at < end) {
		const struct mem_region *r = mem_region_find(b->regions, b->n, at);
		uint64_t to;

		if (!r || !(r->prot & MEM_R))
			return false;
		to = end < r->end ? end : r->end;
		copy(&b->parts[r - b->regions], at, dst, (size_t)(to - at));
		dst += to - at;
		at = to;
	}
	return true;
}

static int buffer_read(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	struct buffer *b = (struct buffer *)m;

	m->calls++;
	if (b->fails && b->calls_left == 0)
		return err_set(err, b->fails, "%s: %s", m->name, strerror(-b->fails));
	b->calls_left -= b->calls_left != 0;
	for (size_t i = 0; i < n; i++) {
		v[i].ok = read_piece(b, &v[i]);
		m->bytes_read += v[i].ok ? v[i].len : 0;
	}
	return 0;
}

static int buffer_refresh(struct mem *m, struct err *err)
{
	struct buffer *b = (struct buffer *)m;

	if (b->fails && b->calls_left == 0)
		return err_set(err, b->fails, "%s: %s", m->name, strerror(-b->fails));
	return 0;
}

static const struct mem_ops buffer_ops = {
	.read = buffer_read,
	.refresh = buffer_refresh,
	.close = buffer_close,
};

static int by_addr(const void *a, const void *b)
{
	const struct buffer_part *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int check(const struct buffer_part *v, size_t n, struct err *err)
{
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].n == 0 || v[i].addr < end ||
		    __builtin_add_overflow(v[i].addr, v[i].n, &end))
			return err_set(err, -EINVAL, "part at 0x%" PRIx64 ": overlaps or is empty",
				       v[i].addr);
	}
	return 0;
}

static struct mem_region region_of(const struct buffer_part *p)
{
	struct mem_region r = {
		.start = p->addr,
		.end = p->addr + p->n,
		.prot = p->prot,
		.exe = p->flags & BUFFER_EXE,
		.anonymous = !(p->flags & (BUFFER_EXE | BUFFER_FILE)),
		.file_offset = p->file_offset,
	};

	snprintf(r.name, sizeof(r.name), "%s", p->name ? p->name : "");
	return r;
}

int buffer_open(const char *name, const struct buffer_part *v, size_t n, struct mem **ret,
		struct err *err)
{
	_cleanup_(buffer_freep) struct buffer *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	b->regions = calloc(n + 1, sizeof(*b->regions));
	b->parts = calloc(n + 1, sizeof(*b->parts));
	if (!b->regions || !b->parts)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	if (n)
		memcpy(b->parts, v, n * sizeof(*v));
	qsort(b->parts, n, sizeof(*v), by_addr);
	r = check(b->parts, n, err);
	if (r < 0)
		return err_wrap(err, r, "%s", name);
	b->n = n;
	for (size_t i = 0; i < n; i++)
		b->regions[i] = region_of(&b->parts[i]);
	b->mem = (struct mem){
		.ops = &buffer_ops, .name = name, .regions = b->regions, .n_regions = n
	};
	*ret = &b->mem;
	b = NULL;
	return 0;
}

int buffer_hole(struct mem *m, uint64_t from, uint64_t to, struct err *err)
{
	struct buffer *b = (struct buffer *)m;
	struct hole *v = reallocarray(b->holes, b->n_holes + 1, sizeof(*v));

	if (!v)
		return err_set(err, -ENOMEM, "%s: no memory", m->name);
	v[b->n_holes++] = (struct hole){ from, to };
	b->holes = v;
	return 0;
}

void buffer_fail(struct mem *m, uint64_t calls, int code)
{
	struct buffer *b = (struct buffer *)m;

	b->calls_left = calls;
	b->fails = code;
}
