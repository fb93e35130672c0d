/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/symbols.h"

#include <errno.h>

#include "goruntime/goroutine_stacks.h"
#include "goruntime/heap_stacks.h"

#define FIRST_ROOM ((size_t)4096)

/* What an entry stands for, in its key's lowest two bits; never 0. */
enum tag { TAG_FRAME = 1, TAG_HEAP = 2, TAG_GOROUTINE = 3 };

struct entry {
	uint64_t key; /* 0: free */
	uint32_t n;
	const struct case_frame **frames;
};

struct symbols {
	const struct image *img;
	struct arena arena;
	struct entry *table; /* open addressing, a power of two */
	size_t room, used;
};

struct symbols *symbols_new(const struct image *img, size_t budget)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->img = img;
	arena_init(&s->arena, budget);
	s->table = calloc(FIRST_ROOM, sizeof(*s->table));
	s->room = FIRST_ROOM;
	if (!s->table) {
		free(s);
		return NULL;
	}
	return s;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s->table);
	free(s);
}

static struct entry *slot_of(struct entry *table, size_t room, uint64_t key)
{
	size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (room - 1);

	while (table[i].key && table[i].key != key)
		i = (i + 1) & (room - 1);
	return &table[i];
}

static bool grow(struct symbols *s)
{
	struct entry *bigger = calloc(s->room * 2, sizeof(*bigger));

	if (!bigger)
		return false;
	for (size_t i = 0; i < s->room; i++) {
		if (s->table[i].key)
			*slot_of(bigger, s->room * 2, s->table[i].key) = s->table[i];
	}
	free(s->table);
	s->table = bigger;
	s->room *= 2;
	return true;
}

/* The entry of @key, filled (n > 0) or empty and to be filled; NULL: no memory. */
static struct entry *entry_for(struct symbols *s, uint64_t key)
{
	struct entry *e;

	if (s->used * 2 >= s->room && !grow(s))
		return NULL;
	e = slot_of(s->table, s->room, key);
	if (!e->key) {
		e->key = key;
		s->used++;
	}
	return e;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t stack_key(const uint64_t *pcs, uint32_t n, enum tag tag)
{
	uint64_t h = mix(0, n);

	for (uint32_t i = 0; i < n; i++)
		h = mix(h, pcs[i]);
	return h << 2 | (uint64_t)tag;
}

static const struct case_frame *frame_of(struct symbols *s, const struct image_frame *from)
{
	/* Each through mix() by itself: line ^ address collides for names that stand side by side.
	 */
	uint64_t key = mix(mix(mix(0, from->line), (uint64_t)(uintptr_t)from->function),
			   (uint64_t)(uintptr_t)from->file);
	struct entry *e = entry_for(s, key << 2 | TAG_FRAME);
	struct case_frame *f;
	const char *module;

	if (!e)
		return NULL;
	if (e->n)
		return e->frames[0];
	f = arena_new(&s->arena, struct case_frame);
	e->frames = arena_new_array(&s->arena, const struct case_frame *, 1);
	if (!f || !e->frames)
		return NULL;
	module = image_module_of(s->img, from->function);
	*f = (struct case_frame){ .function = from->function,
				  .file = from->file,
				  .line = from->line,
				  .module = module && *module ? module : NULL };
	e->frames[0] = f;
	e->n = 1;
	return f;
}

/* Keeps @frames as the stack of @key; the entry is looked up again, for the table may have grown.
 */
static int keep(struct symbols *s, uint64_t key, const struct case_frame **frames, size_t n,
		struct case_stack *ret)
{
	struct entry *e = entry_for(s, key);

	if (!e)
		return -ENOMEM;
	e->frames = frames;
	e->n = (uint32_t)n;
	*ret = (struct case_stack){ .n = e->n, .frames = frames };
	return 0;
}

static bool known_stack(struct symbols *s, uint64_t key, struct case_stack *ret)
{
	struct entry *e = entry_for(s, key);

	if (!e || !e->n)
		return false;
	*ret = (struct case_stack){ .n = e->n, .frames = e->frames };
	return true;
}

int symbols_heap(struct symbols *s, const struct heap_bucket *b, struct case_stack *ret)
{
	_cleanup_(free_ptr) struct heap_frame *found = NULL;
	uint64_t key = stack_key(b->pcs, b->n_pcs, TAG_HEAP);
	const struct case_frame **frames;
	size_t n;

	if (known_stack(s, key, ret))
		return 0;
	found = calloc(HEAP_STACK_MAX, sizeof(*found));
	n = found ? heap_stack(s->img, b, found, HEAP_STACK_MAX) : 0;
	frames = arena_new_array(&s->arena, const struct case_frame *, n + 1);
	if (!found || !frames)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		frames[i] = frame_of(s, &found[i].frame);
		if (!frames[i])
			return -ENOMEM;
	}
	return keep(s, key, frames, n, ret);
}

int symbols_goroutine(struct symbols *s, const struct goroutine_group *g, struct case_stack *ret)
{
	_cleanup_(free_ptr) struct goroutine_frame *found = NULL;
	uint64_t key = stack_key(g->pcs, g->n_pcs, TAG_GOROUTINE);
	const struct case_frame **frames;
	size_t n;

	if (known_stack(s, key, ret))
		return 0;
	found = calloc(GOROUTINE_STACK_MAX, sizeof(*found));
	n = found ? goroutine_stack(s->img, g, found, GOROUTINE_STACK_MAX) : 0;
	n = goroutine_stack_shown(found, n);
	frames = arena_new_array(&s->arena, const struct case_frame *, n + 1);
	if (!found || !frames)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		frames[i] = frame_of(s, &found[i].frame);
		if (!frames[i])
			return -ENOMEM;
	}
	return keep(s, key, frames, n, ret);
}

const struct case_frame *symbols_creator(struct symbols *s, const struct goroutine_group *g)
{
	struct image_frame found;

	return goroutine_creator(s->img, g, &found) ? frame_of(s, &found) : NULL;
}
