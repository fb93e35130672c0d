/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char mem[];
};

void arena_init(struct arena *a, size_t budget)
{
	*a = (struct arena){ .left = budget };
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}

static struct arena_block *add_block(struct arena *a, size_t want)
{
	size_t size = want > BLOCK_SIZE ? want : BLOCK_SIZE;
	struct arena_block *b;

	if (size > a->left)
		size = want;
	if (size > a->left)
		return NULL;
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->left -= size;
	return b;
}

int arena_reserve(struct arena *a, size_t size)
{
	struct arena_block *b = size > a->left ? NULL : add_block(a, size);

	if (!b)
		return -ENOMEM;
	for (volatile unsigned char *p = b->mem; p < b->mem + b->size; p += 4096)
		*p = 0;
	return 0;
}

void *arena_alloc(struct arena *a, size_t size, size_t align)
{
	struct arena_block *b = a->blocks;
	size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;

	if (!b || at > b->size || size > b->size - at) {
		b = add_block(a, size);
		at = 0;
	}
	if (!b)
		return NULL;
	b->used = at + size;
	return b->mem + at;
}

void *arena_array(struct arena *a, size_t n, size_t size, size_t align)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes, align);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1, 1);

	if (!p)
		return (struct str){ 0 };
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){ .p = p, .n = s.n };
}
