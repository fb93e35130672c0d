/* SPDX-License-Identifier: Apache-2.0 */
#include "image/name_index.h"

#include <errno.h>

/*
 * Eight bytes at a time: a large program has 20 MB of names. @n: length of @s
 * without its NUL; the bytes of the last word that are not the name's count as 0.
 */
static uint32_t hash(const char *s, size_t n)
{
	uint64_t h = n, word;

	for (; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, s, n);
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
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
		const char *name;
		uint32_t *head;

		x.next[i] = NAME_INDEX_END;
		if (!pclntab_row(t, i, &f))
			continue;
		name = pclntab_name(t, f.name_off);
		head = &x.first[hash(name, strlen(name)) & x.mask];
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
	return x->first[hash(name, strlen(name)) & x->mask];
}
