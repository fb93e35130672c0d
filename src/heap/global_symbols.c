/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/global_symbols.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX ((size_t)8 << 20)
#define NAME_LEN_MAX 512

static void end_elf(Elf **e)
{
	if (*e)
		elf_end(*e);
}

struct table {
	Elf *elf;
	Elf_Data *data;
	size_t n, strings;
};

static bool find_table(Elf *elf, struct table *ret)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &h) || h.sh_type != SHT_SYMTAB || !h.sh_entsize)
			continue;
		*ret = (struct table){ elf, elf_getdata(scn, NULL),
				       (size_t)(h.sh_size / h.sh_entsize), h.sh_link };
		return ret->data && ret->n <= SYMBOLS_MAX;
	}
	return false;
}

static const char *symbol_at(const struct table *t, size_t i, GElf_Sym *s)
{
	return gelf_getsym(t->data, (int)i, s) ? elf_strptr(t->elf, t->strings, s->st_name) : NULL;
}

/* Where the linker put the data segment, against where it is. */
static bool find_bias(const struct table *t, const struct image *img, uint64_t *bias)
{
	GElf_Sym s;

	for (size_t i = 0; i < t->n; i++) {
		const char *name = symbol_at(t, i, &s);

		if (name && !strcmp(name, "runtime.data")) {
			*bias = image_module(img)->data.from - s.st_value;
			return true;
		}
	}
	return false;
}

static int by_addr(const void *a, const void *b)
{
	const struct global_symbol *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int take(const struct table *t, const struct image *img, uint64_t bias, struct arena *a,
		struct global_symbol *v, size_t *n)
{
	GElf_Sym s;

	for (size_t i = 0; i < t->n; i++) {
		const char *name = symbol_at(t, i, &s);
		enum image_segment seg;

		if (!name || GELF_ST_TYPE(s.st_info) != STT_OBJECT || !s.st_size)
			continue;
		seg = image_segment_of(img, s.st_value + bias);
		if (seg != SEG_DATA && seg != SEG_BSS)
			continue;
		v[*n] = (struct global_symbol){ s.st_value + bias, s.st_size, NULL };
		v[*n].name = arena_str(a, (struct str){ name, strnlen(name, NAME_LEN_MAX) }).p;
		if (!v[*n].name)
			return -ENOMEM;
		(*n)++;
	}
	return 0;
}

int global_symbols_read(const struct image *img, int exe_fd, struct arena *a,
			struct global_symbol **ret, size_t *n, struct err *err)
{
	__attribute__((cleanup(end_elf))) Elf *elf = NULL;
	struct global_symbol *v;
	struct table t;
	uint64_t bias;

	*n = 0;
	*ret = NULL;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return 0;
	elf = elf_begin(exe_fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !find_table(elf, &t) ||
	    !find_bias(&t, img, &bias))
		return 0;
	v = arena_new_array(a, struct global_symbol, t.n + 1);
	if (!v || take(&t, img, bias, a, v, n) < 0)
		return err_set(err, -ENOMEM, "no memory for %zu symbols", t.n);
	qsort(v, *n, sizeof(*v), by_addr);
	*ret = v;
	return 0;
}
