/* SPDX-License-Identifier: Apache-2.0 */
/* The image's functions, and what the module data says of addresses. */
#include "image/image_struct.h"

const struct image_module *image_module(const struct image *img)
{
	return &img->module;
}

static bool within(const struct span64 *s, uint64_t addr)
{
	return addr >= s->from && addr < s->to;
}

enum image_segment image_segment_of(const struct image *img, uint64_t addr)
{
	const struct image_module *m = &img->module;
	const struct span64 *by[SEG_COUNT] = {
		[SEG_NOPTRDATA] = &m->noptrdata,
		[SEG_DATA] = &m->data,
		[SEG_BSS] = &m->bss,
		[SEG_NOPTRBSS] = &m->noptrbss,
	};

	for (unsigned i = SEG_NONE + 1; i < SEG_COUNT; i++)
		if (within(by[i], addr))
			return (enum image_segment)i;
	return SEG_NONE;
}

enum image_arch image_arch(const struct image *img)
{
	return img->arch;
}

const char *image_goarch(const struct image *img)
{
	return img->arch == ARCH_ARM64 ? "arm64" : "amd64";
}

bool image_in_text(const struct image *img, uint64_t pc)
{
	return within(&img->module.text, pc);
}

size_t image_n_funcs(const struct image *img)
{
	return img->table.n_funcs;
}

static struct image_func func_of(const struct image *img, const struct func_row *f)
{
	return (struct image_func){
		.entry = f->entry,
		.end = f->end,
		.name = pclntab_name(&img->table, f->name_off),
		.index = f->index,
		.flag = f->flag,
		.id = f->id,
		.start_line = f->start_line,
	};
}

bool image_func_at(const struct image *img, uint64_t pc, struct image_func *ret)
{
	struct func_row f;

	if (!pclntab_find(&img->table, pc, &f))
		return false;
	*ret = func_of(img, &f);
	return true;
}

bool image_row_named(const struct image *img, const char *name, struct func_row *ret)
{
	const struct pclntab *t = &img->table;
	uint64_t size = 0;
	bool found = false;
	struct func_row f;

	/* chains go forwards: one that does not is of a damaged file (frozen.h), and ends */
	for (uint32_t i = name_index_chain(&img->names, name), last = 0;
	     i < t->n_funcs && i >= last; last = i + 1, i = img->names.next[i]) {
		if (!pclntab_row(t, i, &f) || strcmp(pclntab_name(t, f.name_off), name) != 0)
			continue;
		if (!found || f.end - f.entry > size) {
			*ret = f;
			size = f.end - f.entry;
			found = true;
		}
	}
	return found;
}

bool image_func_named(const struct image *img, const char *name, struct image_func *ret)
{
	struct func_row f;

	if (!image_row_named(img, name, &f))
		return false;
	*ret = func_of(img, &f);
	return true;
}

bool image_pcsp(const struct image *img, uint64_t pc, int32_t *ret)
{
	struct func_row f;

	return pclntab_find(&img->table, pc, &f) &&
	       pclntab_value(&img->table, f.pcsp, f.entry, pc, ret);
}
