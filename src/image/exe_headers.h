/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exe_headers: what the ELF headers of the mapped program say, where they can
 * be seen in its memory. Hints only: a packed program has none, and nothing
 * here is believed without a look at what it points to.
 */
#ifndef IMAGE_EXE_HEADERS_H
#define IMAGE_EXE_HEADERS_H

#include "image/image.h"

#define EXE_SECTIONS_MAX 128
#define EXE_NOTES_MAX 8

struct exe_headers {
	bool found;
	uint8_t class; /* ELFCLASS64 … */
	uint16_t machine;
	unsigned n_sections; /* those that are in memory and hold bytes; 0 where unknown */
	struct span64 sections[EXE_SECTIONS_MAX]; /* as addresses in the target */
	unsigned n_notes;
	struct span64 notes[EXE_NOTES_MAX];
};

/* Reads the headers of the file mapped at @first. Only errors of mem_readv() are errors. */
int exe_headers_read(struct mem *m, const struct mem_region *first, struct exe_headers *ret,
		     struct err *err) _must_use_;

/* GNU's build id in hex, else Go's, into @ret; "" where there is none. */
int exe_build_id(struct mem *m, const struct exe_headers *h, char *ret, size_t size,
		 struct err *err) _must_use_;

/* Whether one of the notes is the Go linker's. */
int exe_has_go_note(struct mem *m, const struct exe_headers *h, bool *ret, struct err *err)
	_must_use_;

#endif /* IMAGE_EXE_HEADERS_H */
