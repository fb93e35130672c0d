/* SPDX-License-Identifier: Apache-2.0 */
#include "image/foreign.h"

#include <elf.h>
#include <errno.h>

int foreign_headers(const struct mem *m, const struct exe_headers *h, struct err *err)
{
	if (!h->found)
		return 0;
	if (h->class != ELFCLASS64)
		return err_set(err, -ENOTSUP, "%s: 32-bit programs are not supported", m->name);
	if (h->machine != EM_X86_64 && h->machine != EM_AARCH64)
		return err_set(err, -ENOTSUP, "%s: ELF machine %u is not supported", m->name,
			       h->machine);
	return 0;
}

/* Go src/debug/gosym/pclntab.go: the magics of Go 1.2 to 1.15 and of 1.16 and 1.17. */
#define MAGIC_12 0xfffffffbU
#define MAGIC_116 0xfffffffaU

int foreign_table(const struct mem *m, const struct finder_table *t, struct err *err)
{
	uint32_t magic = t->header.magic;

	if (magic == MAGIC_12 || magic == MAGIC_116)
		return err_set(err, -ENOTSUP, "%s: built by a Go before 1.18", m->name);
	for (unsigned i = 0; i < n_func_shapes; i++)
		if (func_shapes[i].magic == magic)
			return 0;
	return err_set(err, -ENOTSUP,
		       "%s: pclntab magic %#x is not Go's: obfuscated (garble), or a newer Go",
		       m->name, magic);
}

/* Words that a compiler's runtime has in every program, stripped or not. */
static const struct {
	struct str words;
	const char *compiler;
} marks[] = {
	/* TinyGo src/runtime/panic.go: runtimePanicAt. */
	{ STR_INIT("panic: runtime error at "), "TinyGo" },
	/* File names in libgo's assertions. */
	{ STR_INIT("/libgo/runtime/proc.c"), "gccgo" },
};

static bool look_for_marks(void *ctx, uint64_t addr, const uint8_t *p, size_t own, size_t n)
{
	const char **compiler = ctx;

	(void)addr;
	(void)own;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (memmem(p, n, marks[i].words.p, marks[i].words.n)) {
			*compiler = marks[i].compiler;
			return false;
		}
	return true;
}

static const char *by_library(const struct mem *m)
{
	for (size_t i = 0; i < m->n_regions; i++)
		if (strncmp(m->regions[i].name, "libgo.so", strlen("libgo.so")) == 0)
			return "gccgo";
	return NULL;
}

int foreign_program(struct scan *s, struct err *err)
{
	const char *compiler = by_library(s->m);
	int r = 0;

	for (size_t i = 0; i < s->m->n_regions && !compiler && r >= 0; i++) {
		const struct mem_region *region = &s->m->regions[i];

		if (region->exe && (region->prot & (MEM_R | MEM_W)) == MEM_R)
			r = scan_range(s, region->start, region->end, look_for_marks, &compiler,
				       err);
	}
	if (r < 0)
		return r;
	if (compiler)
		return err_set(err, -ENOTSUP, "%s: built by %s, which is not supported", s->m->name,
			       compiler);
	return err_set(err, -ENOENT, "%s: no Go runtime found", s->m->name);
}
