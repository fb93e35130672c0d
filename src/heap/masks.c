/* SPDX-License-Identifier: Apache-2.0 */
/* The types that objects carry in the heap (1.22 on), and where these have pointers. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cur.h"
#include "heap/copied.h"

#define MASKS_MAX 65536u /* distinct types */
#define MASK_BYTES_MAX ((uint64_t)16 << 20)
#define TFLAG_MASK_ON_DEMAND 16 /* 1.24 on: GCData is the address of the mask's address */
#define KIND_GC_PROG 64		/* to 1.23: GCData is a program */

static struct heap_mask *slot(const struct heap_copy *c, uint64_t type)
{
	uint32_t i = (uint32_t)(type * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (c->room_masks - 1);

	while (c->masks[i].type && c->masks[i].type != type)
		i = (i + 1) & (c->room_masks - 1);
	return &c->masks[i];
}

const struct heap_mask *heap_mask_of(const struct heap_copy *c, uint64_t type)
{
	const struct heap_mask *m = c->masks ? slot(c, type) : NULL;

	return m && m->type ? m : NULL;
}

static int grow(struct heap_copy *c, struct err *err)
{
	struct heap_copy wide = { .room_masks = c->room_masks ? c->room_masks * 2 : 1024 };

	wide.masks = calloc(wide.room_masks, sizeof(*wide.masks));
	if (!wide.masks)
		return err_set(err, -ENOMEM, "no memory for %u types", wide.room_masks);
	for (uint32_t i = 0; i < c->room_masks; i++) {
		if (c->masks[i].type)
			*slot(&wide, c->masks[i].type) = c->masks[i];
	}
	free(c->masks);
	c->masks = wide.masks;
	c->room_masks = wide.room_masks;
	return 0;
}

static int note_type(struct heap_copy *c, uint64_t type, struct err *err)
{
	struct heap_mask *m;
	int r = 0;

	if (!type || c->n_masks == MASKS_MAX)
		return 0;
	if (2 * c->n_masks >= c->room_masks)
		r = grow(c, err);
	if (r < 0)
		return r;
	m = slot(c, type);
	if (!m->type) {
		m->type = type;
		c->n_masks++;
	}
	return 0;
}

static int note_types(struct heap_copy *c, struct err *err)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < c->n_spans; i++) {
		const struct heap_span *s = &c->spans[i];

		if (s->pointers == POINTERS_TYPE)
			r = note_type(c, s->type, err);
		if (s->pointers != POINTERS_HEADER || !s->mem)
			continue;
		for (uint32_t k = 0; r >= 0 && k < s->n; k++) {
			if (heap_bit(c->allocated, s->first + k))
				r = note_type(c, le64(s->mem + k * s->elemsize), err);
		}
	}
	return r;
}

/* What cannot be read is left without bits: any word may be a pointer. */
static void read_mask(const struct layout *lay, struct mem *m, struct heap_mask *mask)
{
	uint8_t t[64];
	uint64_t size, pointers, data;
	bool on_demand;
	struct err err;

	mask->ptr_words = UINT64_MAX;
	if (lay->at[L_SIZEOF_TYPE] > sizeof(t) ||
	    mem_read(m, mask->type, t, lay->at[L_SIZEOF_TYPE], &err) < 0)
		return;
	size = le64(t + lay->at[L_TYPE_SIZE]);
	pointers = le64(t + lay->at[L_TYPE_PTRDATA]);
	data = le64(t + lay->at[L_TYPE_GCDATA]);
	on_demand = lay->minor >= 24 && t[lay->at[L_TYPE_TFLAG]] & TFLAG_MASK_ON_DEMAND;
	if (!size || size % 8 || pointers % 8 || pointers > size ||
	    pointers / 64 >= MASK_BYTES_MAX ||
	    (lay->minor < 24 && t[lay->at[L_TYPE_KIND]] & KIND_GC_PROG))
		return;
	if (on_demand && (mem_u64(m, data, &data, &err) < 0 || !data))
		return;
	mask->bits = malloc((size_t)(pointers / 64 + 1));
	if (mask->bits &&
	    mem_read(m, data, mask->bits, (size_t)((pointers / 8 + 7) / 8), &err) < 0) {
		free(mask->bits);
		mask->bits = NULL;
	}
	mask->words = size / 8;
	mask->ptr_words = pointers / 8;
}

int heap_masks_read(struct heap_copy *c, struct mem *m, struct err *err)
{
	int r = note_types(c, err);

	for (uint32_t i = 0; r >= 0 && i < c->room_masks; i++) {
		if (!c->masks[i].type)
			continue;
		r = mem_in_time(m, err);
		if (r >= 0)
			read_mask(c->lay, m, &c->masks[i]);
	}
	return r;
}

void heap_masks_release(struct heap_copy *c)
{
	for (uint32_t i = 0; i < c->room_masks; i++)
		free(c->masks[i].bits);
	free(c->masks);
	c->masks = NULL;
	c->room_masks = 0;
}
