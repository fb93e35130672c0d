/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finder: where a Go program's tables are in an address space.
 *
 * First the ELF headers are asked, which costs a few reads; what they point at
 * is looked at, never believed. Without them, or where they lead nowhere,
 * memory is looked through: the program's own mappings, then, for packed
 * programs (UPX), those around anonymous code.
 */
#ifndef IMAGE_FINDER_H
#define IMAGE_FINDER_H

#include "image/exe_headers.h"
#include "image/moduledata.h"
#include "image/scan.h"

struct finder_table {
	uint64_t addr;
	struct pclntab_header header;
	uint32_t tail; /* bytes 4 to 7 of the header: which architecture */
};

#define FINDER_TABLES_MAX 16U
#define FINDER_CODES_MAX 16U
#define FINDER_BLOCKS_MAX 8U

/* Which regions a search may look into. */
struct finder_choice {
	enum { OF_EXE, OF_LIBRARY, NEAR_CODE } what;
	const char *library; /* its name, as the regions have it */
	uint64_t codes[FINDER_CODES_MAX];
	unsigned n_codes;
};

struct finder {
	struct mem *m;
	struct scan scan;
	struct exe_headers headers;
	struct finder_table tables[FINDER_TABLES_MAX];
	unsigned n_tables;
	struct finder_choice where;	    /* the tables were found */
	uint64_t blocks[FINDER_BLOCKS_MAX]; /* that look like build info */
	unsigned n_blocks;
	bool all_sections;    /* the section headers are known: no need to look elsewhere */
	uint64_t points_from; /* the pair that points at a table, as last found … */
	unsigned points_at;   /* … and at which */
};

/* What was found: a module data that holds, and the table it is of. */
struct finder_found {
	struct moduledata moduledata;
	struct finder_table table;
};

/*
 * -ENOENT "NAME: no Go runtime found", -ENOTSUP with the reason; others as
 * mem_readv(). @f is to be released in every case.
 */
int finder_run(struct finder *f, struct mem *m, struct finder_found *ret, struct err *err)
	_must_use_;
void finder_release(struct finder *f);

#endif /* IMAGE_FINDER_H */
