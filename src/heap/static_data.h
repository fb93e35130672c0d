/* SPDX-License-Identifier: Apache-2.0 */
/*
 * static_data: data without a name, by the variable that points to it.
 *
 * Of `var sessions = &store{...}` the linker lays out the store itself, nameless
 * (main..stmp_7), and the variable as a pointer to it. What the store's fields keep is
 * the variable's to a reader of the source. Private to src/heap/.
 */
#ifndef HEAP_STATIC_DATA_H
#define HEAP_STATIC_DATA_H

#include "heap/graph.h"

struct static_pointer {
	uint64_t to, from; /* the word at @from holds @to; both in data or bss */
};

struct static_data {
	struct static_pointer *v; /* by @to */
	size_t n;
};

/* -ENOMEM. Released with static_data_release(). */
int static_data_find(const struct goruntime *rt, const struct heap_graph *g,
		     struct static_data *ret, struct err *err) _must_use_;
void static_data_release(struct static_data *d);

/*
 * The word that points to what @addr is part of: nearest at or below it, not below @above,
 * no further than a large struct reaches. False: none.
 */
bool static_data_behind(const struct static_data *d, uint64_t addr, uint64_t above,
			struct static_pointer *ret);

#endif /* HEAP_STATIC_DATA_H */
