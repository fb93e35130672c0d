/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moduledata_shape: where the fields of the linker's tables stand, by release.
 *
 * The tables are generated from src/goruntime/layouts by tools/gen-moduledata.py.
 * Offsets are stored plus one, so that an absent field is 0; shape_offset()
 * takes the one off again.
 */
#ifndef IMAGE_MODULEDATA_SHAPE_H
#define IMAGE_MODULEDATA_SHAPE_H

#include <stdint.h>

/* runtime.moduledata (src/runtime/symtab.go). */
enum md_field {
	MD_PC_HEADER,
	MD_FUNCNAMETAB,
	MD_CUTAB,
	MD_FILETAB,
	MD_PCTAB,
	MD_PCLNTABLE,
	MD_FTAB,
	MD_MINPC,
	MD_MAXPC,
	MD_TEXT,
	MD_ETEXT,
	MD_NOPTRDATA,
	MD_ENOPTRDATA,
	MD_DATA,
	MD_EDATA,
	MD_BSS,
	MD_EBSS,
	MD_NOPTRBSS,
	MD_ENOPTRBSS,
	MD_END,
	MD_TYPES,
	MD_ETYPES,
	MD_RODATA,
	MD_GOFUNC,
	MD_TEXTSECTMAP,
	MD_GCDATAMASK,
	MD_GCBSSMASK,
	MD_NEXT,
	MD_COUNT
};

/* What holds of a field of that type whatever its value is. */
enum md_check_kind { CHECK_POINTER, CHECK_SLICE, CHECK_STRING, CHECK_BOOL, CHECK_BITVECTOR };

struct md_check {
	uint16_t offset;
	uint16_t kind;
};

#define MD_SIZE_MAX 1024

struct md_shape {
	int minor_from, minor_to; /* releases it was seen in; a hint, not a rule */
	uint16_t size;
	uint16_t at[MD_COUNT];
	const struct md_check *checks;
	uint16_t n_checks;
};

extern const struct md_shape md_shapes[];
extern const unsigned n_md_shapes;

/* runtime._func and runtime.inlinedCall (src/runtime/runtime2.go, symtabinl.go). */
enum func_field {
	FUNC_ENTRY_OFF,
	FUNC_NAME_OFF,
	FUNC_PCSP,
	FUNC_PCFILE,
	FUNC_PCLN,
	FUNC_NPCDATA,
	FUNC_CU_OFFSET,
	FUNC_START_LINE,
	FUNC_FUNC_ID,
	FUNC_FLAG,
	FUNC_NFUNCDATA,
	FUNC_COUNT
};

enum inlined_field { INL_FUNC_ID, INL_NAME_OFF, INL_PARENT_PC, INL_COUNT };

struct func_shape {
	uint32_t magic; /* of the pclntab that has them */
	uint16_t size, inlined_size;
	uint16_t pcdata_inline_index, funcdata_inline_tree;
	uint16_t at[FUNC_COUNT];
	uint16_t inlined_at[INL_COUNT];
};

extern const struct func_shape func_shapes[];
extern const unsigned n_func_shapes;

/* @stored as it stands in a shape's table; must not be an absent field. */
static inline unsigned shape_offset(uint16_t stored)
{
	return stored - 1U;
}

#endif /* IMAGE_MODULEDATA_SHAPE_H */
