/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer: an address space made of bytes at hand, for tests and fuzzers.
 *
 * Behaves as a live process does as far as a reader can see: a piece is had
 * whole or not at all, may run over the border of two mappings, and cannot be
 * had where nothing is mapped, where the mapping may not be read, or in a hole.
 */
#ifndef TARGET_BUFFER_H
#define TARGET_BUFFER_H

#include "target/mem.h"

enum buffer_flag {
	BUFFER_EXE = 1,	 /* of the executable */
	BUFFER_FILE = 2, /* backed by a file (as BUFFER_EXE implies); else anonymous */
};

struct buffer_part {
	uint64_t addr;
	const void *bytes; /* borrowed: may be changed between two reads; NULL: never touched,
			      zeros */
	size_t n;
	unsigned prot;	/* enum mem_prot */
	unsigned flags; /* enum buffer_flag */
	uint64_t file_offset;
	const char *name; /* NULL: "" */
};

/*
 * Parts in any order. @name and the bytes must outlive the mem. -EINVAL when
 * two overlap, one is empty or runs over the end of the addresses; -ENOMEM.
 */
int buffer_open(const char *name, const struct buffer_part *v, size_t n, struct mem **ret,
		struct err *err) _must_use_;

/* [from, to) cannot be had from now on, as if it were swapped out. -ENOMEM. */
int buffer_hole(struct mem *m, uint64_t from, uint64_t to, struct err *err) _must_use_;

/* Reads fail with @code (-ESRCH, …) after @calls more of them. */
void buffer_fail(struct mem *m, uint64_t calls, int code);

#endif /* TARGET_BUFFER_H */
