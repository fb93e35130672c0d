/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny.h"

#include "image/build_info.h"
#include "t.h"

#define WRAPPER 22
#define GOPANIC 10

/* A value of a pc-value table and for how many bytes of code it holds. */
struct stretch {
	int32_t value;
	uint32_t len;
};

struct tiny_inlined {
	const char *name;
	uint32_t parent_pc;
	uint8_t id;
};

struct tiny_func {
	const char *name;
	uint32_t size;
	uint8_t id, flag;
	int32_t start_line;
	struct stretch sp[4], file[4], line[6], inlined[6]; /* end at length 0 */
	struct tiny_inlined tree[4];			    /* ends at name NULL */
};

/* clang-format off */
static const struct tiny_func funcs[TINY_FUNCS] = {
	[TINY_DEFERRETURN] = { "runtime.deferreturn", 0x20, WRAPPER, 0, 1, .line = { { 1, 0x20 } } },
	[TINY_GOPANIC] = { "runtime.gopanic", 0x20, GOPANIC, 0, 2, .line = { { 2, 0x20 } } },
	[TINY_MAIN] = { "main.main", 0x40, 0, 1, 10,
		.sp = { { 0, 8 }, { 0x28, 0x30 }, { 0, 8 } },
		.file = { { 0, 0x18 }, { 1, 8 }, { 0, 0x20 } },
		.line = { { 10, 0x10 }, { 21, 8 }, { 31, 8 }, { 21, 0x10 }, { 13, 0x10 } },
		.inlined = { { -1, 0x10 }, { 0, 8 }, { 1, 8 }, { 0, 0x10 }, { -1, 0x10 } },
		.tree = { { "main.a", 0x0c, 0 }, { "main.b", 0x14, 0 } } },
	[TINY_WRAPPER] = { "main.(*T).m", 0x20, WRAPPER, 0, 1,
		.line = { { 1, 0x10 }, { 40, 0x10 } },
		.inlined = { { -1, 0x10 }, { 0, 0x10 } },
		.tree = { { "main.T.m", 0x08, 0 } } },
	[TINY_GENERIC] = { "example.org/lib/st%2eore.F[go.shape.int]", 0x20, 0, 0, 50,
		.line = { { 50, 0x20 } } },
	[TINY_TWICE_SMALL] = { "main.twice", 0x10, 0, 0, 60, .line = { { 60, 0x10 } } },
	[TINY_TWICE] = { "main.twice", 0x40, 0, 0, 61, .line = { { 61, 0x40 } } },
};
/* clang-format on */

static const char module_list[] = "path\texample.org/api/cmd/api\n"
				  "mod\texample.org/api\t(devel)\t\n"
				  "dep\texample.org/lib\tv1.2.3\th1:x=\n"
				  "=>\texample.org/fork\tv1.9.0\th1:y=\n"
				  "build\t-compiler=gc\n";

/* Where the writing goes on, in one of the mappings. */
struct pen {
	uint8_t *p, *end;
};

static void put(struct pen *pen, const void *p, size_t n)
{
	assert_true(n <= (size_t)(pen->end - pen->p));
	memcpy(pen->p, p, n);
	pen->p += n;
}

static void put_uvarint(struct pen *pen, uint32_t v)
{
	do {
		uint8_t b = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

		put(pen, &b, 1);
		v >>= 7;
	} while (v);
}

static void put_values(struct pen *pen, const struct stretch *v)
{
	int32_t last = -1;

	for (; v->len; last = v->value, v++) {
		int32_t d = v->value - last;

		put_uvarint(pen, (uint32_t)d << 1 ^ (d < 0 ? UINT32_MAX : 0));
		put_uvarint(pen, v->len);
	}
	put(pen, "", 1);
}

static void set32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void set64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

void tiny_set(struct tiny *t, enum md_field f, uint64_t v)
{
	if (t->md->at[f])
		set64(t->data + (TINY_MODULEDATA - TINY_DATA) + shape_offset(t->md->at[f]), v);
}

uint64_t tiny_get(const struct tiny *t, enum md_field f)
{
	uint64_t v;

	memcpy(&v, t->data + (TINY_MODULEDATA - TINY_DATA) + shape_offset(t->md->at[f]), sizeof(v));
	return v;
}

