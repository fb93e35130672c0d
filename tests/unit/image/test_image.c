/* SPDX-License-Identifier: Apache-2.0 */
/* A hand-written program's tables: found, read, and refused where they do not hold. */
#include "t.h"

#include <elf.h>
#include <errno.h>

#include "image/image.h"
#include "tiny.h"

#define _cleanup_image_ _cleanup_(image_freep)

static struct tiny t;
static struct err err;

static struct image *found(struct mem *m)
{
	struct image *img = NULL;

	assert_ok(image_find(m, &img, &err), &err);
	return img;
}

/* That image_find() fails so, and leaves the result alone. */
static void refused(struct mem *m, int code, const char *words)
{
	struct image *img = NULL;

	assert_int_equal(image_find(m, &img, &err), code);
	assert_null(img);
	assert_says(&err, words);
}

static uint64_t pc_of(enum tiny_func_index f, uint32_t off)
{
	return TINY_TEXT + t.entry[f] + off;
}

static void every_shape_is_told_by_its_fields(void **state)
{
	(void)state;
	for (int minor = 19; minor <= 27; minor++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;
		const struct image_module *md;

		tiny_build(&t, minor);
		tiny_set(&t, MD_NEXT, TINY_DATA + 0x20);
		m = tiny_open(&t);
		img = found(m);
		md = image_module(img);
		assert_int_equal(md->addr, TINY_MODULEDATA);
		assert_int_equal(md->pclntab, TINY_PCLNTAB);
		assert_int_equal(md->gofunc, TINY_GOFUNC);
		assert_int_equal(md->types.to, TINY_RODATA + 0x40);
		assert_int_equal(md->next, TINY_DATA + 0x20);
		assert_int_equal(md->gcbssmask - md->addr, t.md->at[MD_GCBSSMASK] - 1);
		assert_int_equal(image_n_funcs(img), TINY_FUNCS);
	}
}

struct want_frame {
	const char *function, *file;
	uint32_t line;
	bool inlined;
};

static void assert_frames(const struct image_frame *got, size_t n, const struct want_frame *want,
			  size_t n_want)
{
	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(got[i].function, want[i].function);
		assert_string_equal(got[i].file, want[i].file);
		assert_int_equal(got[i].line, want[i].line);
		assert_int_equal(got[i].inlined, want[i].inlined);
	}
}

static void inlined_calls_are_frames_in_both_record_formats(void **state)
{
	static const struct want_frame deep[] = { { "main.b", "b.go", 31, true },
						  { "main.a", "main.go", 21, true },
						  { "main.main", "main.go", 10, false } };
	static const int minors[] = { 19, 27 };

	(void)state;
	for (size_t i = 0; i < COUNT(minors); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;
		struct image_frame got[8];

		tiny_build(&t, minors[i]);
		m = tiny_open(&t);
		img = found(m);
		assert_frames(got, image_frames(img, pc_of(TINY_MAIN, 0x1c), got, 8), deep, 3);
		assert_frames(got, image_frames(img, pc_of(TINY_MAIN, 0x10), got, 8), &deep[1], 2);
		assert_frames(got, image_frames(img, pc_of(TINY_MAIN, 0x1c), got, 2), deep, 2);
		assert_int_equal(image_frames(img, pc_of(TINY_MAIN, 0x3f), got, 8), 1);
		assert_int_equal(got[0].line, 13);
		assert_int_equal(got[0].entry, pc_of(TINY_MAIN, 0));
		image_frame_innermost(img, pc_of(TINY_MAIN, 0x1c), &got[0]);
		assert_frames(got, 1, deep, 1);
	}
}

static void wrappers_are_left_out_unless_they_panicked(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	struct image_func gopanic;
	struct image_frame got[4];
	uint8_t callee = 0;

	(void)state;
	tiny_build(&t, 22);
	m = tiny_open(&t);
	img = found(m);
	assert_int_equal(image_frames(img, pc_of(TINY_WRAPPER, 0x18), got, 4), 1);
	assert_string_equal(got[0].function, "main.T.m");
	assert_int_equal(image_frames(img, pc_of(TINY_WRAPPER, 0), got, 4), 0);
	assert_string_equal(got[0].function, "main.(*T).m");
	assert_true(image_func_named(img, "runtime.gopanic", &gopanic));
	callee = gopanic.id;
	assert_int_equal(image_frames_called(img, pc_of(TINY_WRAPPER, 0), &callee, got, 4), 1);
	assert_string_equal(got[0].function, "main.(*T).m");
	assert_int_equal(image_frames_called(img, pc_of(TINY_WRAPPER, 0), &callee, got, 4), 0);
}

