/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/maps.h"

#define BUDGET ((size_t)64 << 20)

/* Lines of a Go program's own file, written by Linux 6.18, and of the shapes beside them. */
static const char text[] =
	"00400000-00401000 r--p 00000000 08:01 1048602                            /usr/bin/api\n"
	"00401000-00602000 r-xp 00001000 08:01 1048602                            /usr/bin/api\n"
	"c000000000-c000400000 rw-p 00000000 00:00 0                              [anon: Go: "
	"heap]\n"
	"c000400000-c004000000 ---p 00000000 00:00 0 \n"
	"7f5f10000000-7f5f10021000 rw-s 00002000 fe:1f 77                         /srv/a b "
	"(deleted)\n"
	"7fff1d2c8000-7fff1d2e9000 rw-p 00000000 00:00 0                          [stack]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void every_field_is_taken(void **state)
{
	ARENA(a, BUDGET);
	struct maps maps;
	struct err err;

	(void)state;
	assert_ok(maps_parse(str_from(text), &a, &maps, &err), &err);
	assert_int_equal(maps.n, 7);
	assert_true(maps.v[1].start == 0x401000 && maps.v[1].end == 0x602000);
	assert_int_equal(maps.v[0].prot, MAPS_R);
	assert_int_equal(maps.v[1].prot, MAPS_R | MAPS_X);
	assert_int_equal(maps.v[2].prot, MAPS_R | MAPS_W);
	assert_int_equal(maps.v[3].prot, 0);
	assert_int_equal(maps.v[1].offset, 0x1000);
	assert_int_equal(maps.v[1].inode, 1048602);
	assert_true(maps.v[4].dev_major == 0xfe && maps.v[4].dev_minor == 0x1f);
	assert_true(maps.v[4].shared && !maps.v[5].shared);
	assert_true(str_eq(maps.v[0].name, STR("/usr/bin/api")));
	assert_ptr_equal(maps.v[0].name.p, maps.v[1].name.p);
	assert_true(str_eq(maps.v[2].name, STR("[anon: Go: heap]")));
	assert_true(str_eq(maps.v[3].name, STR("")));
	assert_true(str_eq(maps.v[4].name, STR("/srv/a b (deleted)")));
	assert_true(maps.v[6].end == 0xffffffffff601000);
}

static void names_outlive_the_text(void **state)
{
	ARENA(a, BUDGET);
	char copy[sizeof(text)];
	struct maps maps;
	struct err err;

	(void)state;
	memcpy(copy, text, sizeof(text));
	assert_ok(maps_parse((struct str){ copy, sizeof(copy) - 1 }, &a, &maps, &err), &err);
	memset(copy, 'x', sizeof(copy));
	assert_true(str_eq(maps.v[5].name, STR("[stack]")));
}

static void what_the_kernel_does_not_write_is_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "1000-2000 rw-p 0 00:00\n", "line 1: not a mapping" },
		{ "1000-2000 rw-p 0 00:00 0 a\n\n", "line 2: not a mapping" },
		{ "2000-1000 rw-p 0 00:00 0\n", "line 1" },
		{ "1000-1000 rw-p 0 00:00 0\n", "line 1" },
		{ "1000-2000 rwxq 0 00:00 0\n", "line 1" },
		{ "1000-2000 wr-p 0 00:00 0\n", "line 1" },
		{ "1000-2000 rw-px 0 00:00 0\n", "line 1" },
		{ "1000-20000000000000000 rw-p 0 00:00 0\n", "line 1" },
		{ "1000-2000 rw-p 0 100000000:00 0\n", "line 1" },
		{ "1000-2000 rw-p 0 00:00 99999999999999999999\n", "line 1" },
		{ "1000-2000 rw-p 0 00:00 0x\n", "line 1" },
		{ "1000 2000 rw-p 0 00:00 0\n", "line 1" },
		{ "2000-3000 rw-p 0 00:00 0\n1000-2000 rw-p 0 00:00 0\n",
		  "line 2: goes backwards" },
	};
	/* clang-format on */
	struct maps maps = { .n = 99 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(a, BUDGET);

		assert_int_equal(maps_parse(str_from(cases[i].text), &a, &maps, &err), -EBADMSG);
		assert_says(&err, cases[i].says);
		assert_int_equal(maps.n, 99);
	}
}

