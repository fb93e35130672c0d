/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny: a Go program's tables, written by hand, in three mappings.
 *
 * Code, read-only data (pclntab, inline trees) and data (build info, module
 * data), in the shape of any release. What main.main has inlined:
 *
 *	main.main   lines 10-13     [0x00, 0x40)
 *	  main.a    inlined at 11   [0x10, 0x30)
 *	    main.b  inlined at 21   [0x18, 0x20)
 */
#ifndef TESTS_IMAGE_TINY_H
#define TESTS_IMAGE_TINY_H

#include "image/moduledata_shape.h"
#include "target/buffer.h"

#define TINY_TEXT 0x401000U
#define TINY_RODATA 0x480000U
#define TINY_DATA 0x500000U
#define TINY_TEXT_SIZE 0x400U
#define TINY_RODATA_SIZE 0x3000U
#define TINY_DATA_SIZE 0x1000U

/* Where things stand in the mappings. */
#define TINY_PCLNTAB (TINY_RODATA + 0x100U)
#define TINY_GOFUNC (TINY_RODATA + 0x1000U)
#define TINY_BUILD_INFO TINY_DATA
#define TINY_MODULEDATA (TINY_DATA + 0x400U)
#define TINY_VERSION (TINY_DATA + 0x800U) /* runtime.buildVersion, in [data, edata) */

/* The functions, in order of address. */
enum tiny_func_index {
	TINY_DEFERRETURN, /* marks the wrappers */
	TINY_GOPANIC,
	TINY_MAIN,
	TINY_WRAPPER, /* main.(*T).m, in which main.T.m is inlined */
	TINY_GENERIC,
	TINY_TWICE_SMALL, /* main.twice: 0x10 bytes … */
	TINY_TWICE,	  /* … and 0x40 bytes */
	TINY_FUNCS
};

struct tiny {
	const struct md_shape *md;
	const struct func_shape *func;
	uint32_t entry[TINY_FUNCS + 1]; /* offsets in the text */
	uint8_t text[TINY_TEXT_SIZE], rodata[TINY_RODATA_SIZE], data[TINY_DATA_SIZE];
	struct buffer_part parts[3];
};

/* The shape of release 1.@minor. */
void tiny_build(struct tiny *t, int minor);
struct mem *tiny_open(struct tiny *t);

/* A field of the module data. */
void tiny_set(struct tiny *t, enum md_field f, uint64_t v);
uint64_t tiny_get(const struct tiny *t, enum md_field f);

#endif /* TESTS_IMAGE_TINY_H */
