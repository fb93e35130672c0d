/* SPDX-License-Identifier: Apache-2.0 */
/* core_ranges: the mappings of a core file, from its segments and the files its notes name. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "target/core_private.h"

/* Above, addresses are the kernel's ([vsyscall]). */
#define USER_END (UINT64_C(1) << 63)

static int by_addr(const void *a, const void *b)
{
	const struct core_segment *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int check(const struct core *c, struct err *err)
{
	uint64_t end = 0;

	for (size_t i = 0; i < c->elf.n_loads; i++) {
		const struct core_segment *s = &c->elf.loads[i];

		if (s->addr < end || __builtin_add_overflow(s->addr, s->mem_size, &end))
			return err_set(err, -EBADMSG, "%s: its segment at 0x%" PRIx64 " overlaps",
				       c->source.name, s->addr);
	}
	return 0;
}

static void add(struct core *c, uint64_t start, uint64_t end, const struct core_segment *s)
{
	struct core_range *range = &c->ranges[c->n];

	c->regions[c->n] = (struct mem_region){ .start = start,
						.end = end,
						.prot = s && start < USER_END ? s->prot
							: s		      ? 0
									      : MEM_R };
	*range = (struct core_range){ 0 };
	if (s) {
		range->offset = s->offset;
		range->kept = s->file_size < s->mem_size ? s->file_size : s->mem_size;
	}
	c->n++;
}

/* gcore leaves read-only parts of files out, header and all: the notes still tell of them. */
static void add_gap(struct core *c, uint64_t from, uint64_t to, size_t *file)
{
	for (; *file < c->notes.n_files; ++*file) {
		const struct core_mapping *f = &c->notes.files[*file];
		uint64_t start = f->start > from ? f->start : from;
		uint64_t end = f->end < to ? f->end : to;

		if (f->start >= to)
			return;
		if (start < end)
			add(c, start, end, NULL);
		if (f->end > to)
			return;
	}
}

static void short_name(struct str name, char *to, size_t room)
{
	if (str_has_prefix(name, STR("/")))
		name = str_skip(name, (size_t)str_find_last(name, '/') + 1);
	if (name.n > room - 1)
		name.n = room - 1;
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
}

static void describe(struct core *c, struct mem_region *r)
{
	const struct core_mapping *f = core_notes_file(&c->notes, r->start);
	bool vdso = c->notes.vdso && c->notes.vdso - r->start < r->end - r->start;

	if (f) {
		r->file_offset = f->offset + (r->start - f->start);
		r->exe = core_is_exe(c, f);
		short_name(f->path, r->name, sizeof(r->name));
	} else if (vdso) {
		short_name(STR("[vdso]"), r->name, sizeof(r->name));
	} else {
		r->anonymous = r->start < USER_END;
		if (c->notes.exec_name && c->notes.exec_name - r->start < r->end - r->start)
			short_name(STR("[stack]"), r->name, sizeof(r->name));
	}
}

/*
 * A private anonymous mapping without any page of its own is left out by the
 * kernel (vma_dump_size: no anon_vma). So is every one where coredump_filter
 * says so: then none is in the core, and nothing can be said.
 */
static void mark_zeros(struct core *c)
{
	bool keeps = false;

	for (size_t i = 0; i < c->n; i++)
		keeps |= c->regions[i].anonymous && (c->regions[i].prot & MEM_W) &&
			 c->ranges[i].kept;
	for (size_t i = 0; keeps && c->files_known && i < c->n; i++)
		c->ranges[i].zeros = c->regions[i].anonymous && !c->ranges[i].kept;
}

int core_ranges_make(struct core *c, struct err *err)
{
	size_t room = c->elf.n_loads + c->notes.n_files + c->elf.n_loads + 2, file = 0;
	uint64_t at = 0;
	int r;

	if (c->elf.n_loads)
		qsort(c->elf.loads, c->elf.n_loads, sizeof(*c->elf.loads), by_addr);
	r = check(c, err);
	if (r < 0)
		return r;
	free(c->regions);
	free(c->ranges);
	c->n = 0;
	c->regions = calloc(room, sizeof(*c->regions));
	c->ranges = calloc(room, sizeof(*c->ranges));
	if (!c->regions || !c->ranges)
		return err_set(err, -ENOMEM, "%s: no memory for its mappings", c->source.name);
	for (size_t i = 0; i < c->elf.n_loads; i++) {
		const struct core_segment *s = &c->elf.loads[i];

		add_gap(c, at, s->addr, &file);
		at = s->addr + s->mem_size;
		add(c, s->addr, at, s);
	}
	add_gap(c, at, UINT64_MAX, &file);
	for (size_t i = 0; i < c->n; i++)
		describe(c, &c->regions[i]);
	mark_zeros(c);
	return 0;
}

bool core_own_read(const struct core *c, uint64_t addr, void *dst, size_t len)
{
	const struct mem_region *r = mem_region_find(c->regions, c->n, addr);
	const struct core_range *range = r ? &c->ranges[r - c->regions] : NULL;
	uint64_t at;

	return r && addr - r->start <= range->kept && len <= range->kept - (addr - r->start) &&
	       !__builtin_add_overflow(range->offset, addr - r->start, &at) &&
	       core_source_read(&c->source, at, dst, len);
}
