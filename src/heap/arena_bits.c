/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/arena_bits.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "goruntime/arenas.h"

void heap_bits_of_two(const uint8_t *two, uint64_t n_words, uint64_t elem, uint8_t *bits)
{
	for (uint64_t from = 0; elem && from < n_words; from += elem) {
		for (uint64_t w = from; w < from + elem && w < n_words; w++) {
			unsigned both = (unsigned)two[w / 4] >> (w % 4);

			if (!(both & 16)) /* no pointers from here to the object's end */
				break;
			if (both & 1)
				bits[w / 8] |= (uint8_t)(1u << (w % 8));
		}
	}
}

static void clear(uint8_t *bits, uint64_t from, uint64_t to)
{
	for (uint64_t w = from; w < to; w++)
		bits[w / 8] &= (uint8_t) ~(1u << (w % 8));
}

void heap_bits_cut(uint8_t *bits, const uint8_t *no_more, uint64_t n_words, uint64_t elem)
{
	for (uint64_t from = 0; elem && from < n_words; from += elem) {
		uint64_t end = from + elem < n_words ? from + elem : n_words;

		for (uint64_t chunk = from / 64; (chunk + 1) * 64 < end; chunk++) {
			if (no_more[chunk / 8] >> (chunk % 8) & 1) {
				clear(bits, (chunk + 1) * 64, end);
				break;
			}
		}
	}
}

/* @div words to a byte, of the array at @field of the heapArena of each address. */
static int read_arena_array(const struct goruntime *rt, struct mem *m, enum layout_field field,
			    uint64_t addr, uint64_t n_words, unsigned div, uint8_t *out,
			    struct err *err)
{
	uint64_t size = rt->lay->at[L_HEAP_ARENA_BYTES];

	while (n_words) {
		uint64_t arena, in = addr % size / 8, n = size / 8 - in;
		int r = go_heap_arena_of(rt, m, addr, &arena, err);

		n = n < n_words ? n : n_words;
		if (r >= 0)
			r = mem_read(m, arena + rt->lay->at[field] + in / div, out,
				     (size_t)(n / div), err);
		if (r < 0)
			return r;
		out += n / div;
		addr += n * 8;
		n_words -= n;
	}
	return 0;
}

static int read_two(const struct goruntime *rt, struct mem *m, const struct heap_span *s,
		    uint8_t *bits, struct err *err)
{
	uint64_t n = s->bytes / 8;
	_cleanup_(free_ptr) uint8_t *two = malloc((size_t)(n / 4 + 1));
	int r;

	if (!two)
		return err_set(err, -ENOMEM, "no memory for the pointers of a span");
	r = read_arena_array(rt, m, L_HEAP_ARENA_BITMAP, s->start, n, 4, two, err);
	if (r >= 0)
		heap_bits_of_two(two, n, s->elemsize / 8, bits);
	return r;
}

static int read_one(const struct goruntime *rt, struct mem *m, const struct heap_span *s,
		    uint8_t *bits, struct err *err)
{
	uint64_t n = s->bytes / 8;
	_cleanup_(free_ptr) uint8_t *no_more = malloc((size_t)(n / 512 + 1));
	int r;

	if (!no_more)
		return err_set(err, -ENOMEM, "no memory for the pointers of a span");
	r = read_arena_array(rt, m, L_HEAP_ARENA_BITMAP, s->start, n, 8, bits, err);
	if (r >= 0)
		r = read_arena_array(rt, m, L_HEAP_ARENA_NO_MORE_PTRS, s->start, n, 512, no_more,
				     err);
	if (r >= 0)
		heap_bits_cut(bits, no_more, n, s->elemsize / 8);
	return r;
}

int heap_arena_bits_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m,
			 struct err *err)
{
	bool one = layout_has(c->lay, L_HEAP_ARENA_NO_MORE_PTRS);
	uint64_t total = 0, at = 0;

	for (uint32_t i = 0; i < c->n_spans; i++) {
		if (c->spans[i].pointers == POINTERS_BITS && c->spans[i].mem)
			total += c->spans[i].bytes / 64;
	}
	c->arena_bits = calloc(1, (size_t)total + 1);
	if (!c->arena_bits)
		return err_set(err, -ENOMEM, "no memory for the heap's bitmap");
	c->arena_bits_size = (size_t)total;
	for (uint32_t i = 0; i < c->n_spans; i++) {
		struct heap_span *s = &c->spans[i];
		struct err why;
		int r;

		if (s->pointers != POINTERS_BITS || !s->mem)
			continue;
		s->bits = c->arena_bits + at;
		s->n_bits = s->bytes / 8;
		r = one ? read_one(rt, m, s, c->arena_bits + at, &why)
			: read_two(rt, m, s, c->arena_bits + at, &why);
		if (r == -EFAULT)
			s->pointers = POINTERS_ANYWHERE;
		else if (r < 0)
			return err_set(err, r, "%s", why.msg);
		at += s->bytes / 64;
	}
	return 0;
}
