/* SPDX-License-Identifier: Apache-2.0 */
/* Where an object has pointers, in each of the forms that Go has kept that. */
#include <string.h>

#include "base/cur.h"
#include "heap/copied.h"

struct words {
	const uint8_t *mem; /* of the object's first word that counts */
	uint32_t n;
	uint32_t skipped; /* bytes before it: the header */
};

static inline void offer(const struct words *w, uint32_t i, heap_word_fn *fn, void *arg)
{
	uint64_t value = le64(w->mem + (size_t)i * 8);

	if (value)
		fn(arg, w->skipped + i * 8, value);
}

static void by_bits(const struct words *w, const uint8_t *bits, uint64_t n_bits, uint64_t at,
		    heap_word_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < w->n && at + i < n_bits; i++) {
		uint64_t bit = at + i;

		if (!(bit & 7) && !bits[bit / 8]) {
			i += 7;
			continue;
		}
		if (bits[bit / 8] >> (bit & 7) & 1)
			offer(w, i, fn, arg);
	}
}

/* The pattern of an element repeats over an array. */
static void by_mask(const struct words *w, const struct heap_mask *mask, heap_word_fn *fn,
		    void *arg)
{
	for (uint64_t base = 0; base < w->n; base += mask->words) {
		for (uint64_t i = 0; i < mask->ptr_words && base + i < w->n; i++) {
			if (mask->bits[i / 8] >> (i % 8) & 1)
				offer(w, (uint32_t)(base + i), fn, arg);
		}
	}
}

static void anywhere(const struct words *w, heap_word_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < w->n; i++)
		offer(w, i, fn, arg);
}

static void by_type(const struct heap_copy *c, const struct words *w, uint64_t type,
		    heap_word_fn *fn, void *arg)
{
	const struct heap_mask *mask = type ? heap_mask_of(c, type) : NULL;

	if (!type)
		return; /* the slot is being made: no pointers yet */
	if (mask && mask->bits && mask->words)
		by_mask(w, mask, fn, arg);
	else if (!mask || mask->ptr_words)
		anywhere(w, fn, arg);
}

void heap_words(const struct heap_copy *c, const struct heap_span *s, uint32_t slot,
		heap_word_fn *fn, void *arg)
{
	uint64_t offset = slot * s->elemsize;
	struct words w = { .n = (uint32_t)(s->elemsize / 8) };

	if (!s->mem || s->pointers == POINTERS_NONE || offset + s->elemsize > s->bytes)
		return;
	w.mem = s->mem + offset;
	switch (s->pointers) {
	case POINTERS_BITS:
		by_bits(&w, s->bits, s->n_bits, offset / 8, fn, arg);
		break;
	case POINTERS_HEADER:
		w.mem += 8;
		w.skipped = 8;
		w.n--;
		by_type(c, &w, le64(s->mem + offset), fn, arg);
		break;
	case POINTERS_TYPE:
		by_type(c, &w, s->type, fn, arg);
		break;
	default:
		anywhere(&w, fn, arg);
	}
}
