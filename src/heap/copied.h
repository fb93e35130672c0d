/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copied: what heap_copy() took: spans, the bytes of those with pointers, where
 * pointers are in them, data, bss and stacks. Private to heap/.
 */
#ifndef HEAP_COPIED_H
#define HEAP_COPIED_H

#include "goruntime/span_header.h"
#include "heap/graph.h"

enum heap_pointers {
	POINTERS_NONE,	   /* noscan */
	POINTERS_BITS,	   /* a bit a word, of the whole span (@bits) */
	POINTERS_HEADER,   /* each slot begins with the address of its type (1.22 on) */
	POINTERS_TYPE,	   /* one object, of @type */
	POINTERS_ANYWHERE, /* not known: any word may be one */
};

struct heap_span {
	uint64_t start, bytes, elemsize;
	uint64_t alloc_bits, specials; /* addresses in the target */
	uint64_t type;		       /* POINTERS_TYPE */
	const uint8_t *mem;	       /* the span's bytes; NULL: not copied */
	const uint8_t *bits;	       /* POINTERS_BITS */
	uint64_t n_bits;
	uint32_t first; /* number of its first object */
	uint32_t n, freeindex;
	uint8_t pointers; /* enum heap_pointers */
};

/* A type's pattern of pointers: a bit a word, of the first @ptr_words of each @words. */
struct heap_mask {
	uint64_t type; /* address of the descriptor; 0: an empty place */
	uint64_t words, ptr_words;
	uint8_t *bits; /* owned; NULL: not known, any word may be a pointer */
};

struct heap_range { /* copied, beside the spans */
	uint64_t from, to;
	const uint8_t *mem;
};

struct heap_copy {
	const struct layout *lay;
	enum heap_mode mode;
	uint64_t max_bytes, bytes, missing_pages;
	bool truncated;
	uint64_t marked_bytes; /* gcController.heapMarked */

	struct heap_span *spans; /* by address, no two overlap */
	uint32_t n_spans, room_spans;
	uint32_t n_objects;
	uint64_t *allocated; /* a bit an object */
	uint32_t *span_of;   /* of each 64th object */

	struct heap_chapter { /* the spans of the pages of one 64 MiB arena: number + 1 */
		uint64_t key;
		uint32_t *pages;
	} * chapters;
	uint32_t n_chapters; /* a power of two */

	uint8_t *slab; /* of the copied bytes */
	size_t slab_size, slab_used;
	uint8_t *arena_bits; /* before 1.22 */
	size_t arena_bits_size;

	struct heap_mask *masks; /* by hash of the type */
	uint32_t n_masks, room_masks;

	struct heap_range *ranges; /* by address: segments, stacks */
	uint32_t n_ranges;
	struct heap_range data, bss;
	uint8_t *data_mask, *bss_mask; /* a bit a word; NULL: not known */
	uint64_t data_words, bss_words;

	struct heap_goroutine *goroutines;
	uint32_t n_goroutines;
	struct heap_special { /* an object with a finalizer or clean-up, and what that refers to */
		uint64_t object, fn, arg;
	} * specials;
	uint32_t n_specials;
};

/* spans.c: the list of spans, their numbers, which slots are allocated. */
int heap_spans_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
	_must_use_;

/* The span that holds @addr, or NULL. */
const struct heap_span *heap_span_at(const struct heap_copy *c, uint64_t addr);

static inline bool heap_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static inline void heap_set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* The allocated object that @addr points into; HEAP_NONE. */
static inline uint32_t heap_find(const struct heap_copy *c, uint64_t addr)
{
	const struct heap_span *s = heap_span_at(c, addr);
	uint64_t i;

	if (!s)
		return HEAP_NONE;
	i = s->n == 1 ? 0 : (uint32_t)(addr - s->start) / (uint32_t)s->elemsize;
	if (i >= s->n || !heap_bit(c->allocated, s->first + (uint32_t)i))
		return HEAP_NONE;
	return s->first + (uint32_t)i;
}

/* The span of an object by its number. */
static inline const struct heap_span *heap_span_of(const struct heap_copy *c, uint32_t object)
{
	uint32_t i = c->span_of[object / 64];

	while (i + 1 < c->n_spans && c->spans[i + 1].first <= object)
		i++;
	return &c->spans[i];
}

/* masks.c: the types that objects carry, and where these have pointers. */
int heap_masks_read(struct heap_copy *c, struct mem *m, struct err *err) _must_use_;
const struct heap_mask *heap_mask_of(const struct heap_copy *c, uint64_t type);
void heap_masks_release(struct heap_copy *c);

/* pointers.c: each word of an object that is a pointer and not nil. */
typedef void heap_word_fn(void *arg, uint32_t offset, uint64_t value);
void heap_words(const struct heap_copy *c, const struct heap_span *s, uint32_t slot,
		heap_word_fn *fn, void *arg);

/* roots.c: what the goroutines, the segments and the specials are, and their words. */
int heap_roots_read(struct heap_copy *c, const struct goruntime *rt, struct mem *m, struct err *err)
	_must_use_;
int heap_roots_list(const struct heap_copy *c, struct heap_root **ret, size_t *n, struct err *err)
	_must_use_;

/* Copies [addr, addr + len) into the slab; NULL: over the budget (c->truncated). */
const uint8_t *heap_take(struct heap_copy *c, struct mem *m, uint64_t addr, uint64_t len);

#endif /* HEAP_COPIED_H */
