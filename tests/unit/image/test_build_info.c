/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>

#include "image/build_info.h"
#include "target/buffer.h"

static void versions_are_read(void **state)
{
	static const struct {
		const char *words;
		bool ok;
		int minor, patch;
	} cases[] = {
		{ "go1.26.8", true, 26, 8 },
		{ "go1.20", true, 20, 0 },
		{ "go1.21.0", true, 21, 0 },
		{ "go1.27rc1", true, 27, -1 },
		{ "go1.20.3 X:nocoverageredesign", true, 20, 3 },
		{ "go1.24 X:nogreenteagc", true, 24, 0 },
		{ "go1.22.12-custom", true, 22, 12 },
		{ "devel go1.28-2f1a3b9 Tue Nov 24", true, 28, -1 },
		{ "devel +abcdef", true, -1, -1 },
		{ "go1.", false, 0, 0 },
		{ "go2.1", false, 0, 0 },
		{ "gopher", false, 0, 0 },
		{ "go1.99999999999999999999", false, 0, 0 },
		{ "go1.20\n", false, 0, 0 },
		{ "", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct build_info b;

		build_info_init(&b);
		if (build_info_set_version(&b, str_from(cases[i].words)) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].words);
		if (cases[i].ok && (b.minor != cases[i].minor || b.patch != cases[i].patch))
			fail_msg("\"%s\": %d %d", cases[i].words, b.minor, b.patch);
		if (!cases[i].ok)
			assert_string_equal(b.version, "");
	}
}

static void modules_and_replacements_are_read(void **state)
{
	static const char text[] = "path\texample.org/cmd\n"
				   "mod\texample.org/app\tv0.1.0\th1:a=\n"
				   "dep\texample.org/a\tv1.0.0\n"
				   "=>\t../a\t(devel)\t\n"
				   "dep\texample.org/a/v2\tv2.0.0\th1:b=\n"
				   "build\tdep\tx\n"
				   "=>\texample.org/stray\tv9\n"
				   "dep\t\tv1\n"
				   "dep\n"
				   "dep\tno.newline/at-end\tv3";
	static const struct {
		const char *package, *module, *version;
	} cases[] = {
		{ "example.org/app", "example.org/app", "v0.1.0" },
		{ "example.org/app/x/y", "example.org/app", "v0.1.0" },
		{ "example.org/a/b", "example.org/a", "(devel)" },
		{ "example.org/a/v2/b", "example.org/a/v2", "v2.0.0" },
		{ "no.newline/at-end", "no.newline/at-end", "v3" },
		{ "example.org", NULL, NULL },
		{ "example.org/applet", NULL, NULL },
		{ "", NULL, NULL },
	};
	struct build_info b;
	struct err err;

	(void)state;
	build_info_init(&b);
	assert_ok(build_info_parse(&b, str_from(text), &err), &err);
	assert_string_equal(b.main_module, "example.org/app");
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct build_module *m = build_info_module(&b, str_from(cases[i].package));

		assert_int_equal(m != NULL, cases[i].module != NULL);
		if (!m)
			continue;
		assert_string_equal(m->path, cases[i].module);
		assert_string_equal(m->version, cases[i].version);
	}
	build_info_release(&b);
	assert_int_equal(b.n_modules, 0);
}

/* The block's bytes: header, then what follows. */
static int read_block(const void *p, size_t n, struct build_info *b, struct err *err)
{
	struct buffer_part part = { .addr = 0x1000, .bytes = p, .n = n, .prot = MEM_R };
	_cleanup_mem_ struct mem *m = NULL;

	assert_ok(buffer_open("block", &part, 1, &m, err), err);
	return build_info_read(m, 0x1000, b, err);
}

#define HEADER "\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define FRAME "0123456789abcdef"

static void the_block_is_read(void **state)
{
	/* clang-format off */
	static const struct {
		const char *why, *bytes;
		size_t n;
		int code;
		const char *main;
	} cases[] = {
#define BLOCK(why, bytes, code, main) { why, bytes, sizeof(bytes), code, main }
		BLOCK("with modules", HEADER "\x08go1.21.5" "\x2b" FRAME "mod\ta.b\tv1\n" FRAME, 0, "a.b"),
		BLOCK("frame without its newline", HEADER "\x08go1.21.5" "\x2b" FRAME "mod\ta.b\tv1x" FRAME, 0, ""),
		BLOCK("no modules", HEADER "\x08go1.21.5\0........", 0, ""),
		BLOCK("modules cut off", HEADER "\x08go1.21.5\xff\x01........", 0, ""),
		BLOCK("pointers, as before 1.18", "\xff Go buildinf:\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", -EBADMSG, ""),
		BLOCK("no toolchain", HEADER "\x08rustc1.0\0........", -EBADMSG, ""),
		BLOCK("version too long", HEADER "\xff\xff\xff\x0fgo1.21.5", -EBADMSG, ""),
		BLOCK("other magic", "\xff Go buildinv:\x08\x02.................", -EBADMSG, ""),
#undef BLOCK
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct build_info b;
		struct err err;
		int r;

		build_info_init(&b);
		r = read_block(cases[i].bytes, cases[i].n, &b, &err);
		if (r != cases[i].code)
			fail_msg("%s: %d: %s", cases[i].why, r, r < 0 ? err.msg : "");
		assert_string_equal(b.main_module, cases[i].main);
		assert_string_equal(b.version, r ? "" : "go1.21.5");
		build_info_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_read),
		cmocka_unit_test(modules_and_replacements_are_read),
		cmocka_unit_test(the_block_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
