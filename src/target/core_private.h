/* SPDX-License-Identifier: Apache-2.0 */
/* core_private: what the files core*.c share. */
#ifndef TARGET_CORE_PRIVATE_H
#define TARGET_CORE_PRIVATE_H

#include "target/core_binary.h"
#include "target/core_notes.h"

#define CORE_BINARIES_MAX 256U

/* What stands behind a region: regions[i] and ranges[i] tell of the same one. */
struct core_range {
	uint64_t offset, kept; /* in the core: from the region's start on, so many bytes */
	bool zeros;	       /* never touched: what was not kept is zeros */
};

struct core_file { /* a path that the core names, opened when it is first wanted */
	char *path;
	bool usable; /* it is the same file still */
	struct core_binary binary;
};

struct core {
	struct mem mem;
	char *name;
	struct core_source source;
	struct core_elf elf;
	struct core_notes notes;
	struct mem_region *regions;
	struct core_range *ranges;
	size_t n;
	struct str exe;	      /* the executable's path as the notes have it; n 0: unknown */
	char *exe_text;	      /* the same as text for core_facts */
	char *exe_option;     /* --exe, or NULL */
	bool files_known;     /* the notes tell which mappings are of files */
	struct build_ids ids; /* of the executable as the core has it */
	struct core_file *files[CORE_BINARIES_MAX];
	size_t n_files;
};

/* core_ranges.c: makes the regions. -EBADMSG where segments overlap; -ENOMEM. */
int core_ranges_make(struct core *c, struct err *err) _must_use_;

/* What the core itself holds, read-only parts of files not looked for elsewhere. */
bool core_own_read(const struct core *c, uint64_t addr, void *dst, size_t len);

/* core_exe.c: finds out which mappings are the executable's, and checks --exe. As core_open(). */
int core_exe_find(struct core *c, struct err *err) _must_use_;
bool core_is_exe(const struct core *c, const struct core_mapping *f);

/* core_files.c: @len bytes at @addr of mapping @f from the file, where it is the same still. */
bool core_from_file(struct core *c, const struct core_mapping *f, uint64_t addr, void *dst,
		    size_t len);
/* The file behind @f, NULL where none is usable. */
struct core_file *core_file_of(struct core *c, const struct core_mapping *f);
/* Build ids by the ELF header that the core holds at the start of @f's path; empty if not kept. */
void core_ids_of(const struct core *c, struct str path, struct build_ids *ret);
/* --exe, opened into @c->files[0]. */
int core_files_add_exe(struct core *c, struct err *err) _must_use_;
void core_files_release(struct core *c);

#endif /* TARGET_CORE_PRIVATE_H */
