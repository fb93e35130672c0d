/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX (64u << 10) /* one read of neighbours */
#define GAP_MAX 1024u	      /* bytes not wanted that are read to save a block */
#define BLOCKS_A_CALL 48
#define BUFFER_SIZE (1u << 20)
#define RADIX_BITS 11
#define RADIX (1u << RADIX_BITS)

struct block {
	size_t first, n; /* of the wants */
};

struct gather {
	uint8_t *buffer;
	struct gather_want *spare; /* the sort's other half */
	size_t spare_room;
	int missing;
	struct block blocks[BLOCKS_A_CALL];
	struct mem_piece pieces[BLOCKS_A_CALL];
};

int gather_new(struct gather **ret, struct err *err)
{
	struct gather *g = calloc(1, sizeof(*g));

	if (g)
		g->buffer = malloc(BUFFER_SIZE);
	if (!g || !g->buffer) {
		gather_free(g);
		return err_set(err, -ENOMEM, "no memory to read into");
	}
	*ret = g;
	return 0;
}

void gather_free(struct gather *g)
{
	if (!g)
		return;
	free(g->buffer);
	free(g->spare);
	free(g);
}

void gather_freep(struct gather **g)
{
	gather_free(*g);
}

static void hand_over(struct gather *g, gather_fn *fn, void *arg, uint32_t tag, const uint8_t *p)
{
	g->missing += !p;
	fn(arg, tag, p);
}

static bool is_sorted(const struct gather_want *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].addr < v[i - 1].addr)
			return false;
	return true;
}

/* One pass of a radix sort, stable, by the digit at @shift. */
static void sort_pass(const struct gather_want *from, struct gather_want *to, size_t n, int shift)
{
	size_t at[RADIX] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i].addr >> shift & (RADIX - 1)]++;
	for (size_t d = 0; d < RADIX; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].addr >> shift & (RADIX - 1)]++] = from[i];
}

/* By address; digits in which no two addresses differ are passed over. */
static int sort_wants(struct gather *g, struct gather_want *v, size_t n, struct err *err)
{
	uint64_t differ = 0;
	struct gather_want *from = v, *to;

	if (is_sorted(v, n))
		return 0;
	if (n > g->spare_room) {
		struct gather_want *p = reallocarray(g->spare, n, sizeof(*p));

		if (!p)
			return err_set(err, -ENOMEM, "no memory to sort %zu addresses", n);
		g->spare = p;
		g->spare_room = n;
	}
	to = g->spare;
	for (size_t i = 1; i < n; i++)
		differ |= v[i].addr ^ v[0].addr;
	for (int shift = 0; shift < 64; shift += RADIX_BITS) {
		struct gather_want *swap = from;

		if (!(differ >> shift & (RADIX - 1)))
			continue;
		sort_pass(from, to, n, shift);
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
	return 0;
}

static bool sane(const struct gather_want *w)
{
	return w->len <= GATHER_RECORD_MAX && w->addr <= UINT64_MAX - w->len;
}

/* The wants from v[i] on that one read can hold: how many, and the bytes. */
static size_t take_block(const struct gather_want *v, size_t n, size_t i, size_t *ret_len)
{
	uint64_t start = v[i].addr, end = start + v[i].len;
	size_t k = i + 1;

	for (; k < n && sane(&v[k]); k++) {
		uint64_t stop = v[k].addr + v[k].len;

		if ((v[k].addr > end && v[k].addr - end > GAP_MAX) || stop - start > BLOCK_MAX)
			break;
		if (stop > end)
			end = stop;
	}
	*ret_len = (size_t)(end - start);
	return k - i;
}

/* A block was not to be had as a whole: each record for itself. */
static int read_alone(struct gather *g, struct mem *m, const struct gather_want *v, size_t n,
		      gather_fn *fn, void *arg, struct err *err)
{
	uint8_t record[GATHER_RECORD_MAX];

	for (size_t i = 0; i < n; i++) {
		struct mem_piece piece = { .addr = v[i].addr, .dst = record, .len = v[i].len };
		int r = mem_readv(m, &piece, 1, err);

		if (r < 0)
			return r;
		hand_over(g, fn, arg, v[i].tag, piece.ok ? record : NULL);
	}
	return 0;
}

static int read_blocks(struct gather *g, struct mem *m, const struct gather_want *v,
		       size_t n_blocks, gather_fn *fn, void *arg, struct err *err)
{
	int r = mem_readv(m, g->pieces, n_blocks, err);

	for (size_t b = 0; r >= 0 && b < n_blocks; b++) {
		const struct mem_piece *piece = &g->pieces[b];
		const struct gather_want *w = v + g->blocks[b].first;

		if (!piece->ok && g->blocks[b].n > 1) {
			r = read_alone(g, m, w, g->blocks[b].n, fn, arg, err);
			continue;
		}
		for (size_t i = 0; i < g->blocks[b].n; i++) {
			const uint8_t *p = (const uint8_t *)piece->dst + (w[i].addr - piece->addr);

			hand_over(g, fn, arg, w[i].tag, piece->ok ? p : NULL);
		}
	}
	return r;
}

int gather_read(struct gather *g, struct mem *m, struct gather_want *v, size_t n, gather_fn *fn,
		void *arg, struct err *err)
{
	size_t i = 0;
	int r = sort_wants(g, v, n, err);

	g->missing = 0;
	while (r >= 0 && i < n) {
		size_t n_blocks = 0, used = 0, len;

		while (i < n && n_blocks < BLOCKS_A_CALL && used <= BUFFER_SIZE - BLOCK_MAX) {
			if (!sane(&v[i])) {
				hand_over(g, fn, arg, v[i++].tag, NULL);
				continue;
			}
			g->blocks[n_blocks] =
				(struct block){ .first = i, .n = take_block(v, n, i, &len) };
			g->pieces[n_blocks] = (struct mem_piece){ .addr = v[i].addr,
								  .dst = g->buffer + used,
								  .len = len };
			i += g->blocks[n_blocks++].n;
			used += len;
		}
		r = n_blocks ? read_blocks(g, m, v, n_blocks, fn, arg, err) : 0;
	}
	return r < 0 ? r : g->missing;
}