static void set_slice(struct tiny *t, enum md_field f, uint64_t at, uint64_t n)
{
	uint8_t *slice = t->data + (TINY_MODULEDATA - TINY_DATA) + shape_offset(t->md->at[f]);

	set64(slice, at);
	set64(slice + 8, n);
	set64(slice + 16, n);
}

/* The tables of the pclntab while they are written. */
struct tables {
	struct pen names, cu, files, values, funcs, trees;
	uint8_t *names0, *files0, *values0, *funcs0, *trees0;
};

static uint32_t put_name(struct tables *w, const char *name)
{
	uint32_t at = (uint32_t)(w->names.p - w->names0);

	put(&w->names, name, strlen(name) + 1);
	return at;
}

static uint32_t put_table(struct tables *w, const struct stretch *v)
{
	uint32_t at = (uint32_t)(w->values.p - w->values0);

	if (!v->len)
		return 0;
	put_values(&w->values, v);
	return at;
}

static uint32_t put_tree(struct tables *w, const struct tiny *t, const struct tiny_inlined *v)
{
	uint32_t at = (uint32_t)(w->trees.p - w->trees0);
	const struct func_shape *s = t->func;

	if (!v->name)
		return UINT32_MAX;
	for (; v->name; v++) {
		uint8_t record[32] = { 0 };

		record[shape_offset(s->inlined_at[INL_FUNC_ID])] = v->id;
		set32(record + shape_offset(s->inlined_at[INL_NAME_OFF]), put_name(w, v->name));
		set32(record + shape_offset(s->inlined_at[INL_PARENT_PC]), v->parent_pc);
		put(&w->trees, record, s->inlined_size);
	}
	return at;
}

static void put_field(const struct tiny *t, uint8_t *record, enum func_field f, uint32_t v)
{
	if (t->func->at[f])
		set32(record + shape_offset(t->func->at[f]), v);
}

/* The record, three PCDATA (the inline index is the third), four FUNCDATA (the tree the fourth). */
static void put_func(struct tables *w, const struct tiny *t, uint32_t entry,
		     const struct tiny_func *f)
{
	uint8_t record[64] = { 0 };

	put_field(t, record, FUNC_ENTRY_OFF, entry);
	put_field(t, record, FUNC_NAME_OFF, put_name(w, f->name));
	put_field(t, record, FUNC_PCSP, put_table(w, f->sp));
	put_field(t, record, FUNC_PCFILE, put_table(w, f->file));
	put_field(t, record, FUNC_PCLN, put_table(w, f->line));
	put_field(t, record, FUNC_NPCDATA, 3);
	put_field(t, record, FUNC_START_LINE, (uint32_t)f->start_line);
	record[shape_offset(t->func->at[FUNC_FUNC_ID])] = f->id;
	record[shape_offset(t->func->at[FUNC_FLAG])] = f->flag;
	record[shape_offset(t->func->at[FUNC_NFUNCDATA])] = 4;
	assert_true(t->func->size <= sizeof(record));
	put(&w->funcs, record, t->func->size);
	for (unsigned i = 0; i < 7; i++) {
		uint32_t v = i == 2 ? put_table(w, f->inlined) : i < 3 ? 0 : UINT32_MAX;

		if (i == 6)
			v = put_tree(w, t, f->tree);
		put(&w->funcs, &v, sizeof(v));
	}
	while ((w->funcs.p - w->funcs0) % 8)
		put(&w->funcs, "", 1);
}

static struct pen pen_at(struct tiny *t, uint32_t off, uint32_t end)
{
	return (struct pen){ t->rodata + off, t->rodata + end };
}

/* Offsets of the tables in the pclntab, which is at 0x100 of the read-only data. */
enum { NAMES = 0x60, CU = 0x200, FILES = 0x220, VALUES = 0x280, FUNCS = 0x400, END = 0xa00 };

