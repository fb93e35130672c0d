/* SPDX-License-Identifier: Apache-2.0 */
#include "image/exe_headers.h"

#include <elf.h>
#include <errno.h>

#include "base/cur.h"

#define PROGRAM_HEADERS_MAX 64
#define SECTION_HEADERS_MAX 512
#define NOTE_MAX 4096U
#define PAGE 4096U

/* As mem_read(), where a range that cannot be had is no failure but "not there": 1 had, 0 not. */
static int had(struct mem *m, uint64_t addr, void *dst, size_t len, struct err *err)
{
	struct mem_piece v = { addr, dst, len, false };
	int r = mem_readv(m, &v, 1, err);

	return r < 0 ? r : v.ok;
}

static bool same_file(const struct mem_region *a, const struct mem_region *b)
{
	return !b->anonymous && a->exe == b->exe && strcmp(a->name, b->name) == 0;
}

/* Where [off, off + len) of the file of @first is mapped, 0 if nowhere. */
static uint64_t mapped_at(const struct mem *m, const struct mem_region *first, uint64_t off,
			  uint64_t len)
{
	for (size_t i = 0; i < m->n_regions; i++) {
		const struct mem_region *r = &m->regions[i];
		uint64_t size = r->end - r->start;

		if (same_file(first, r) && off >= r->file_offset && off - r->file_offset < size &&
		    len <= size - (off - r->file_offset))
			return r->start + (off - r->file_offset);
	}
	return 0;
}

/* The first PT_LOAD gives the bias, PT_NOTEs come after it in our reading. */
static bool take_segments(struct exe_headers *h, const Elf64_Phdr *p, unsigned n, uint64_t start,
			  uint64_t *bias)
{
	bool known = false;

	for (unsigned i = 0; i < n && !known; i++) {
		known = p[i].p_type == PT_LOAD && p[i].p_offset < PAGE;
		if (known)
			*bias = start - (p[i].p_vaddr - p[i].p_offset);
	}
	for (unsigned i = 0; known && i < n && h->n_notes < EXE_NOTES_MAX; i++) {
		uint64_t at = p[i].p_vaddr + *bias;

		if (p[i].p_type == PT_NOTE && p[i].p_filesz <= NOTE_MAX)
			h->notes[h->n_notes++] = (struct span64){ at, at + p[i].p_filesz };
	}
	return known;
}

static void take_sections(struct exe_headers *h, const Elf64_Shdr *s, unsigned n, uint64_t bias)
{
	for (unsigned i = 0; i < n && h->n_sections < EXE_SECTIONS_MAX; i++) {
		uint64_t at = s[i].sh_addr + bias;

		if ((s[i].sh_flags & SHF_ALLOC) && s[i].sh_type != SHT_NOBITS && s[i].sh_size &&
		    s[i].sh_size < INT64_MAX && at + s[i].sh_size > at)
			h->sections[h->n_sections++] = (struct span64){ at, at + s[i].sh_size };
	}
}

static int read_sections(struct mem *m, const struct mem_region *first, const Elf64_Ehdr *eh,
			 uint64_t bias, struct exe_headers *h, struct err *err)
{
	size_t len = eh->e_shnum * sizeof(Elf64_Shdr);
	_cleanup_(free_ptr) Elf64_Shdr *sections = NULL;
	uint64_t at;
	int r;

	if (!eh->e_shnum || eh->e_shnum > SECTION_HEADERS_MAX ||
	    eh->e_shentsize != sizeof(Elf64_Shdr))
		return 0;
	at = mapped_at(m, first, eh->e_shoff, len);
	if (!at)
		return 0;
	sections = malloc(len);
	if (!sections)
		return err_set(err, -ENOMEM, "%s: no memory for section headers", m->name);
	r = had(m, at, sections, len, err);
	if (r > 0)
		take_sections(h, sections, eh->e_shnum, bias);
	return r < 0 ? r : 0;
}

int exe_headers_read(struct mem *m, const struct mem_region *first, struct exe_headers *ret,
		     struct err *err)
{
	struct exe_headers h = { .found = false };
	Elf64_Phdr segments[PROGRAM_HEADERS_MAX];
	uint64_t bias = 0;
	Elf64_Ehdr eh;
	int r = had(m, first->start, &eh, sizeof(eh), err);

