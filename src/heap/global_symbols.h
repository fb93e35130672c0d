/* SPDX-License-Identifier: Apache-2.0 */
/* global_symbols: the variables that a binary's symbol table names. Private to heap/. */
#ifndef HEAP_GLOBAL_SYMBOLS_H
#define HEAP_GLOBAL_SYMBOLS_H

#include "base/arena.h"
#include "image/image.h"

struct global_symbol {
	uint64_t addr, size; /* in the target */
	const char *name;
};

/*
 * Those in data and bss, by address, into @a; none (and 0) where the file has no table,
 * is no ELF file or is not that of @img. -ENOMEM.
 */
int global_symbols_read(const struct image *img, int exe_fd, struct arena *a,
			struct global_symbol **ret, size_t *n, struct err *err) _must_use_;

#endif /* HEAP_GLOBAL_SYMBOLS_H */