static void outside_of_functions_nothing_is_known(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	static const uint64_t nowhere[] = { 0, TINY_TEXT - 1, UINT64_MAX };
	struct image_frame got[2];
	struct image_func f;
	int32_t sp = 77;

	(void)state;
	tiny_build(&t, 22);
	m = tiny_open(&t);
	img = found(m);
	for (size_t i = 0; i < COUNT(nowhere); i++) {
		assert_int_equal(image_frames(img, nowhere[i], got, 2), 1);
		assert_string_equal(got[0].function, "?");
		assert_string_equal(got[0].file, "");
		assert_int_equal(got[0].entry, 0);
		assert_false(image_func_at(img, nowhere[i], &f));
		assert_false(image_pcsp(img, nowhere[i], &sp));
		assert_false(image_in_text(img, nowhere[i]));
	}
	assert_false(image_func_at(img, pc_of(TINY_FUNCS, 0), &f));
	assert_false(image_func_named(img, "main.absent", &f));
	assert_int_equal(sp, 77);
}

static void functions_are_found_by_address_and_by_name(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	struct image_func f;
	int32_t sp;

	(void)state;
	tiny_build(&t, 22);
	m = tiny_open(&t);
	img = found(m);
	assert_true(image_func_at(img, pc_of(TINY_GENERIC, 0x1f), &f));
	assert_string_equal(f.name, "example.org/lib/st%2eore.F[...]");
	assert_int_equal(f.start_line, 50);
	assert_int_equal(f.end, pc_of(TINY_TWICE_SMALL, 0));
	assert_true(image_func_named(img, "main.twice", &f));
	assert_int_equal(f.entry, pc_of(TINY_TWICE, 0)); /* the larger of the two */
	assert_true(image_func_at(img, pc_of(TINY_MAIN, 0), &f));
	assert_int_equal(f.flag, 1);
	assert_true(image_pcsp(img, pc_of(TINY_MAIN, 8), &sp));
	assert_int_equal(sp, 0x28);
	assert_true(image_pcsp(img, pc_of(TINY_MAIN, 7), &sp));
	assert_int_equal(sp, 0);
	assert_false(image_pcsp(img, pc_of(TINY_GOPANIC, 0), &sp)); /* it has no table */
}

static void addresses_have_segments(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;

	(void)state;
	tiny_build(&t, 27);
	m = tiny_open(&t);
	img = found(m);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0x700), SEG_NOPTRDATA);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0x77f), SEG_NOPTRDATA);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0x780), SEG_NONE);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0x800), SEG_DATA);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0xa00), SEG_BSS);
	assert_int_equal(image_segment_of(img, TINY_DATA + 0xb00), SEG_NOPTRBSS);
	assert_int_equal(image_segment_of(img, TINY_RODATA), SEG_NONE);
}

static void references_come_in_code_order(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	struct image_ref refs[4] = { { .insn = 7 } };
	struct image_func f;

	(void)state;
	tiny_build(&t, 22);
	m = tiny_open(&t);
	img = found(m);
	assert_true(image_func_named(img, "main.twice", &f));
	assert_int_equal(image_refs(img, m, &f, refs, 4, &err), 2);
	assert_int_equal(refs[0].target, TINY_DATA + 0x810);
	assert_int_equal(refs[0].segment, SEG_DATA);
	assert_true(refs[0].lea);
	assert_int_equal(refs[1].insn, f.entry + 7);
	assert_int_equal(refs[1].target, TINY_DATA + 0xa08);
	assert_int_equal(refs[1].segment, SEG_BSS);
	assert_false(refs[1].lea);
	refs[1].insn = 7;
	assert_int_equal(image_refs(img, m, &f, refs, 1, &err), 2); /* counted, not written */
	assert_int_equal(refs[1].insn, 7);
	t.text[t.entry[TINY_TWICE]] = 0x06; /* no instruction in 64-bit code */
	assert_int_equal(image_refs(img, m, &f, refs, 4, &err), -EBADMSG);
	assert_says(&err, "main.twice+0: no instruction");
	f.end = f.entry - 1;
	assert_int_equal(image_refs(img, m, &f, refs, 4, &err), -EFBIG);
}

