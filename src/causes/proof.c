/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/proof.h"

#include <string.h>

#include "causes/holding.h"

/* A few may be on their way in or out at any moment. */
#define PROVED_SHARE 0.9

static bool is_of(const struct case_holder *h, const struct lineage *x)
{
	return h->kind == HOLDER_GOROUTINE && h->name && x->start && strcmp(h->name, x->start) == 0;
}

struct proof proof_of(const struct whycase *c, const struct lineage *x)
{
	const struct case_snapshot *s = last_with_objects(c);
	struct proof p = { 0 };

	for (size_t i = 0; s && i < s->objects->n_holders; i++) {
		const struct case_holder *h = &s->objects->holders[i];

		if (!is_of(h, x) || !known(h->goroutines))
			continue;
		p.graph = true;
		p.goroutines += (double)h->goroutines;
		p.stuck += known(h->stuck) ? (double)h->stuck : 0;
		p.retained += known(h->retained_bytes) ? (double)h->retained_bytes : 0;
	}
	p.proved = p.stuck > 0 && p.stuck >= PROVED_SHARE * p.goroutines;
	return p;
}
