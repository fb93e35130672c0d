/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_index: functions by name. Chains in a hash table of row numbers, so that
 * a target with a million equal names costs a long chain but no more.
 */
#ifndef IMAGE_NAME_INDEX_H
#define IMAGE_NAME_INDEX_H

#include "image/pclntab.h"

#define NAME_INDEX_END UINT32_MAX

struct name_index {
	uint32_t *first; /* by hash; NAME_INDEX_END: empty */
	uint32_t *next;	 /* by row */
	uint32_t mask;
};

/* -ENOMEM. Released with name_index_release(). */
int name_index_build(const struct pclntab *t, struct name_index *ret, struct err *err) _must_use_;
void name_index_release(struct name_index *x);

/* The first row of the chain that @name is in, if it is in any; go on with @x->next. */
uint32_t name_index_chain(const struct name_index *x, const char *name);

#endif /* IMAGE_NAME_INDEX_H */
