/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_elf: an ELF file by pread() alone: its program headers and notes.
 *
 * For core files and for the binaries beside them. Nothing is mapped: a file
 * that shrinks while it is read cannot end us. All numbers are the file's and
 * are checked against its length.
 *
 * Sources: gABI chapters 4 and 5, elf(5), Linux fs/binfmt_elf.c (PN_XNUM).
 */
#ifndef TARGET_CORE_ELF_H
#define TARGET_CORE_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct core_source {
	int fd;
	uint64_t size;
	const char *name; /* for messages */
};

struct core_segment {
	uint64_t addr, mem_size; /* of the target */
	uint64_t offset, file_size;
	unsigned prot; /* enum mem_prot */
};

struct core_elf {
	uint16_t type, machine;
	uint64_t entry, headers;    /* e_entry; where the program headers stand in the file */
	struct core_segment *loads; /* as they stand in the file */
	size_t n_loads;
	struct core_segment *notes;
	size_t n_notes;
};

/*
 * -EBADMSG "NAME: offset N: …" where it is no whole set of headers of a 64-bit
 * little-endian ELF file of x86-64 or AArch64 (-ENOTSUP for others); -EIO,
 * -ENOMEM. Released with core_elf_release().
 */
int core_elf_read(const struct core_source *s, struct core_elf *ret, struct err *err) _must_use_;
void core_elf_release(struct core_elf *e);

/* All of it or false: behind the end of the file, or it cannot be read. */
bool core_source_read(const struct core_source *s, uint64_t at, void *dst, size_t len);

/* One note, its bytes in the caller's buffer. */
struct core_note {
	uint32_t type;
	struct str name; /* without its NUL */
	struct str desc;
};

/* The next whole note in front of @notes; false when there is none. gABI "Note Section". */
bool core_note_take(struct str *notes, struct core_note *ret);

/* Build ids as raw bytes; n 0: the file has none. */
struct build_ids {
	uint8_t gnu[64], go[128];
	size_t n_gnu, n_go;
};

/* Those of the notes in @notes are added. */
void build_ids_take(struct str notes, struct build_ids *ids);
/* Those of a binary. Empty where there are none. */
void build_ids_of(const struct core_source *s, const struct core_elf *e, struct build_ids *ret);

enum build_ids_same { BUILD_OTHER, BUILD_SAME, BUILD_UNKNOWN };
/* One kind that both have decides; where both have both, both must be equal. */
enum build_ids_same build_ids_compare(const struct build_ids *a, const struct build_ids *b);

/* The GNU one in hex, else Go's as it is, into @to, cut. "" where there is none. */
void build_ids_text(const struct build_ids *ids, char *to, size_t room);

#endif /* TARGET_CORE_ELF_H */