	if (r < 0)
		return r;
	h.found = r > 0 && memcmp(eh.e_ident, ELFMAG, SELFMAG) == 0;
	if (h.found) {
		h.class = eh.e_ident[EI_CLASS];
		h.machine = eh.e_machine;
	}
	if (h.found && h.class == ELFCLASS64 && eh.e_phnum && eh.e_phnum <= PROGRAM_HEADERS_MAX &&
	    eh.e_phentsize == sizeof(Elf64_Phdr)) {
		r = had(m, first->start + eh.e_phoff, segments, eh.e_phnum * sizeof(Elf64_Phdr),
			err);
		if (r > 0 && take_segments(&h, segments, eh.e_phnum, first->start, &bias))
			r = read_sections(m, first, &eh, bias, &h, err);
		if (r < 0)
			return r;
	}
	*ret = h;
	return 0;
}

struct note {
	uint32_t type;
	struct str name, desc;
};

static uint64_t round4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

/* Note layout: gABI "Note Section": namesz, descsz, type, name, desc, each padded to 4. */
static bool take_note(struct cur *c, struct note *ret)
{
	uint32_t name = cur_u32(c), desc = cur_u32(c);

	ret->type = cur_u32(c);
	ret->name = cur_bytes(c, name);
	cur_bytes(c, round4(name) - name);
	ret->desc = cur_bytes(c, desc);
	if (!c->bad && cur_left(c))
		cur_bytes(c, round4(desc) - desc);
	return !c->bad;
}

#define NT_GO_BUILD_ID 4 /* src/cmd/link/internal/ld/elf.go ELF_NOTE_GOBUILDID_TAG */

struct notes_found {
	char gnu[2 * 64 + 1], go[256];
	bool is_go;
};

static void keep_gnu(struct notes_found *f, struct str id)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = id.n < sizeof(f->gnu) / 2 ? id.n : sizeof(f->gnu) / 2;

	for (size_t i = 0; i < n; i++) {
		f->gnu[2 * i] = digits[(uint8_t)id.p[i] >> 4];
		f->gnu[2 * i + 1] = digits[(uint8_t)id.p[i] & 15];
	}
	f->gnu[2 * n] = '\0';
}

static void keep_go(struct notes_found *f, struct str id)
{
	size_t n = id.n < sizeof(f->go) - 1 ? id.n : sizeof(f->go) - 1;

	for (size_t i = 0; i < n; i++)
		f->go[i] = id.p[i];
	f->go[n] = '\0';
}

static int read_notes(struct mem *m, const struct exe_headers *h, struct notes_found *f,
		      struct err *err)
{
	uint8_t bytes[NOTE_MAX];

	for (unsigned i = 0; i < h->n_notes; i++) {
		size_t len = (size_t)(h->notes[i].to - h->notes[i].from);
		int r = had(m, h->notes[i].from, bytes, len, err);
		struct cur c = cur_over(bytes, r > 0 ? len : 0, m->name);
		struct note note;

		if (r < 0)
			return r;
		while (cur_left(&c) && take_note(&c, &note)) {
			if (note.type == NT_GNU_BUILD_ID && str_eq(note.name, STR("GNU\0")))
				keep_gnu(f, note.desc);
			if (note.type == NT_GO_BUILD_ID && str_eq(note.name, STR("Go\0\0"))) {
				f->is_go = true;
				keep_go(f, note.desc);
			}
		}
	}
	return 0;
}

int exe_build_id(struct mem *m, const struct exe_headers *h, char *ret, size_t size,
		 struct err *err)
{
	struct notes_found f = { .is_go = false };
	int r = read_notes(m, h, &f, err);

	if (r < 0)
		return r;
	snprintf(ret, size, "%s", f.gnu[0] ? f.gnu : f.go);
	return 0;
}

int exe_has_go_note(struct mem *m, const struct exe_headers *h, bool *ret, struct err *err)
{
	struct notes_found f = { .is_go = false };
	int r = read_notes(m, h, &f, err);

	if (r < 0)
		return r;
	*ret = f.is_go;
	return 0;
}
