/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moduledata.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cur.h"

/* The bytes of a module data, as read, seen through one shape. */
struct raw {
	struct mem *m;
	const struct md_shape *shape;
	uint8_t bytes[MD_SIZE_MAX];
};

static uint64_t word(const struct raw *r, enum md_field f)
{
	return r->shape->at[f] ? le64(r->bytes + shape_offset(r->shape->at[f])) : 0;
}

static bool mapped(const struct raw *r, uint64_t addr)
{
	const struct mem_region *region = mem_region_at(r->m, addr);

	return region && (region->prot & MEM_R);
}

static bool range_mapped(const struct raw *r, uint64_t addr, uint64_t len)
{
	uint64_t last;

	if (!len)
		return true;
	return !__builtin_add_overflow(addr, len - 1, &last) && mapped(r, addr) && mapped(r, last);
}

static bool pointer_ok(const struct raw *r, const uint8_t *p)
{
	uint64_t at = le64(p);

	return !at || (at % 8 == 0 && mapped(r, at));
}

static bool slice_ok(const struct raw *r, const uint8_t *p)
{
	uint64_t at = le64(p), len = le64(p + 8), cap = le64(p + 16);

	return len <= cap && cap <= PCLNTAB_MAX && (at || !cap) && range_mapped(r, at, len);
}

static bool string_ok(const struct raw *r, const uint8_t *p)
{
	return le64(p + 8) <= 4096 && range_mapped(r, le64(p), le64(p + 8));
}

static bool bool_ok(const struct raw *r, const uint8_t *p)
{
	(void)r;
	return *p <= 1;
}

/* {int32 n; *uint8 bytes}: empty until the runtime's start has filled it in. */
static bool bitvector_ok(const struct raw *r, const uint8_t *p)
{
	uint32_t n = le32(p);
	uint64_t at = le64(p + 8);

	(void)r;
	return (n == 0 || at) && n <= INT32_MAX && le32(p + 4) == 0;
}

static const struct {
	bool (*ok)(const struct raw *r, const uint8_t *p);
	unsigned size;
} checks[] = {
	[CHECK_POINTER] = { pointer_ok, 8 },	  [CHECK_SLICE] = { slice_ok, 24 },
	[CHECK_STRING] = { string_ok, 16 },	  [CHECK_BOOL] = { bool_ok, 1 },
	[CHECK_BITVECTOR] = { bitvector_ok, 16 },
};

static bool fields_ok(const struct raw *r)
{
	for (unsigned i = 0; i < r->shape->n_checks; i++) {
		const struct md_check *c = &r->shape->checks[i];

		if (c->offset + checks[c->kind].size > r->shape->size ||
		    !checks[c->kind].ok(r, r->bytes + c->offset))
			return false;
	}
	return true;
}

/* One bit a word of its segment, once the runtime has made it (modulesinit). */
static bool mask_ok(const struct raw *r, enum md_field mask, enum md_field from, enum md_field to)
{
	uint32_t n = le32(r->bytes + shape_offset(r->shape->at[mask]));

	return n == 0 || n == (word(r, to) - word(r, from)) / 8;
}

static bool ordered(const struct raw *r, enum md_field from, enum md_field to)
{
	return word(r, from) <= word(r, to);
}

/*
 * textsectmap has one row where the text is one section, as it always is on Linux's amd64 and
 * arm64 (cmd/link/internal/ld/data.go, splitTextSections), and it begins at text.
 */
static int one_text_section(const struct raw *r, bool *ret, struct err *err)
{
	const uint8_t *slice = r->bytes + shape_offset(r->shape->at[MD_TEXTSECTMAP]);
	uint64_t base;
	int e = mem_u64(r->m, le64(slice) + 16, &base, err);

	*ret = e >= 0 && le64(slice + 8) == 1 && base == word(r, MD_TEXT);
	return e == -EFAULT ? 0 : e;
}

static int shape_fits(const struct raw *r, bool *ret, struct err *err)
{
	*ret = fields_ok(r) && ordered(r, MD_ENOPTRBSS, MD_END) &&
	       ordered(r, MD_TYPES, MD_ETYPES) && mask_ok(r, MD_GCDATAMASK, MD_DATA, MD_EDATA) &&
	       mask_ok(r, MD_GCBSSMASK, MD_BSS, MD_EBSS) && mapped(r, word(r, MD_TYPES)) &&
	       mapped(r, word(r, MD_RODATA)) && mapped(r, word(r, MD_GOFUNC)) &&
	       word(r, MD_RODATA) <= word(r, MD_GOFUNC);
	return *ret ? one_text_section(r, ret, err) : 0;
}