/* adrp x27, @page of @at */
static uint32_t adrp_x27(uint64_t pc, uint64_t at)
{
	uint64_t pages = (at >> 12) - (pc >> 12);

	return (uint32_t)(0x9000001bU | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5);
}

static void put_arm64(struct tiny *to, uint64_t entry)
{
	uint32_t low = (TINY_DATA + 0x810) & 0xfff;
	const uint32_t code[] = {
		adrp_x27(entry, TINY_DATA + 0x810),
		0x91000360U | low << 10, /* add x0, x27, #low */
		adrp_x27(entry + 8, TINY_DATA + 0xa08),
		0xf9400361U | ((TINY_DATA + 0xa08) & 0xfff) >> 3 << 10, /* ldr x1, [x27, #low] */
		0xd65f03c0U,						/* ret */
	};

	to->rodata[0x106] = 4; /* the header's quantum */
	memcpy(to->text + (entry - TINY_TEXT), code, sizeof(code));
}

static void arm64_code_is_told_by_its_quantum(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	struct image_ref refs[4];
	struct image_func f;
	int32_t sp;

	(void)state;
	tiny_build(&t, 22);
	put_arm64(&t, pc_of(TINY_TWICE, 0));
	m = tiny_open(&t);
	img = found(m);
	assert_int_equal(image_arch(img), ARCH_ARM64);
	assert_string_equal(image_goarch(img), "arm64");
	assert_true(image_func_named(img, "main.twice", &f));
	assert_int_equal(image_refs(img, m, &f, refs, 4, &err), 2);
	assert_int_equal(refs[0].insn, f.entry + 4);
	assert_int_equal(refs[0].target, TINY_DATA + 0x810);
	assert_true(refs[0].lea);
	assert_int_equal(refs[1].insn, f.entry + 12);
	assert_int_equal(refs[1].target, TINY_DATA + 0xa08);
	assert_int_equal(refs[1].segment, SEG_BSS);
	assert_false(refs[1].lea);
	/* pcs in the tables are counted in instructions */
	assert_true(image_pcsp(img, pc_of(TINY_MAIN, 4 * 8 - 1), &sp));
	assert_int_equal(sp, 0);
	assert_true(image_pcsp(img, pc_of(TINY_MAIN, 4 * 8), &sp));
	assert_int_equal(sp, 0x28);
}

