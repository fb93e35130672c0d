/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scan.h"

#include <errno.h>

#define PIECE (64U << 10)
#define PAGE 4096U

int scan_init(struct scan *s, struct mem *m, uint64_t budget, struct err *err)
{
	*s = (struct scan){ .m = m, .left = budget };
	s->chunk = malloc(SCAN_CHUNK + SCAN_OVERLAP);
	if (!s->chunk)
		return err_set(err, -ENOMEM, "%s: no memory to look through it", m->name);
	return 0;
}

void scan_release(struct scan *s)
{
	free(s->chunk);
	s->chunk = NULL;
}

/* One piece that could not be had in one go: page by page, zeros for those that cannot. */
static int read_pages(struct mem *m, const struct mem_piece *whole, struct err *err)
{
	struct mem_piece v[PIECE / PAGE + 1];
	size_t n = 0;
	int r;

	for (size_t at = 0; at < whole->len; at += PAGE, n++) {
		size_t len = whole->len - at < PAGE ? whole->len - at : PAGE;

		v[n] = (struct mem_piece){ whole->addr + at, (uint8_t *)whole->dst + at, len,
					   false };
	}
	r = mem_readv(m, v, n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!v[i].ok)
			memset(v[i].dst, 0, v[i].len);
	return 0;
}

static int read_chunk(struct scan *s, uint64_t addr, size_t len, struct err *err)
{
	struct mem_piece v[(SCAN_CHUNK + SCAN_OVERLAP) / PIECE + 1];
	size_t n = 0;
	int r;

	for (size_t at = 0; at < len; at += PIECE, n++)
		v[n] = (struct mem_piece){ addr + at, s->chunk + at,
					   len - at < PIECE ? len - at : PIECE, false };
	r = mem_readv(s->m, v, n, err);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (!v[i].ok)
			r = read_pages(s->m, &v[i], err);
	return r < 0 ? r : 0;
}

int scan_range(struct scan *s, uint64_t from, uint64_t to, scan_look *look, void *ctx,
	       struct err *err)
{
	from = (from + 7) & ~UINT64_C(7);
	to &= ~UINT64_C(7);
	while (from < to && s->left > 0) {
		size_t own = to - from < SCAN_CHUNK ? (size_t)(to - from) : SCAN_CHUNK;
		size_t n =
			to - from < own + SCAN_OVERLAP ? (size_t)(to - from) : own + SCAN_OVERLAP;
		int r = read_chunk(s, from, n, err);

		if (r < 0)
			return r;
		s->left -= own < s->left ? own : s->left;
		if (!look(ctx, from, s->chunk, own, n))
			return 1;
		from += own;
	}
	return 0;
}