static void one_that_grew_meanwhile_is_cut(void **state)
{
	/* clang-format off */
	static const char grown[] =
		"1000-3000 rw-p 0 00:00 0\n"
		"1000-4000 rw-p 0 00:00 0\n"
		"2000-4000 rw-p 0 00:00 0\n"
		"5000-7000 rw-p 8000 08:01 9 /f\n"
		"5000-9000 rw-p 8000 08:01 9 /f\n";
	static const uint64_t want[][3] = {
		{ 0x1000, 0x3000, 0 }, { 0x3000, 0x4000, 0 },
		{ 0x5000, 0x7000, 0x8000 }, { 0x7000, 0x9000, 0xa000 },
	};
	/* clang-format on */
	ARENA(a, BUDGET);
	struct maps maps;
	struct err err;

	(void)state;
	assert_ok(maps_parse(str_from(grown), &a, &maps, &err), &err);
	assert_int_equal(maps.n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(maps.v[i].start, want[i][0]);
		assert_int_equal(maps.v[i].end, want[i][1]);
		assert_int_equal(maps.v[i].offset, want[i][2]);
	}
	assert_true(str_eq(maps.v[3].name, STR("/f")));
}

static void a_small_arena_is_enomem(void **state)
{
	ARENA(a, 256);
	struct maps maps;
	struct err err;

	(void)state;
	assert_int_equal(maps_parse(str_from(text), &a, &maps, &err), -ENOMEM);
}

static void no_text_is_no_mappings(void **state)
{
	ARENA(a, BUDGET);
	struct maps maps = { .n = 99 };
	struct err err;

	(void)state;
	assert_ok(maps_parse(STR(""), &a, &maps, &err), &err);
	assert_int_equal(maps.n, 0);
}

static void our_own_are_read(void **state)
{
	_cleanup_(close_fd) int self = open("/proc/self", O_PATH | O_DIRECTORY);
	uint64_t here = (uint64_t)(uintptr_t)&text;
	ARENA(a, BUDGET);
	struct maps maps;
	struct err err;
	size_t i = 0;

	(void)state;
	assert_ok(maps_read(self, &a, &maps, &err), &err);
	while (i < maps.n && maps.v[i].end <= here)
		i++;
	assert_true(i < maps.n && maps.v[i].start <= here);
	assert_int_equal(maps.v[i].prot, MAPS_R);
	assert_true(str_has_suffix(maps.v[i].name, STR("test_maps")));
}

/* The machine is a directory: a recorded one serves as well. */
static void a_recorded_directory_is_read(void **state)
{
	char dir[] = "/tmp/test_maps.XXXXXX", file[64];
	struct maps maps;
	struct err err;
	ARENA(a, BUDGET);
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	_cleanup_(close_fd) int fd = open(dir, O_PATH | O_DIRECTORY);

	assert_int_equal(maps_read(fd, &a, &maps, &err), -ENOENT);
	assert_says(&err, "maps");
	snprintf(file, sizeof(file), "%s/maps", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fputs("and then?\n", f);
	fclose(f);
	assert_int_equal(maps_read(fd, &a, &maps, &err), -EBADMSG);
	assert_says(&err, "maps: line 8: not a mapping");
	assert_int_equal(truncate(file, sizeof(text) - 1), 0);
	assert_ok(maps_read(fd, &a, &maps, &err), &err);
	assert_int_equal(maps.n, 7);
	assert_int_equal(truncate(file, MAPS_TEXT_MAX + 1), 0);
	assert_int_equal(maps_read(fd, &a, &maps, &err), -EFBIG);
	unlink(file);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_taken),
		cmocka_unit_test(names_outlive_the_text),
		cmocka_unit_test(what_the_kernel_does_not_write_is_refused),
		cmocka_unit_test(one_that_grew_meanwhile_is_cut),
		cmocka_unit_test(a_small_arena_is_enomem),
		cmocka_unit_test(no_text_is_no_mappings),
		cmocka_unit_test(our_own_are_read),
		cmocka_unit_test(a_recorded_directory_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
