/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pclntab: the linker's table of functions, copied out of the target.
 *
 * What is kept is one contiguous copy of the pclntab and one of the inline
 * trees, with views into them. The bytes are the target's, so every reader
 * below checks its bounds and answers "unknown" outside them; the views of
 * strings end in a NUL that is ours if it was not theirs.
 *
 * Sources: Go src/runtime/symtab.go, src/cmd/link/internal/ld/pcln.go.
 */
#ifndef IMAGE_PCLNTAB_H
#define IMAGE_PCLNTAB_H

#include "image/image.h"
#include "image/moduledata_shape.h"

#define PCLNTAB_MAX (UINT64_C(256) << 20)
#define PCLNTAB_HEADER 72U

/* The header (runtime.pcHeader), the same in all releases from 1.18. */
struct pclntab_header {
	uint32_t magic;
	uint64_t n_funcs;
	uint64_t funcname, cu, file, pc, pcln; /* offsets of the tables in the pclntab */
};

/* Bytes 4 to 7 behind the magic: no pads, the quantum (1 or 4), pointers of 8 bytes. */
#define PCLNTAB_AMD64_TAIL 0x08010000U
#define PCLNTAB_ARM64_TAIL 0x08040000U

/* False if it cannot be one: offsets out of order or beyond reason. @p: PCLNTAB_HEADER bytes. */
bool pclntab_header_parse(const uint8_t *p, struct pclntab_header *ret);

struct view {
	const uint8_t *p;
	size_t n;
};

struct pclntab {
	uint8_t *bytes; /* the copy of the pclntab */
	size_t n_bytes;
	uint8_t *inline_trees; /* the copy from moduledata.gofunc on; NULL if there are none */
	size_t n_inline_trees;
	const struct func_shape *shape;
	struct view funcnames, cutab, filetab, pctab, funcs, ftab;
	uint64_t text; /* what the offsets of functions are relative to */
	uint32_t n_funcs;
	uint32_t quantum; /* length of the shortest instruction: the unit of pcs in the tables */
};

/* One row of the function table, unchecked numbers as stored. */
struct func_row {
	uint32_t index;
	uint64_t entry, end;
	uint32_t name_off, pcsp, pcfile, pcln, n_pcdata, cu_offset;
	uint32_t at; /* offset of the record in the funcs view */
	uint8_t id, flag, n_funcdata;
	int32_t start_line;
};

struct moduledata;

/*
 * Copies the tables that @d names and proves them: entries in order, records
 * whole and of their entry. -EBADMSG with the reason if they are not;
 * -ENOMEM; others as mem_read(). Released with pclntab_release().
 */
int pclntab_load(struct mem *m, const struct moduledata *d, const struct pclntab_header *h,
		 uint32_t quantum, struct pclntab *ret, struct err *err) _must_use_;
void pclntab_release(struct pclntab *t);

/* The row by number; false if the table does not hold it whole. */
bool pclntab_row(const struct pclntab *t, uint32_t index, struct func_row *ret);
/* The row that holds @pc; false outside all functions. */
bool pclntab_find(const struct pclntab *t, uint64_t pc, struct func_row *ret);

/* In the copy, NUL-terminated; "?" where the offset points outside. */
const char *pclntab_name(const struct pclntab *t, uint32_t name_off);
/* File and line of @pc; "" and 0 where unknown. */
const char *pclntab_file(const struct pclntab *t, const struct func_row *f, uint64_t pc);
uint32_t pclntab_line(const struct pclntab *t, const struct func_row *f, uint64_t pc);

/* The value at @pc of the pc-value table at @off; false: the table does not say. */
bool pclntab_value(const struct pclntab *t, uint32_t off, uint64_t entry, uint64_t pc,
		   int32_t *ret);
/* The greatest value that the table at @off holds; -1 if it holds none. */
int32_t pclntab_value_max(const struct pclntab *t, uint32_t off);

/* The function's PCDATA table or FUNCDATA offset by number; false if it has none. */
bool pclntab_pcdata(const struct pclntab *t, const struct func_row *f, uint32_t which,
		    uint32_t *ret);
bool pclntab_funcdata(const struct pclntab *t, const struct func_row *f, uint32_t which,
		      uint32_t *ret);

#endif /* IMAGE_PCLNTAB_H */
