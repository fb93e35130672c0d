/* SPDX-License-Identifier: Apache-2.0 */
/* core_files: the files that the core's process had mapped, as they are on this host. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "target/core_private.h"

#define SEGMENTS_MAX 64U
#define NOTE_MAX 4096U

static void file_free(struct core_file *f)
{
	if (!f)
		return;
	core_binary_release(&f->binary);
	free(f->path);
	free(f);
}

void core_files_release(struct core *c)
{
	for (size_t i = 0; i < c->n_files; i++)
		file_free(c->files[i]);
	c->n_files = 0;
}

/* The mapping of @path's first bytes. */
static const struct core_mapping *first_of(const struct core *c, struct str path)
{
	for (size_t i = 0; i < c->notes.n_files; i++) {
		if (c->notes.files[i].offset == 0 && str_eq(c->notes.files[i].path, path))
			return &c->notes.files[i];
	}
	return NULL;
}

void core_ids_of(const struct core *c, struct str path, struct build_ids *ret)
{
	const struct core_mapping *f = first_of(c, path);
	Elf64_Phdr p[SEGMENTS_MAX];
	char note[NOTE_MAX];
	Elf64_Ehdr eh;

	*ret = (struct build_ids){ .n_gnu = 0 };
	if (!f || !core_own_read(c, f->start, &eh, sizeof(eh)) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_phnum > SEGMENTS_MAX ||
	    eh.e_phentsize != sizeof(p[0]) ||
	    !core_own_read(c, f->start + eh.e_phoff, p, eh.e_phnum * sizeof(p[0])))
		return;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		if (p[i].p_type == PT_NOTE && p[i].p_filesz <= sizeof(note) &&
		    core_own_read(c, f->start + p[i].p_offset, note, (size_t)p[i].p_filesz))
			build_ids_take((struct str){ note, (size_t)p[i].p_filesz }, ret);
	}
}

/* Without the kernel's " (deleted)": its build id tells whether what is there now is the same. */
static char *path_text(struct str path)
{
	if (str_has_suffix(path, STR(" (deleted)")))
		path.n -= strlen(" (deleted)");
	return strndup(path.p, path.n);
}

static struct core_file *open_file(struct core *c, struct str path)
{
	struct core_file *f = calloc(1, sizeof(*f));
	struct build_ids ids;

	if (!f)
		return NULL;
	f->path = path_text(path);
	if (f->path && f->path[0] == '/' && core_binary_open(f->path, &f->binary, NULL) == 0) {
		core_ids_of(c, path, &ids);
		f->usable = build_ids_compare(&ids, &f->binary.ids) == BUILD_SAME;
	}
	return f;
}

static struct core_file *find_file(struct core *c, const char *path)
{
	for (size_t i = 0; i < c->n_files; i++) {
		if (strcmp(c->files[i]->path, path) == 0)
			return c->files[i];
	}
	return NULL;
}

struct core_file *core_file_of(struct core *c, const struct core_mapping *m)
{
	_cleanup_(free_ptr) char *path = path_text(m->path);
	struct core_file *f;

	if (!path)
		return NULL;
	if (c->exe_option && core_is_exe(c, m))
		return c->files[0];
	f = find_file(c, path);
	if (!f && c->n_files < CORE_BINARIES_MAX) {
		f = open_file(c, m->path);
		if (f && !f->path) {
			file_free(f);
			return NULL;
		}
		if (f)
			c->files[c->n_files++] = f;
	}
	return f && f->usable ? f : NULL;
}

bool core_from_file(struct core *c, const struct core_mapping *m, uint64_t addr, void *dst,
		    size_t len)
{
	struct core_file *f = core_file_of(c, m);
	uint64_t at;

	return f && !__builtin_add_overflow(m->offset, addr - m->start, &at) &&
	       core_binary_read(&f->binary, at, dst, len);
}

int core_files_add_exe(struct core *c, struct err *err)
{
	struct core_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "%s: no memory", c->source.name);
	f->path = strdup(c->exe_option);
	r = f->path ? core_binary_open(f->path, &f->binary, err)
		    : err_set(err, -ENOMEM, "%s: no memory", c->source.name);
	if (r < 0) {
		file_free(f);
		return r;
	}
	f->binary.source.name = f->path;
	f->usable = true;
	c->files[c->n_files++] = f;
	return 0;
}
