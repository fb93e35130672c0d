/* SPDX-License-Identifier: Apache-2.0 */
#include "image/finder.h"

#include <errno.h>

#include "base/cur.h"
#include "image/build_info.h"
#include "image/foreign.h"

#define SCAN_BUDGET (UINT64_C(512) << 20)

/* Around anonymous code: a packer maps a program's segments side by side. */
#define NEIGHBOURHOOD (UINT64_C(64) << 20)
#define LIBRARIES_MAX 64U

void finder_release(struct finder *f)
{
	scan_release(&f->scan);
}

static bool table_known(const struct finder *f, uint64_t addr)
{
	for (unsigned i = 0; i < f->n_tables; i++)
		if (f->tables[i].addr == addr)
			return true;
	return false;
}

static void note_table(struct finder *f, uint64_t addr, const uint8_t *p, size_t n)
{
	struct finder_table t = { .addr = addr };

	if (n < PCLNTAB_HEADER || f->n_tables == FINDER_TABLES_MAX || table_known(f, addr) ||
	    !pclntab_header_parse(p, &t.header))
		return;
	t.tail = le32(p + 4);
	f->tables[f->n_tables++] = t;
}

static void note_build_info(struct finder *f, uint64_t addr, const uint8_t *p, size_t n)
{
	if (f->n_blocks == FINDER_BLOCKS_MAX || n < BUILD_INFO_HEADER || !build_info_header(p))
		return;
	for (unsigned i = 0; i < f->n_blocks; i++)
		if (f->blocks[i] == addr)
			return;
	f->blocks[f->n_blocks++] = addr;
}

/* A word that may be moduledata.pcHeader: the next one is moduledata.funcnametab's pointer. */
static bool points_at_table(struct finder *f, uint64_t word, const uint8_t *next)
{
	for (unsigned i = 0; i < f->n_tables; i++) {
		const struct finder_table *t = &f->tables[i];

		if (word == t->addr && le64(next) == t->addr + t->header.funcname) {
			f->points_at = i;
			return true;
		}
	}
	return false;
}

static bool look(void *ctx, uint64_t addr, const uint8_t *p, size_t own, size_t n)
{
	struct finder *f = ctx;
	uint64_t magic, word;

	memcpy(&magic, build_info_magic, sizeof(magic));
	for (size_t i = 0; i + 8 <= own; i += 8) {
		memcpy(&word, p + i, sizeof(word));
		if (word >> 32 == PCLNTAB_AMD64_TAIL || word >> 32 == PCLNTAB_ARM64_TAIL)
			note_table(f, addr + i, p + i, n - i);
		else if (word == magic)
			note_build_info(f, addr + i, p + i, n - i);
		else if (i + 16 <= n && points_at_table(f, word, p + i + 8)) {
			f->points_from = addr + i;
			return false;
		}
	}
	return true;
}

/* The pair just found: 1 when it begins a module data that holds, 0 when not. */
static int try_pair(struct finder *f, struct finder_found *ret, struct err *err)
{
	const struct finder_table *t = &f->tables[f->points_at];
	struct moduledata d;
	int r = foreign_table(f->m, t, err);

	if (r < 0)
		return r;
	r = moduledata_read(f->m, f->points_from, t->addr, &t->header, -1, &d, err);
	if (r == -EBADMSG || r == -EFAULT)
		return 0;
	if (r < 0)
		return r;
	*ret = (struct finder_found){ .moduledata = d, .table = *t };
	return 1;
}

/* 1 when a module data was found in [from, to). */
static int search(struct finder *f, uint64_t from, uint64_t to, struct finder_found *ret,
		  struct err *err)
{
	int r;

	while ((r = scan_range(&f->scan, from, to, look, f, err)) == 1) {
		r = try_pair(f, ret, err);
		if (r)
			return r;
		from = f->points_from + 8;
	}
	return r;
}

#define SECTION_LOOK \
	256U /* bytes: a pclntab's header, or the first words of what else begins one */

/* The sections' beginnings, read in one go. */
static int read_beginnings(struct finder *f, struct mem_piece *v, struct err *err)
{
	for (unsigned i = 0; i < f->headers.n_sections; i++) {
		const struct span64 *s = &f->headers.sections[i];
		uint64_t n = s->to - s->from < SECTION_LOOK ? s->to - s->from : SECTION_LOOK;

		v[i] = (struct mem_piece){ s->from, f->scan.chunk + (size_t)i * SECTION_LOOK,
					   (size_t)n, false };
	}
	return f->headers.n_sections ? mem_readv(f->m, v, f->headers.n_sections, err) : 0;
}

/* Looks at them twice: for the tables, and for what points at those. */
static int search_sections(struct finder *f, struct finder_found *ret, struct err *err)
{
	struct mem_piece v[EXE_SECTIONS_MAX];
	int r = read_beginnings(f, v, err);

	for (unsigned i = 0; i < 2 * f->headers.n_sections && !r; i++) {
		const struct mem_piece *p = &v[i % f->headers.n_sections];

		if (p->ok && p->addr % 8 == 0 && !look(f, p->addr, p->dst, p->len, p->len))
			r = try_pair(f, ret, err);
	}
	return r;
}

static bool near_code(const struct finder_choice *c, const struct mem_region *r)
{
	for (unsigned i = 0; i < c->n_codes; i++) {
		uint64_t code = c->codes[i];

		if (r->start < code ? code - r->start < NEIGHBOURHOOD
				    : r->start - code < NEIGHBOURHOOD)
			return true;
	}
	return false;
}