/* The one shape that fits; of several the one that the release is said to have, else the last. */
static int choose_shape(struct raw *r, int minor, struct err *err)
{
	const struct md_shape *chosen = NULL;
	bool hinted = false;

	for (unsigned i = 0; i < n_md_shapes; i++) {
		const struct md_shape *s = &md_shapes[i];
		bool fits = false, named = minor >= s->minor_from && minor <= s->minor_to;
		int e;

		r->shape = s;
		e = shape_fits(r, &fits, err);
		if (e < 0)
			return e;
		if (fits && (!hinted || named)) {
			chosen = s;
			hinted = hinted || named;
		}
	}
	r->shape = chosen;
	return 0;
}

static struct span64 span(const struct raw *r, enum md_field from, enum md_field to)
{
	return (struct span64){ word(r, from), word(r, to) };
}

/* The elements of a slice; overflow was ruled out by slice_ok(). */
static struct span64 slice(const struct raw *r, enum md_field f, uint64_t size)
{
	uint64_t at = word(r, f), len = le64(r->bytes + shape_offset(r->shape->at[f]) + 8);

	return (struct span64){ at, at + len * size };
}

static void take(const struct raw *r, uint64_t addr, struct moduledata *ret)
{
	*ret = (struct moduledata){
		.module = {
			.addr = addr,
			.pclntab = word(r, MD_PC_HEADER),
			.text = span(r, MD_TEXT, MD_ETEXT),
			.noptrdata = span(r, MD_NOPTRDATA, MD_ENOPTRDATA),
			.data = span(r, MD_DATA, MD_EDATA),
			.bss = span(r, MD_BSS, MD_EBSS),
			.noptrbss = span(r, MD_NOPTRBSS, MD_ENOPTRBSS),
			.types = span(r, MD_TYPES, MD_ETYPES),
			.gofunc = word(r, MD_GOFUNC),
			.rodata = word(r, MD_RODATA),
			.gcdatamask = addr + shape_offset(r->shape->at[MD_GCDATAMASK]),
			.gcbssmask = addr + shape_offset(r->shape->at[MD_GCBSSMASK]),
			.next = word(r, MD_NEXT),
		},
		.shape = r->shape,
		.minpc = word(r, MD_MINPC),
		.maxpc = word(r, MD_MAXPC),
		.funcnames = slice(r, MD_FUNCNAMETAB, 1),
		.cutab = slice(r, MD_CUTAB, 4),
		.filetab = slice(r, MD_FILETAB, 1),
		.pctab = slice(r, MD_PCTAB, 1),
		.funcs = slice(r, MD_PCLNTABLE, 1),
		.ftab = slice(r, MD_FTAB, 8),
	};
}

/* What no shape changes: the tables are where the header says, and the ranges have an order. */
static const char *disproof(const struct moduledata *d, const struct pclntab_header *h)
{
	const struct image_module *m = &d->module;
	uint64_t base = m->pclntab;

	if (d->funcnames.from != base + h->funcname || d->cutab.from != base + h->cu ||
	    d->filetab.from != base + h->file || d->pctab.from != base + h->pc ||
	    d->funcs.from != base + h->pcln || d->ftab.from != d->funcs.from)
		return "its tables are not where the header says";
	if (d->ftab.to - d->ftab.from != (h->n_funcs + 1) * 8)
		return "its function table has another length than the header says";
	if (d->funcs.to < d->ftab.to)
		return "its function table is longer than what holds it";
	if (m->text.from > d->minpc || d->minpc >= d->maxpc || d->maxpc > m->text.to)
		return "its functions lie outside its text";
	if (m->noptrdata.from > m->noptrdata.to || m->data.from > m->data.to ||
	    m->bss.from > m->bss.to || m->noptrbss.from > m->noptrbss.to)
		return "its segments end before they begin";
	return NULL;
}

static size_t largest_shape(void)
{
	size_t size = 0;

	for (unsigned i = 0; i < n_md_shapes; i++)
		if (md_shapes[i].size > size)
			size = md_shapes[i].size;
	return size < MD_SIZE_MAX ? size : MD_SIZE_MAX;
}

int moduledata_read(struct mem *m, uint64_t addr, uint64_t pclntab, const struct pclntab_header *h,
		    int minor, struct moduledata *ret, struct err *err)
{
	struct raw r = { .m = m, .shape = NULL };
	struct moduledata d;
	const char *why;
	int e = mem_read(m, addr, r.bytes, largest_shape(), err);

	if (e >= 0)
		e = choose_shape(&r, minor, err);
	if (e < 0)
		return e;
	if (!r.shape)
		return err_set(err, -EBADMSG,
			       "%s: module data at %#" PRIx64
			       " has the shape of no Go release known",
			       m->name, addr);
	take(&r, addr, &d);
	why = d.module.pclntab != pclntab ? "it points at another table" : disproof(&d, h);
	if (why)
		return err_set(err, -EBADMSG, "%s: module data at %#" PRIx64 ": %s", m->name, addr,
			       why);
	*ret = d;
	return 0;
}
