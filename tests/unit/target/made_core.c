/* SPDX-License-Identifier: Apache-2.0 */
#include "made_core.h"

#include <string.h>

#define HEADERS 8U
#define NOTES_AT 0x1000U
#define NOTES_ROOM 0x1000U
#define ID_AT 0x200U
#define ENTRY 0x400100U

static void note(struct buf *b, const char *name, uint32_t type, const void *desc, size_t n)
{
	static const char zeros[4] = { 0 };
	Elf64_Nhdr h = { .n_namesz = (uint32_t)strlen(name) + 1,
			 .n_descsz = (uint32_t)n,
			 .n_type = type };

	buf_add(b, &h, sizeof(h));
	buf_add(b, name, h.n_namesz);
	buf_add(b, zeros, (4 - h.n_namesz % 4) % 4);
	buf_add(b, desc, n);
	buf_add(b, zeros, (4 - n % 4) % 4);
}

static void u64(char *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void add_files(struct buf *b, const char *path)
{
	uint64_t head[] = { 3,
			    MADE_PAGE,
			    MADE_TEXT,
			    MADE_TEXT + 0x2000,
			    0,
			    MADE_RODATA,
			    MADE_RODATA + 0x1000,
			    2,
			    MADE_DATA,
			    MADE_DATA + 0x1000,
			    3 };
	BUF(files, (size_t)8192);

	buf_add(&files, head, sizeof(head));
	for (int i = 0; i < 3; i++)
		buf_add(&files, path, strlen(path) + 1);
	note(b, "CORE", NT_FILE, files.p, files.n);
}

static void add_notes(struct buf *b, const char *path)
{
	uint64_t auxv[] = { AT_ENTRY,  ENTRY,	       AT_PHDR, MADE_TEXT + 64,
			    AT_EXECFN, MADE_STACK + 8, AT_NULL, 0 };
	char status[112 + 27 * 8 + 8] = { 0 }, info[136] = { 0 };
	int signal[32] = { 6 };

	status[12] = 6;
	u64(status + 32, 4243);
	u64(status + 112 + 16 * 8, 0x400123);
	u64(status + 112 + 19 * 8, MADE_STACK + 0x800);
	u64(info + 24, 4242);
	memcpy(info + 40, "api", 4);
	memcpy(info + 56, "/nowhere/api -x", 16);
	note(b, "CORE", NT_PRSTATUS, status, sizeof(status));
	note(b, "CORE", NT_PRPSINFO, info, sizeof(info));
	note(b, "LINUX", 0x202, info, 17);
	note(b, "CORE", NT_SIGINFO, signal, sizeof(signal));
	note(b, "CORE", NT_AUXV, auxv, sizeof(auxv));
	add_files(b, path);
}

/* The executable's first page: header, one PT_NOTE, the build id. */
static void first_page(struct buf *b, const char *id)
{
	Elf64_Ehdr eh = { .e_ident = ELFMAG,
			  .e_type = ET_EXEC,
			  .e_machine = EM_X86_64,
			  .e_entry = ENTRY,
			  .e_phoff = sizeof(eh),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 4 };
	Elf64_Phdr p[4] = {
		{ .p_type = PT_NOTE, .p_offset = ID_AT },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_vaddr = MADE_TEXT,
		  .p_filesz = 0x2000,
		  .p_memsz = 0x2000 },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R,
		  .p_vaddr = MADE_RODATA,
		  .p_offset = 0x2000,
		  .p_filesz = 0x1000,
		  .p_memsz = 0x1000 },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_W,
		  .p_vaddr = MADE_DATA,
		  .p_offset = 0x3000,
		  .p_filesz = 0x1000,
		  .p_memsz = 0x1000 },
	};
	size_t start = b->n;
	BUF(ids, (size_t)4096);

	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	note(&ids, "GNU", NT_GNU_BUILD_ID, id, strlen(id));
	p[0].p_filesz = ids.n;
	buf_add(b, &eh, sizeof(eh));
	buf_add(b, p, sizeof(p));
	while (b->n < start + ID_AT)
		buf_char(b, 'A');
	buf_add(b, ids.p, ids.n);
	while (b->n < start + MADE_PAGE)
		buf_char(b, 'A');
}