static void put_tables(struct tiny *t, struct tables *w)
{
	uint32_t at = 0x100, entry = 0, offsets[] = { 0, 8 };

	w->names = pen_at(t, at + NAMES, at + CU);
	w->cu = pen_at(t, at + CU, at + FILES);
	w->files = pen_at(t, at + FILES, at + VALUES);
	w->values = pen_at(t, at + VALUES, at + FUNCS);
	w->funcs = pen_at(t, at + FUNCS, at + END);
	w->trees = pen_at(t, TINY_GOFUNC - TINY_RODATA, TINY_RODATA_SIZE);
	w->names0 = w->names.p;
	w->files0 = w->files.p;
	w->values0 = w->values.p;
	w->funcs0 = w->funcs.p;
	w->trees0 = w->trees.p;
	put(&w->files, "main.go\0b.go", 13);
	put(&w->cu, offsets, sizeof(offsets));
	put(&w->values, "", 1); /* offset 0 means none */
	w->funcs.p += (TINY_FUNCS + 1) * 8;
	for (unsigned i = 0; i < TINY_FUNCS; i++) {
		t->entry[i] = entry;
		set32(w->funcs0 + (size_t)i * 8, entry);
		set32(w->funcs0 + (size_t)i * 8 + 4, (uint32_t)(w->funcs.p - w->funcs0));
		put_func(w, t, entry, &funcs[i]);
		entry += funcs[i].size;
	}
	t->entry[TINY_FUNCS] = entry;
	set32(w->funcs0 + (size_t)TINY_FUNCS * 8, entry);
}

static void put_header(struct tiny *t)
{
	uint8_t *h = t->rodata + 0x100;

	set32(h, t->func->magic);
	set32(h + 4, 0x08010000);
	set64(h + 8, TINY_FUNCS);
	set64(h + 16, 2);
	set64(h + 32, NAMES);
	set64(h + 40, CU);
	set64(h + 48, FILES);
	set64(h + 56, VALUES);
	set64(h + 64, FUNCS);
}

static void put_moduledata(struct tiny *t)
{
	uint64_t text_end = TINY_TEXT + t->entry[TINY_FUNCS], section = TINY_RODATA + 0x20;

	set_slice(t, MD_FUNCNAMETAB, TINY_PCLNTAB + NAMES, CU - NAMES);
	set_slice(t, MD_CUTAB, TINY_PCLNTAB + CU, (FILES - CU) / 4);
	set_slice(t, MD_FILETAB, TINY_PCLNTAB + FILES, VALUES - FILES);
	set_slice(t, MD_PCTAB, TINY_PCLNTAB + VALUES, FUNCS - VALUES);
	set_slice(t, MD_PCLNTABLE, TINY_PCLNTAB + FUNCS, END - FUNCS);
	set_slice(t, MD_FTAB, TINY_PCLNTAB + FUNCS, TINY_FUNCS + 1);
	tiny_set(t, MD_PC_HEADER, TINY_PCLNTAB);
	tiny_set(t, MD_MINPC, TINY_TEXT);
	tiny_set(t, MD_MAXPC, text_end);
	tiny_set(t, MD_TEXT, TINY_TEXT);
	tiny_set(t, MD_ETEXT, text_end);
	tiny_set(t, MD_NOPTRDATA, TINY_DATA + 0x700);
	tiny_set(t, MD_ENOPTRDATA, TINY_DATA + 0x780);
	tiny_set(t, MD_DATA, TINY_DATA + 0x800);
	tiny_set(t, MD_EDATA, TINY_DATA + 0x900);
	tiny_set(t, MD_BSS, TINY_DATA + 0xa00);
	tiny_set(t, MD_EBSS, TINY_DATA + 0xb00);
	tiny_set(t, MD_NOPTRBSS, TINY_DATA + 0xb00);
	tiny_set(t, MD_ENOPTRBSS, TINY_DATA + 0xc00);
	tiny_set(t, MD_END, TINY_DATA + 0xc00);
	tiny_set(t, MD_TYPES, TINY_RODATA);
	tiny_set(t, MD_ETYPES, TINY_RODATA + 0x40);
	tiny_set(t, MD_RODATA, TINY_RODATA);
	tiny_set(t, MD_GOFUNC, TINY_GOFUNC);
	set_slice(t, MD_TEXTSECTMAP, section, 1);
	tiny_set(t, MD_GCDATAMASK, 0x100 / 8);
	tiny_set(t, MD_GCBSSMASK, 0x100 / 8);
	set64(t->data + (TINY_MODULEDATA - TINY_DATA) + t->md->at[MD_GCDATAMASK] + 7, TINY_DATA);
	set64(t->data + (TINY_MODULEDATA - TINY_DATA) + t->md->at[MD_GCBSSMASK] + 7, TINY_DATA);
	set64(t->rodata + 0x20 + 16, TINY_TEXT); /* textsect{vaddr, end, baseaddr} */
}