static void the_toolchain_is_named_by_build_info_or_by_the_runtime(void **state)
{
	static const struct {
		const char *why;
		bool block;
		const char *version;
		int minor, patch;
		const char *main;
	} cases[] = {
		{ "build info", true, "go1.21.13", 21, 13, "example.org/api" },
		{ "no block: runtime.buildVersion", false, "go1.22.3 X:x", 22, 3, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;

		tiny_build(&t, 21);
		if (!cases[i].block)
			t.data[3] ^= 1;
		m = tiny_open(&t);
		img = found(m);
		assert_string_equal(image_go_version(img), cases[i].version);
		assert_int_equal(image_go_minor(img), cases[i].minor);
		assert_int_equal(image_go_patch(img), cases[i].patch);
		assert_string_equal(image_main_module(img), cases[i].main);
	}
}

static void without_any_words_the_toolchain_is_unknown(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;

	(void)state;
	tiny_build(&t, 25);
	memset(t.data, 0, 0x20);
	memset(t.data + 0x800, 0, 0x20);
	m = tiny_open(&t);
	img = found(m);
	assert_string_equal(image_go_version(img), "");
	assert_int_equal(image_go_minor(img), -1);
	assert_int_equal(image_go_patch(img), -1);
	assert_string_equal(image_build_id(img), "");
	assert_string_equal(image_module_of(img, "main.main"), "");
	assert_string_equal(image_module_of(img, "net/http.(*conn).serve"), "std");
}

static void functions_have_modules(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	_cleanup_image_ struct image *img = NULL;
	static const struct {
		const char *function, *module;
	} cases[] = {
		{ "main.(*quotes).fetch.func1", "example.org/api" },
		{ "example.org/api/store.Open", "example.org/api" },
		{ "example.org/apiserver.Open", "" },
		{ "example.org/lib.F[...]", "example.org/lib" },
		{ "example.org/lib/st%2eore.F", "example.org/lib" },
		{ "net/http.(*conn).serve", "std" },
		{ "runtime.gopark", "std" },
		{ "vendor/golang.org/x/net/http2/hpack.(*Decoder).Write", "std" },
		{ "type:.eq.net/http.conn", "std" },
		{ "type:.eq.[...]example.org/lib.T", "example.org/lib" },
		{ "sync.(*Pool[example.org/lib.T]).Get", "std" },
		{ "golang.org/x/net/html.Parse", "" },
		{ "_cgo_export", "" },
		{ "", "" },
	};

	(void)state;
	tiny_build(&t, 21);
	m = tiny_open(&t);
	img = found(m);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(image_module_of(img, cases[i].function), cases[i].module);
	assert_string_equal(image_module_version(img, "example.org/lib"), "v1.9.0");
	assert_string_equal(image_module_version(img, "example.org/api"), "(devel)");
	assert_string_equal(image_module_version(img, "example.org/api/store"), "");
	assert_string_equal(image_module_version(img, "std"), "");
}

static void set_word(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void what_does_not_hold_is_not_believed(void **state)
{
	/* clang-format off */
	static const struct {
		const char *why;
		enum md_field field;
		uint64_t value;
	} cases[] = {
		{ "text behind its functions", MD_TEXT, TINY_TEXT + 1 },
		{ "end before the last segment", MD_END, TINY_DATA },
		{ "types end before they begin", MD_ETYPES, TINY_RODATA - 1 },
		{ "gofunc not mapped", MD_GOFUNC, 0x10 },
		{ "mask of another length", MD_GCDATAMASK, 5 },
		{ "next not a pointer", MD_NEXT, 3 },
		{ "tables elsewhere", MD_PCTAB, TINY_PCLNTAB + 8 },
		{ "a table of another length", MD_FTAB + MD_COUNT, TINY_FUNCS },
		{ "segments upside down", MD_BSS, TINY_DATA + 0xc00 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		enum md_field f = cases[i].field % MD_COUNT;

		tiny_build(&t, 26);
		if (cases[i].field < MD_COUNT)
			tiny_set(&t, f, cases[i].value);
		else /* the slice's length */
			set_word(t.data + 0x400 + t.md->at[f] - 1 + 8, (uint32_t)cases[i].value);
		m = tiny_open(&t);
		refused(m, -ENOENT, "no Go runtime found");
	}
}

/* In the function table behind the header, at 0x500 of the read-only data. */
static void torn_tables_are_refused(void **state)
{
	static const struct {
		const char *words;
		size_t at;
		uint32_t value;
	} cases[] = {
		{ "not in order", 0x500 + 8, 0x1000 },
		{ "a record is not whole", 0x500 + 12, 0x7fffffff },
		{ "of another function", 0x500 + 12, 0x48 },
		{ "no room for", 0x108, 0x1000000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;

		tiny_build(&t, 24);
		set_word(t.rodata + cases[i].at, cases[i].value);
		if (cases[i].at == 0x108) { /* more functions than the table has bytes for */
			set_word(t.data + 0x400 + t.md->at[MD_FTAB] - 1 + 8, 0xb0);
			set_word(t.data + 0x400 + t.md->at[MD_FTAB] - 1 + 16, 0xb0);
			set_word(t.rodata + 0x108, 0xb0 - 1);
		}
		m = tiny_open(&t);
		refused(m, -EBADMSG, cases[i].words);
	}
}

static void other_kinds_of_go_are_refused_with_their_name(void **state)
{
	static const struct {
		uint32_t magic;
		const char *words;
	} cases[] = {
		{ 0xfffffffa, "Go before 1.18" },
		{ 0x12345678, "obfuscated (garble), or a newer Go" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;

		tiny_build(&t, 24);
		set_word(t.rodata + 0x100, cases[i].magic);
		m = tiny_open(&t);
		refused(m, -ENOTSUP, cases[i].words);
	}
}

static void other_compilers_are_named(void **state)
{
	static const struct {
		const char *in_rodata, *library;
		int code;
		const char *words;
	} cases[] = {
		{ "xpanic: runtime error at y", "libc.so.6", -ENOTSUP, "built by TinyGo" },
		{ "../../../src/libgo/runtime/proc.c", "libc.so.6", -ENOTSUP, "built by gccgo" },
		{ "", "libgo.so.21", -ENOTSUP, "built by gccgo" },
		{ "panic: runtime error", "libc.so.6", -ENOENT, "no Go runtime found" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		struct buffer_part parts[2];

		tiny_build(&t, 24);
		memset(t.rodata, 0, sizeof(t.rodata));
		memcpy(t.rodata + 3, cases[i].in_rodata, strlen(cases[i].in_rodata));
		parts[0] = t.parts[1];
		parts[1] = t.parts[0];
		parts[1].flags = BUFFER_FILE;
		parts[1].name = cases[i].library;
		assert_ok(buffer_open("other", parts, 2, &m, &err), &err);
		refused(m, cases[i].code, cases[i].words);
	}
}

/* Headers in front of the code: one segment, one note, one section if it is wanted. */
struct headers {
	Elf64_Ehdr elf;
	Elf64_Phdr load, note_load;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint8_t id[4];
	} note;
	Elf64_Shdr section[2];
};

static struct headers headers_of(uint8_t class, uint16_t machine)
{
	struct headers h = {
		.elf = {
			.e_ident = { 0x7f, 'E', 'L', 'F', class, ELFDATA2LSB, EV_CURRENT },
			.e_machine = machine,
			.e_phoff = offsetof(struct headers, load),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
			.e_shoff = offsetof(struct headers, section),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 2,
		},
		.load = { .p_type = PT_LOAD, .p_vaddr = TINY_TEXT - 0x1000 - 0x1000 },
		.note_load = { .p_type = PT_NOTE, .p_filesz = sizeof(h.note) },
		.note = { .head = { 4, 4, NT_GNU_BUILD_ID }, .name = "GNU", .id = { 1, 0xab, 0, 0xff } },
		.section = { { .sh_flags = SHF_ALLOC, .sh_type = SHT_PROGBITS, .sh_size = 0x900 },
			     { .sh_flags = SHF_ALLOC, .sh_type = SHT_PROGBITS, .sh_size = 0x900 } },
	};

	/* As linked, 0x1000 below where they are mapped: a position-independent program. */
	h.note_load.p_vaddr = h.load.p_vaddr + offsetof(struct headers, note);
	h.section[0].sh_addr = TINY_MODULEDATA - 0x1000;
	h.section[1].sh_addr = TINY_PCLNTAB - 0x1000;
	return h;
}

static struct mem *open_with(const struct headers *h, unsigned data_prot)
{
	struct buffer_part parts[4];
	struct mem *m = NULL;

	memcpy(parts, t.parts, sizeof(t.parts));
	parts[2].prot = data_prot;
	parts[3] = t.parts[0];
	parts[3].addr = TINY_TEXT - 0x1000;
	parts[3].bytes = h;
	parts[3].n = sizeof(*h);
	parts[3].prot = MEM_R;
	parts[3].file_offset = 0;
	assert_ok(buffer_open("tiny", parts, 4, &m, &err), &err);
	return m;
}

static void headers_are_hints(void **state)
{
	struct headers h = headers_of(ELFCLASS64, EM_X86_64);

	(void)state;
	for (unsigned right = 0; right < 2; right++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;

		tiny_build(&t, 27);
		if (!right) /* they lead nowhere, and memory is looked through */
			h.section[1].sh_addr += 8;
		else
			h.section[1].sh_addr -= 8;
		m = open_with(&h, MEM_R | MEM_W);
		img = found(m);
		assert_int_equal(image_module(img)->addr, TINY_MODULEDATA);
		assert_string_equal(image_build_id(img), "01ab00ff");
		/* The sections do not begin with the block, so it was not looked for elsewhere. */
		assert_string_equal(image_go_version(img), right ? "go1.22.3 X:x" : "go1.21.13");
	}
}

static void other_machines_are_refused(void **state)
{
	static const struct {
		uint8_t class;
		uint16_t machine;
		const char *words;
	} cases[] = {
		{ ELFCLASS32, EM_386, "32-bit" },
		{ ELFCLASS64, EM_RISCV, "ELF machine 243" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct headers h = headers_of(cases[i].class, cases[i].machine);
		_cleanup_mem_ struct mem *m = NULL;

		tiny_build(&t, 27);
		m = open_with(&h, MEM_R | MEM_W);
		refused(m, -ENOTSUP, cases[i].words);
	}
}

/* As a packer leaves it: no file behind it, anonymous code. */
static void packed_programs_are_found_around_their_code(void **state)
{
	static const char *const want[] = { "no Go runtime found", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;

		tiny_build(&t, 23);
		for (size_t k = 0; k < COUNT(t.parts); k++) {
			t.parts[k].flags = 0;
			t.parts[k].name = "";
		}
		if (i == 0) /* without code nearby it is just somebody's data */
			t.parts[0].prot = MEM_R;
		m = tiny_open(&t);
		if (i == 0)
			refused(m, -ENOENT, want[i]);
		else
			img = found(m);
		if (img)
			assert_int_equal(image_n_funcs(img), TINY_FUNCS);
	}
}

static void holes_hide_only_what_is_in_them(void **state)
{
	static const struct {
		uint64_t from;
		int code;
		size_t frames; /* of the deepest inlining */
	} cases[] = {
		{ TINY_RODATA + 0x2000, 0, 3 },
		{ TINY_GOFUNC, 0, 1 }, /* without the trees only what was not inlined is known */
		{ TINY_RODATA, -ENOENT, 0 },
		{ TINY_TEXT, 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		_cleanup_image_ struct image *img = NULL;
		struct image_frame got[4];

		tiny_build(&t, 23);
		m = tiny_open(&t);
		assert_ok(buffer_hole(m, cases[i].from, cases[i].from + 8, &err), &err);
		assert_int_equal(image_find(m, &img, &err), cases[i].code);
		if (img)
			assert_int_equal(image_frames(img, pc_of(TINY_MAIN, 0x1c), got, 4),
					 cases[i].frames);
	}
}

static void a_process_that_goes_away_is_an_error(void **state)
{
	(void)state;
	tiny_build(&t, 23);
	for (uint64_t calls = 0; calls < 64; calls++) {
		_cleanup_mem_ struct mem *m = tiny_open(&t);
		_cleanup_image_ struct image *img = NULL;
		int r;

		buffer_fail(m, calls, -ESRCH);
		r = image_find(m, &img, &err);
		if (r == 0)
			return;
		assert_int_equal(r, -ESRCH);
		assert_null(img);
	}
	fail_msg("it never was found");
}

/* The seeds of fuzz/fuzz_image.c: the programs above, one of each shape. */
static int write_seeds(const char *dir)
{
	static const int minors[] = { 19, 20, 21, 23, 26, 27 };
	const uint32_t lengths[2] = { TINY_TEXT_SIZE, TINY_RODATA_SIZE };
	char path[512];

	for (size_t i = 0; i < COUNT(minors); i++) {
		FILE *f;

		tiny_build(&t, minors[i]);
		snprintf(path, sizeof(path), "%s/go1.%d", dir, minors[i]);
		f = fopen(path, "w");
		if (!f)
			return 1;
		fwrite(lengths, sizeof(lengths), 1, f);
		fwrite(t.text, sizeof(t.text), 1, f);
		fwrite(t.rodata, sizeof(t.rodata), 1, f);
		fwrite(t.data, sizeof(t.data), 1, f);
		if (fclose(f))
			return 1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_told_by_its_fields),
		cmocka_unit_test(inlined_calls_are_frames_in_both_record_formats),
		cmocka_unit_test(wrappers_are_left_out_unless_they_panicked),
		cmocka_unit_test(outside_of_functions_nothing_is_known),
		cmocka_unit_test(functions_are_found_by_address_and_by_name),
		cmocka_unit_test(addresses_have_segments),
		cmocka_unit_test(references_come_in_code_order),
		cmocka_unit_test(arm64_code_is_told_by_its_quantum),
		cmocka_unit_test(the_toolchain_is_named_by_build_info_or_by_the_runtime),
		cmocka_unit_test(without_any_words_the_toolchain_is_unknown),
		cmocka_unit_test(functions_have_modules),
		cmocka_unit_test(what_does_not_hold_is_not_believed),
		cmocka_unit_test(torn_tables_are_refused),
		cmocka_unit_test(other_kinds_of_go_are_refused_with_their_name),
		cmocka_unit_test(other_compilers_are_named),
		cmocka_unit_test(headers_are_hints),
		cmocka_unit_test(other_machines_are_refused),
		cmocka_unit_test(packed_programs_are_found_around_their_code),
		cmocka_unit_test(holes_hide_only_what_is_in_them),
		cmocka_unit_test(a_process_that_goes_away_is_an_error),
	};

	if (getenv("WHYOOM_SEEDS"))
		return write_seeds(getenv("WHYOOM_SEEDS"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