static void page(struct buf *b, char c)
{
	for (unsigned i = 0; i < MADE_PAGE; i++)
		buf_char(b, c);
}

void made_binary(struct buf *out, const char *id)
{
	first_page(out, id);
	for (char c = 'B'; c <= 'D'; c++)
		page(out, c);
}

struct plan {
	uint64_t addr, size, kept;
	uint32_t flags;
};

static unsigned plan_of(struct plan *v, unsigned change)
{
	unsigned n = 0;
	bool anon = !(change & MADE_NO_ANON);

	v[n++] = (struct plan){ MADE_TEXT, 0x2000, MADE_PAGE, PF_R | PF_X };
	if (!(change & MADE_NO_RODATA))
		v[n++] = (struct plan){ MADE_RODATA, 0x1000, 0, PF_R };
	v[n++] = (struct plan){ MADE_DATA, 0x1000, MADE_PAGE, PF_R | PF_W };
	v[n++] = (struct plan){ MADE_HEAP, 0x1000, anon ? MADE_PAGE : 0, PF_R | PF_W };
	v[n++] = (struct plan){ MADE_FRESH, 0x1000, 0, PF_R | PF_W };
	v[n++] = (struct plan){ MADE_STACK, 0x1000, anon ? MADE_PAGE : 0, PF_R | PF_W };
	if (change & MADE_OVERLAP)
		v[2].addr = MADE_TEXT + 0x1000;
	if (change & MADE_HUGE)
		v[4].addr = UINT64_MAX - 0x800;
	return n;
}

static Elf64_Ehdr header(unsigned n, unsigned change)
{
	Elf64_Ehdr eh = { .e_ident = ELFMAG,
			  .e_type = ET_CORE,
			  .e_machine = EM_X86_64,
			  .e_phoff = sizeof(eh),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = (uint16_t)n };

	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	if (change & MADE_XNUM) {
		eh.e_shoff = eh.e_phoff + HEADERS * sizeof(Elf64_Phdr);
		eh.e_phnum = PN_XNUM;
	}
	return eh;
}

static void headers(struct buf *out, const struct plan *plan, unsigned n, unsigned change,
		    size_t n_notes)
{
	Elf64_Ehdr eh = header(n + 1, change);
	Elf64_Phdr p[HEADERS] = {
		{ .p_type = PT_NOTE, .p_offset = NOTES_AT, .p_filesz = n_notes }
	};
	Elf64_Shdr count = { .sh_info = n + 1 };
	uint64_t at = NOTES_AT + NOTES_ROOM;

	for (unsigned i = 0; i < n; i++) {
		p[i + 1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_flags = plan[i].flags,
					 .p_offset = at,
					 .p_vaddr = plan[i].addr,
					 .p_filesz = plan[i].kept,
					 .p_memsz = plan[i].size };
		at += plan[i].kept;
	}
	buf_add(out, &eh, sizeof(eh));
	buf_add(out, p, sizeof(p));
	buf_add(out, &count, sizeof(count));
	while (out->n < NOTES_AT)
		buf_char(out, '\0');
}

void made_core(struct buf *out, unsigned change, const char *path, const char *id)
{
	struct plan plan[HEADERS];
	unsigned n = plan_of(plan, change);
	BUF(notes, (size_t)NOTES_ROOM);

	if (!(change & MADE_NO_NOTES))
		add_notes(&notes, path);
	headers(out, plan, n, change, notes.n);
	buf_str(out, buf_view(&notes));
	while (out->n < NOTES_AT + NOTES_ROOM)
		buf_char(out, '\0');
	for (unsigned i = 0; i < n; i++) {
		if (plan[i].addr == MADE_TEXT)
			first_page(out, id);
		else if (plan[i].kept)
			page(out, plan[i].addr == MADE_DATA   ? 'd'
				  : plan[i].addr == MADE_HEAP ? 'h'
							      : 's');
	}
}