static void put_build(struct tiny *t)
{
	static const char frame[16 + 1] = "0123456789abcdef", version[] = "go1.21.13";
	struct pen pen = { t->data, t->data + 0x400 };
	uint8_t rest[18] = { 8, 2 };

	put(&pen, build_info_magic, sizeof(build_info_magic));
	put(&pen, rest, sizeof(rest));
	put_uvarint(&pen, sizeof(version) - 1);
	put(&pen, version, sizeof(version) - 1);
	put_uvarint(&pen, sizeof(module_list) - 1 + 32);
	put(&pen, frame, 16);
	put(&pen, module_list, sizeof(module_list) - 1);
	put(&pen, frame, 16);
	/* runtime.buildVersion, behind another string. */
	memcpy(t->rodata + 0x60, "hello go1.22.3 X:x", 18);
	set64(t->data + 0x800, TINY_RODATA + 0x60);
	set64(t->data + 0x808, 5);
	set64(t->data + 0x810, TINY_RODATA + 0x66);
	set64(t->data + 0x818, 12);
}

/* lea 0x500810(%rip), %rax; mov 0x500a08(%rip), %rcx; ret: at the beginning of main.twice. */
static void put_code(struct tiny *t)
{
	uint32_t at = t->entry[TINY_TWICE];
	uint8_t *p = t->text + at;

	memset(t->text, 0xcc, sizeof(t->text));
	memcpy(p, "\x48\x8d\x05", 3);
	set32(p + 3, TINY_DATA + 0x810 - (TINY_TEXT + at + 7));
	memcpy(p + 7, "\x48\x8b\x0d", 3);
	set32(p + 10, TINY_DATA + 0xa08 - (TINY_TEXT + at + 14));
	p[14] = 0xc3;
}

static const struct md_shape *md_shape_of(int minor)
{
	for (unsigned i = 0; i < n_md_shapes; i++)
		if (minor >= md_shapes[i].minor_from && minor <= md_shapes[i].minor_to)
			return &md_shapes[i];
	return NULL;
}

void tiny_build(struct tiny *t, int minor)
{
	struct tables w;

	memset(t, 0, sizeof(*t));
	t->md = md_shape_of(minor);
	assert_non_null(t->md);
	for (unsigned i = 0; i < n_func_shapes; i++)
		if (func_shapes[i].magic == (minor < 20 ? 0xfffffff0U : 0xfffffff1U))
			t->func = &func_shapes[i];
	assert_non_null(t->func);
	put_tables(t, &w);
	put_header(t);
	put_moduledata(t);
	put_build(t);
	put_code(t);
	t->parts[0] = (struct buffer_part){ .addr = TINY_TEXT,
					    .bytes = t->text,
					    .n = sizeof(t->text),
					    .prot = MEM_R | MEM_X,
					    .flags = BUFFER_EXE,
					    .file_offset = 0x1000,
					    .name = "tiny" };
	t->parts[1] = t->parts[2] = t->parts[0];
	t->parts[1].addr = TINY_RODATA;
	t->parts[1].bytes = t->rodata;
	t->parts[1].n = sizeof(t->rodata);
	t->parts[1].prot = MEM_R;
	t->parts[2].addr = TINY_DATA;
	t->parts[2].bytes = t->data;
	t->parts[2].n = sizeof(t->data);
	t->parts[2].prot = MEM_R | MEM_W;
}

struct mem *tiny_open(struct tiny *t)
{
	struct mem *m = NULL;
	struct err err;

	assert_ok(buffer_open("tiny", t->parts, 3, &m, &err), &err);
	return m;
}
