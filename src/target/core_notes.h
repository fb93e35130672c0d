/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_notes: what the notes of a core file say of its process.
 *
 * Sources: Linux include/uapi/linux/elfcore.h, include/linux/elfcore-compat.h,
 * fs/binfmt_elf.c (fill_files_note), arch/{x86,arm64}/include/asm/elf.h.
 */
#ifndef TARGET_CORE_NOTES_H
#define TARGET_CORE_NOTES_H

#include "target/core.h"
#include "target/core_elf.h"

/* A mapped file (NT_FILE). */
struct core_mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file, bytes */
	struct str path; /* as the kernel named it, " (deleted)" behind it where it was */
};

struct core_notes {
	struct buf bytes; /* owns what the rest points into */
	struct core_facts facts;
	struct core_thread *threads;
	struct core_mapping *files; /* ascending, not overlapping */
	size_t n_files;
	uint64_t entry, headers;  /* AT_ENTRY, AT_PHDR; 0: unknown */
	uint64_t exec_name, vdso; /* AT_EXECFN, AT_SYSINFO_EHDR */
};

/*
 * Reads all notes; those that are cut, or behind the end of a truncated file,
 * are missing from the answer. -ENOMEM. To be released in every case.
 */
int core_notes_read(const struct core_source *s, const struct core_elf *e, struct core_notes *ret,
		    struct err *err) _must_use_;
void core_notes_release(struct core_notes *n);

/* The mapped file that holds @addr, or NULL. */
const struct core_mapping *core_notes_file(const struct core_notes *n, uint64_t addr);

#endif /* TARGET_CORE_NOTES_H */
