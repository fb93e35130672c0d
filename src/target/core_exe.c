/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_exe: which mappings are the executable's.
 *
 * The file whose mapping holds the program headers that the kernel told the
 * program of (AT_PHDR). Where the notes name no files (a gcore's stand at its
 * end and are the first to be cut off) --exe's own headers say where it was.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "target/core_private.h"

#define PAGE ((uint64_t)4096)

bool core_is_exe(const struct core *c, const struct core_mapping *f)
{
	return c->exe.n && str_eq(c->exe, f->path);
}

static struct str last_part(struct str path)
{
	return str_skip(path, (size_t)(str_find_last(path, '/') + 1));
}

/* An emulator's own program is not the one that is meant by --exe. */
static const struct core_mapping *by_name(const struct core *c)
{
	struct str want = last_part(str_from(c->exe_option));

	for (size_t i = 0; i < c->notes.n_files; i++) {
		if (str_eq(last_part(c->notes.files[i].path), want))
			return &c->notes.files[i];
	}
	return NULL;
}

static const struct core_mapping *mapping_of(const struct core *c)
{
	const struct core_mapping *f = NULL;

	if (c->exe_option)
		f = by_name(c);
	if (!f && c->notes.headers)
		f = core_notes_file(&c->notes, c->notes.headers);
	if (!f && c->notes.entry)
		f = core_notes_file(&c->notes, c->notes.entry);
	return f;
}

static bool ids_fit(const struct core *c, const struct build_ids *ids)
{
	return build_ids_compare(ids, &c->files[0]->binary.ids) != BUILD_OTHER;
}

static int other_binary(const struct core *c, const struct build_ids *ids, struct err *err)
{
	char has[100], wants[100];

	build_ids_text(&c->files[0]->binary.ids, has, sizeof(has));
	build_ids_text(ids, wants, sizeof(wants));
	return err_set(err, -EBADMSG, "%s: is not the binary of %s: build id %.40s, not %.40s",
		       c->exe_option, c->source.name, has, wants);
}

/* The segment that begins with an ELF header as --exe's. */
static bool find_header(const struct core *c, const struct core_binary *b, uint64_t *ret)
{
	Elf64_Ehdr eh;

	for (size_t i = 0; i < c->elf.n_loads; i++) {
		uint64_t at = c->elf.loads[i].addr;

		if (core_own_read(c, at, &eh, sizeof(eh)) &&
		    memcmp(eh.e_ident, ELFMAG, SELFMAG) == 0 && eh.e_type == b->elf.type &&
		    eh.e_machine == b->elf.machine && eh.e_entry == b->elf.entry) {
			*ret = at;
			return true;
		}
	}
	return false;
}

/* How far from its own addresses the binary was loaded. */
static bool find_bias(const struct core *c, const struct core_binary *b, uint64_t *ret)
{
	uint64_t at;

	if (b->elf.type == ET_EXEC) {
		*ret = 0;
		return true;
	}
	for (size_t i = 0; i < b->elf.n_loads; i++) {
		const struct core_segment *s = &b->elf.loads[i];

		if (c->notes.headers && b->elf.headers - s->offset < s->file_size) {
			*ret = c->notes.headers - (b->elf.headers - s->offset + s->addr);
			return true;
		}
		if (s->offset == 0 && find_header(c, b, &at)) {
			*ret = at - s->addr;
			return true;
		}
	}
	return false;
}

/* The mappings that the loader makes of the binary, where the notes tell of none. */
static int add_mappings(struct core *c, const struct core_binary *b, uint64_t bias, struct err *err)
{
	size_t n = b->elf.n_loads;

	free(c->notes.files);
	c->notes.n_files = 0;
	c->notes.files = calloc(n + 1, sizeof(*c->notes.files));
	if (!c->notes.files)
		return err_set(err, -ENOMEM, "%s: no memory for its mappings", c->source.name);
	c->exe = str_from(c->exe_option);
	for (size_t i = 0; i < n; i++) {
		const struct core_segment *s = &b->elf.loads[i];
		uint64_t start = s->addr + bias, end, prev;
		struct core_mapping m = { .path = c->exe };

		if (!s->file_size || s->offset % PAGE != s->addr % PAGE ||
		    __builtin_add_overflow(start, s->file_size + PAGE - 1, &end))
			continue;
		m.start = start - start % PAGE;
		m.end = end - end % PAGE;
		m.offset = s->offset - s->offset % PAGE;
		prev = c->notes.n_files ? c->notes.files[c->notes.n_files - 1].end : 0;
		if (m.start >= prev && m.start < m.end)
			c->notes.files[c->notes.n_files++] = m;
	}
	return 0;
}

static int from_binary(struct core *c, struct err *err)
{
	const struct core_binary *b = &c->files[0]->binary;
	uint64_t bias;
	int r;

	if (!find_bias(c, b, &bias))
		return err_set(err, -EBADMSG, "%s: where %s was loaded cannot be told",
			       c->source.name, c->exe_option);
	r = add_mappings(c, b, bias, err);
	return r < 0 ? r : core_ranges_make(c, err);
}

/* Equal build ids, or no ids to compare and the same ELF header where the core holds one. */
static int check_binary(struct core *c, const struct core_mapping *f, struct err *err)
{
	const struct core_elf *e = &c->files[0]->binary.elf;
	Elf64_Ehdr eh;

	if (!ids_fit(c, &c->ids))
		return other_binary(c, &c->ids, err);
	if (f->offset == 0 && core_own_read(c, f->start, &eh, sizeof(eh)) &&
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) == 0 &&
	    (eh.e_entry != e->entry || eh.e_machine != e->machine || eh.e_type != e->type))
		return err_set(err, -EBADMSG, "%s: is not the binary of %s: its entry is elsewhere",
			       c->exe_option, c->source.name);
	return 0;
}

int core_exe_find(struct core *c, struct err *err)
{
	const struct core_mapping *f;
	int r = c->exe_option ? core_files_add_exe(c, err) : 0;

	if (r < 0)
		return r;
	f = mapping_of(c);
	if (!f && c->exe_option && c->files_known)
		return err_set(err, -EBADMSG, "%s: %s is not among the files it had mapped",
			       c->source.name, c->exe_option);
	if (!f && c->exe_option) {
		r = from_binary(c, err);
		f = c->notes.n_files ? &c->notes.files[0] : NULL;
	}
	if (r < 0 || !f)
		return r;
	c->exe = f->path;
	core_ids_of(c, c->exe, &c->ids);
	r = c->exe_option ? check_binary(c, f, err) : 0;
	return r < 0 ? r : core_ranges_make(c, err);
}
