/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core_elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cur.h"
#include "target/mem.h"

/* vm.max_map_count is 65530 unless somebody raised it. */
#define HEADERS_MAX ((uint64_t)1 << 20)
#define BINARY_NOTE_MAX ((uint64_t)4096)

bool core_source_read(const struct core_source *s, uint64_t at, void *dst, size_t len)
{
	uint8_t *to = dst;
	uint64_t end;

	if (__builtin_add_overflow(at, len, &end) || end > s->size)
		return false;
	while (len) {
		ssize_t n = pread(s->fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static int headers_failed(const struct core_source *s, uint64_t at, const char *what,
			  struct err *err)
{
	if (at > s->size)
		return err_set(err, -EBADMSG, "%s: ends at offset %" PRIu64 ", in its %s", s->name,
			       s->size, what);
	return err_set(err, -EBADMSG, "%s: offset %" PRIu64 ": no sound %s", s->name, at, what);
}

static int read_header(const struct core_source *s, Elf64_Ehdr *eh, struct err *err)
{
	if (s->size == 0)
		return err_set(err, -EBADMSG, "%s: is empty", s->name);
	if (!core_source_read(s, 0, eh, sizeof(*eh)))
		return headers_failed(s, sizeof(*eh), "ELF header", err);
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(err, -EBADMSG, "%s: is no ELF file", s->name);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return err_set(err, -ENOTSUP, "%s: is not of a 64-bit little-endian machine",
			       s->name);
	if (eh->e_machine != EM_X86_64 && eh->e_machine != EM_AARCH64)
		return err_set(err, -ENOTSUP, "%s: is of machine %u; x86-64 and AArch64 are known",
			       s->name, eh->e_machine);
	return 0;
}

/* More than 65534 program headers: their number is in the first section header. */
static int count_of(const struct core_source *s, const Elf64_Ehdr *eh, uint64_t *ret,
		    struct err *err)
{
	Elf64_Shdr first;

	*ret = eh->e_phnum;
	if (eh->e_phnum != PN_XNUM)
		return 0;
	if (!core_source_read(s, eh->e_shoff, &first, sizeof(first)))
		return headers_failed(s, eh->e_shoff, "count of program headers", err);
	*ret = first.sh_info;
	return 0;
}

static unsigned prot_of(uint32_t flags)
{
	return (flags & PF_R ? MEM_R : 0U) | (flags & PF_W ? MEM_W : 0U) |
	       (flags & PF_X ? MEM_X : 0U);
}

static int take_headers(struct core_elf *e, const Elf64_Phdr *p, uint64_t n)
{
	e->loads = calloc(n + 1, sizeof(*e->loads));
	e->notes = calloc(n + 1, sizeof(*e->notes));
	if (!e->loads || !e->notes)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		struct core_segment v = { .addr = p[i].p_vaddr,
					  .mem_size = p[i].p_memsz,
					  .offset = p[i].p_offset,
					  .file_size = p[i].p_filesz,
					  .prot = prot_of(p[i].p_flags) };

		if (p[i].p_type == PT_LOAD && v.mem_size)
			e->loads[e->n_loads++] = v;
		else if (p[i].p_type == PT_NOTE)
			e->notes[e->n_notes++] = v;
	}
	return 0;
}

int core_elf_read(const struct core_source *s, struct core_elf *ret, struct err *err)
{
	_cleanup_(free_ptr) Elf64_Phdr *headers = NULL;
	_cleanup_(core_elf_release) struct core_elf e = { 0 };
	uint64_t n = 0, end;
	Elf64_Ehdr eh;
	int r = read_header(s, &eh, err);

	if (r == 0)
		r = count_of(s, &eh, &n, err);
	if (r < 0)
		return r;
	if (eh.e_phentsize != sizeof(Elf64_Phdr) || n > HEADERS_MAX ||
	    __builtin_add_overflow(eh.e_phoff, n * sizeof(Elf64_Phdr), &end))
		return headers_failed(s, 0, "ELF header", err);
	if (end > s->size)
		return headers_failed(s, end, "program headers", err);
	headers = malloc(n * sizeof(*headers) + 1);
	if (!headers)
		return err_set(err, -ENOMEM, "%s: no memory for its headers", s->name);
	if (!core_source_read(s, eh.e_phoff, headers, n * sizeof(*headers)))
		return err_set(err, -EIO, "%s: offset %" PRIu64 ": cannot be read", s->name,
			       (uint64_t)eh.e_phoff);
	if (take_headers(&e, headers, n) < 0)
		return err_set(err, -ENOMEM, "%s: no memory for its headers", s->name);
	e.type = eh.e_type;
	e.machine = eh.e_machine;
	e.entry = eh.e_entry;
	e.headers = eh.e_phoff;
	*ret = e;
	e = (struct core_elf){ 0 };
	return 0;
}

void core_elf_release(struct core_elf *e)
{
	free(e->loads);
	free(e->notes);
}

static uint64_t padded(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

bool core_note_take(struct str *notes, struct core_note *ret)
{
	struct cur c = cur_over(notes->p, notes->n, "");
	uint32_t name = cur_u32(&c), desc = cur_u32(&c);

	ret->type = cur_u32(&c);
	ret->name = cur_bytes(&c, name);
	cur_bytes(&c, padded(name) - name);
	ret->desc = cur_bytes(&c, desc);
	if (c.bad)
		return false;
	/* the last one's padding may be missing */
	*notes = str_skip(*notes, (size_t)(c.at + (padded(desc) - desc)));
	while (ret->name.n && ret->name.p[ret->name.n - 1] == '\0')
		ret->name.n--;
	return true;
}

#define NT_GO_BUILD_ID 4 /* Go src/cmd/link/internal/ld/elf.go ELF_NOTE_GOBUILDID_TAG */

static size_t keep(uint8_t *to, size_t room, struct str desc)
{
	size_t n = desc.n < room ? desc.n : room;

	memcpy(to, desc.p, n);
	return n;
}

void build_ids_take(struct str notes, struct build_ids *ids)
{
	struct core_note n;

	while (core_note_take(&notes, &n)) {
		if (n.type == NT_GNU_BUILD_ID && str_eq(n.name, STR("GNU")))
			ids->n_gnu = keep(ids->gnu, sizeof(ids->gnu), n.desc);
		if (n.type == NT_GO_BUILD_ID && str_eq(n.name, STR("Go")))
			ids->n_go = keep(ids->go, sizeof(ids->go), n.desc);
	}
}

void build_ids_of(const struct core_source *s, const struct core_elf *e, struct build_ids *ret)
{
	char bytes[BINARY_NOTE_MAX];

	*ret = (struct build_ids){ .n_gnu = 0 };
	for (size_t i = 0; i < e->n_notes; i++) {
		size_t len = (size_t)e->notes[i].file_size;

		if (e->notes[i].file_size <= sizeof(bytes) &&
		    core_source_read(s, e->notes[i].offset, bytes, len))
			build_ids_take((struct str){ bytes, len }, ret);
	}
}

enum build_ids_same build_ids_compare(const struct build_ids *a, const struct build_ids *b)
{
	bool gnu = a->n_gnu && b->n_gnu, go = a->n_go && b->n_go;

	if (gnu && (a->n_gnu != b->n_gnu || memcmp(a->gnu, b->gnu, a->n_gnu) != 0))
		return BUILD_OTHER;
	if (go && (a->n_go != b->n_go || memcmp(a->go, b->go, a->n_go) != 0))
		return BUILD_OTHER;
	return gnu || go ? BUILD_SAME : BUILD_UNKNOWN;
}

void build_ids_text(const struct build_ids *ids, char *to, size_t room)
{
	*to = '\0';
	if (!ids->n_gnu) {
		snprintf(to, room, "%.*s", (int)ids->n_go, (const char *)ids->go);
		return;
	}
	for (size_t i = 0; i < ids->n_gnu && 2 * i + 3 <= room; i++)
		snprintf(to + 2 * i, 3, "%02x", ids->gnu[i]);
}
