/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_binary: a file on this host that a core file's process had mapped, if
 * it is the same one still.
 */
#ifndef TARGET_CORE_BINARY_H
#define TARGET_CORE_BINARY_H

#include "target/core_elf.h"

struct core_binary {
	struct core_source source;
	struct core_elf elf;
	struct build_ids ids;
};

/*
 * Opens @path, a regular ELF file; @path stays the caller's. As open(2), or as
 * core_elf_read(). Released with core_binary_release().
 */
int core_binary_open(const char *path, struct core_binary *ret, struct err *err) _must_use_;
void core_binary_release(struct core_binary *b);

/* @len bytes at @at; behind its end zeros to the end of its last page, as in a mapping of it. */
bool core_binary_read(const struct core_binary *b, uint64_t at, void *dst, size_t len);

#endif /* TARGET_CORE_BINARY_H */
