/* SPDX-License-Identifier: Apache-2.0 */
/* made_core: core files written by hand, for tests. */
#ifndef MADE_CORE_H
#define MADE_CORE_H

#include <elf.h>

#include "base/buf.h"

#define MADE_TEXT 0x400000U   /* of /nowhere/api, its first page kept */
#define MADE_RODATA 0x402000U /* of it, left out */
#define MADE_DATA 0x404000U   /* of it, kept */
#define MADE_HEAP 0x800000U   /* anonymous, kept */
#define MADE_FRESH 0x900000U  /* anonymous, never touched */
#define MADE_STACK 0xa00000U
#define MADE_PAGE 0x1000U

enum made_change {
	MADE_PLAIN = 0,
	MADE_XNUM = 1,	    /* the number of headers in a section header */
	MADE_NO_NOTES = 2,  /* as a gcore whose end is lost */
	MADE_NO_ANON = 4,   /* coredump_filter left anonymous memory out */
	MADE_OVERLAP = 8,   /* two segments at one address */
	MADE_HUGE = 16,	    /* a segment that ends behind the last address */
	MADE_NO_RODATA = 32 /* no segment for it: only the notes tell of it */
};

/* The whole file; @path is the executable as its notes name it, @id its build id. */
void made_core(struct buf *out, unsigned change, const char *path, const char *id);

/* A binary of three pages with that build id: page i is filled with 'A' + i behind its header. */
void made_binary(struct buf *out, const char *id);

#endif /* MADE_CORE_H */