static bool chosen(const struct finder_choice *c, const struct mem_region *r)
{
	if (!(r->prot & MEM_R))
		return false;
	switch (c->what) {
	case OF_EXE:
		return r->exe;
	case OF_LIBRARY:
		return !r->exe && !r->anonymous && strcmp(r->name, c->library) == 0;
	default:
		return r->anonymous && near_code(c, r);
	}
}

/* Tables lie in read-only data, module data in writable; code is looked at last. */
enum rank { RANK_READ, RANK_WRITE, RANK_CODE, RANK_COUNT };

static enum rank rank_of(const struct mem_region *r)
{
	if (r->prot & MEM_X)
		return RANK_CODE;
	return r->prot & MEM_W ? RANK_WRITE : RANK_READ;
}

static const enum rank tables_first[RANK_COUNT] = { RANK_READ, RANK_WRITE, RANK_CODE };
static const enum rank writable_first[RANK_COUNT] = { RANK_WRITE, RANK_READ, RANK_CODE };

/* All chosen regions; @until_tables: only until some hold tables not known before. */
static int search_regions(struct finder *f, const struct finder_choice *c, const enum rank *order,
			  size_t *from, bool until_tables, struct finder_found *ret,
			  struct err *err)
{
	size_t n = f->m->n_regions, known = f->n_tables;
	int r = 0;

	for (; *from < RANK_COUNT * n && !r; ++*from) {
		const struct mem_region *region = &f->m->regions[*from % n];

		if (until_tables && f->n_tables > known)
			break;
		if (chosen(c, region) && rank_of(region) == order[*from / n])
			r = search(f, region->start, region->end, ret, err);
	}
	return r;
}

static int search_choice(struct finder *f, const struct finder_choice *c, struct finder_found *ret,
			 struct err *err)
{
	size_t n = f->m->n_regions, at = 0;
	int r = 0;

	f->n_blocks = 0; /* of another program, whose tables were not found */
	while (at < RANK_COUNT * n && !r) {
		unsigned known = f->n_tables;
		size_t all = 0;

		r = search_regions(f, c, tables_first, &at, true, ret, err);
		if (!r && f->n_tables > known)
			r = search_regions(f, c, writable_first, &all, false, ret, err);
	}
	if (r == 1)
		f->where = *c;
	return r;
}

static const struct mem_region *exe_start(const struct mem *m)
{
	for (size_t i = 0; i < m->n_regions; i++)
		if (m->regions[i].exe && m->regions[i].file_offset == 0)
			return &m->regions[i];
	return NULL;
}

static int search_exe(struct finder *f, struct finder_found *ret, struct err *err)
{
	const struct mem_region *first = exe_start(f->m);
	struct finder_choice exe = { .what = OF_EXE };
	int r = first ? exe_headers_read(f->m, first, &f->headers, err) : 0;

	if (r >= 0)
		r = foreign_headers(f->m, &f->headers, err);
	if (!r)
		r = search_sections(f, ret, err);
	f->all_sections = r == 1;
	return r ? r : search_choice(f, &exe, ret, err);
}

/* A Go library in another program (c-shared, or run through a loader) has the linker's note. */
static int search_libraries(struct finder *f, struct finder_found *ret, struct err *err)
{
	unsigned looked = 0;
	int r = 0;

	for (size_t i = 0; i < f->m->n_regions && looked < LIBRARIES_MAX && !r; i++) {
		const struct mem_region *region = &f->m->regions[i];
		struct finder_choice library = { .what = OF_LIBRARY, .library = region->name };
		struct exe_headers h;
		bool is_go = false;

		if (region->exe || region->anonymous || region->file_offset ||
		    region->name[0] == '[' || !(region->prot & MEM_R))
			continue;
		looked++;
		r = exe_headers_read(f->m, region, &h, err);
		if (!r)
			r = exe_has_go_note(f->m, &h, &is_go, err);
		if (!r && is_go)
			r = search_choice(f, &library, ret, err);
		if (r == 1)
			f->headers = h;
	}
	return r;
}

static int search_packed(struct finder *f, struct finder_found *ret, struct err *err)
{
	struct finder_choice packed = { .what = NEAR_CODE };

	for (size_t i = 0; i < f->m->n_regions && packed.n_codes < FINDER_CODES_MAX; i++) {
		const struct mem_region *r = &f->m->regions[i];

		if (r->anonymous && (r->prot & MEM_X) && r->name[0] != '[')
			packed.codes[packed.n_codes++] = r->start;
	}
	return packed.n_codes ? search_choice(f, &packed, ret, err) : 0;
}

/* The block stands in front of the other data, so it mostly was seen on the way. */
static int search_build_info(struct finder *f, struct err *err)
{
	struct finder_found ignored;
	size_t n = f->m->n_regions;
	int r = 0;

	f->n_tables = 0; /* nothing else is looked for */
	for (size_t i = 0; i < 2 * n && !f->n_blocks && r >= 0; i++) {
		const struct mem_region *region = &f->m->regions[i % n];

		if (chosen(&f->where, region) && rank_of(region) == writable_first[i / n])
			r = search(f, region->start, region->end, &ignored, err);
	}
	return r < 0 ? r : 0;
}

int finder_run(struct finder *f, struct mem *m, struct finder_found *ret, struct err *err)
{
	int r;

	*f = (struct finder){ .m = m };
	r = scan_init(&f->scan, m, SCAN_BUDGET, err);
	if (r < 0)
		return r;
	r = search_exe(f, ret, err);
	if (!r)
		r = search_libraries(f, ret, err);
	if (!r)
		r = search_packed(f, ret, err);
	if (r < 0)
		return r;
	if (!r)
		return foreign_program(&f->scan, err);
	return f->n_blocks || f->all_sections ? 0 : search_build_info(f, err);
}
