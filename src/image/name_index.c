/* SPDX-License-Identifier: Apache-2.0 */
#include "image/name_index.h"

#include <errno.h>

/* FNV-1a. */
static uint32_t hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
	return (uint32_t)(h ^ (h >> 32));
}

static uint32_t slots_for(uint32_t n)
{
	uint32_t slots = 16;

	while (slots < n)
		slots *= 2;
	return slots;
}

int name_index_build(const struct pclntab *t, struct name_index *ret, struct err *err)
{
	uint32_t slots = slots_for(t->n_funcs);
	struct name_index x = { .mask = slots - 1 };
	struct func_row f;

	x.first = malloc(slots * sizeof(*x.first));
	x.next = malloc(t->n_funcs * sizeof(*x.next));
	if (!x.first || !x.next) {
		name_index_release(&x);
		return err_set(err, -ENOMEM, "no memory to index %u functions", t->n_funcs);
	}
	for (uint32_t i = 0; i < slots; i++)
		x.first[i] = NAME_INDEX_END;
	for (uint32_t i = t->n_funcs; i-- > 0;) { /* backwards, so that chains go forwards */
		uint32_t *head;

		x.next[i] = NAME_INDEX_END;
		if (!pclntab_row(t, i, &f))
			continue;
		head = &x.first[hash(pclntab_name(t, f.name_off)) & x.mask];
		x.next[i] = *head;
		*head = i;
	}
	*ret = x;
	return 0;
}

void name_index_release(struct name_index *x)
{
	free(x->first);
	free(x->next);
	*x = (struct name_index){ .first = NULL };
}

uint32_t name_index_chain(const struct name_index *x, const char *name)
{
	return x->first[hash(name) & x->mask];
}
