/* SPDX-License-Identifier: Apache-2.0 */
/* A case saved and loaded is the same case; a damaged file is an error, not half a case. */
#include "t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case/case_file.h"
#include "some_case.h"

#define ARENA_BYTES ((size_t)16 << 20)

static char folder[] = "/tmp/whyoom-case-XXXXXX";
static char path[64];
static void same(const struct whycase *a, const struct whycase *b)
{
	const char *member = differs(a, b);

	if (member)
		fail_msg("%s is another after loading", member);
}

static void what_is_saved_is_loaded(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		ARENA(a, ARENA_BYTES);
		BUF(json, (size_t)8 << 20);
		struct whycase c, again;
		struct err err;

		some_case(&c, &a);
		assert_ok(case_json_write(&c, &json, &err), &err);
		assert_ok(case_json_parse(buf_view(&json), "x", &a, &again, &err), &err);
		same(&c, &again);
		if (i >= 10)
			continue;
		assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
		assert_ok(case_file_load(path, &a, &again, &err), &err);
		same(&c, &again);
		assert_ptr_equal(again.arena, &a);
	}
}

static void it_is_for_its_owner_alone_and_other_members_do_not_matter(void **state)
{
	const struct case_member extra[] = { { "kernel.log", STR("line\n") }, { "x", STR("") } };
	ARENA(a, ARENA_BYTES);
	struct whycase c, again;
	struct stat st;
	struct err err;

	(void)state;
	some_case(&c, &a);
	assert_ok(case_file_save(&c, path, extra, 2, &err), &err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(case_file_load(path, &a, &again, &err), &err);
	same(&c, &again);
}

static size_t slurp(char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, to, room);

	close(fd);
	assert_true(n > 0);
	return (size_t)n;
}

/* Damaged copies are made in memory: thousands of them on a disk take their time. */
static char copy_path[64];
static int copy_fd = -1;

static void spill(const char *p, size_t n)
{
	if (copy_fd < 0)
		copy_fd = memfd_create("copy", MFD_CLOEXEC);
	snprintf(copy_path, sizeof(copy_path), "/proc/self/fd/%d", copy_fd);
	assert_int_equal(ftruncate(copy_fd, 0), 0);
	assert_int_equal(pwrite(copy_fd, p, n, 0), n);
}

/* One line that names the file; *ret untouched. Or, where the damage was harmless, the same case.
 */
static int load_damaged(const struct whycase *undamaged)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c = { .n_samples = 4711 };
	struct err err = { 0 };
	int r = case_file_load(copy_path, &a, &c, &err);

	if (r == 0) {
		same(undamaged, &c);
		return 0;
	}
	assert_true(err.code == r);
	assert_says(&err, copy_path);
	assert_null(strchr(err.msg, '\n'));
	assert_int_equal(c.n_samples, 4711);
	return r;
}

static void every_truncation_is_refused(void **state)
{
	static char whole[1 << 20];
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	struct err err;
	size_t n;

	(void)state;
	small_case(&c, &a);
	assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
	n = slurp(whole, sizeof(whole));
	for (size_t cut = 0; cut < n; cut++) {
		spill(whole, cut);
		if (load_damaged(&c) == 0)
			fail_msg("cut after %zu of %zu bytes it is loaded", cut, n);
	}
}

static void flipped_bits_do_no_harm(void **state)
{
	static char whole[1 << 20];
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	struct err err;
	size_t n;
	int refused = 0;

	(void)state;
	small_case(&c, &a);
	assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
	n = slurp(whole, sizeof(whole));
	for (int i = 0; i < 3000; i++) {
		size_t at = random_bits() % n;
		char bit = (char)(1 << (random_bits() >> 40) % 8);

		whole[at] = (char)(whole[at] ^ bit);
		spill(whole, n);
		refused += load_damaged(&c) < 0;
		whole[at] = (char)(whole[at] ^ bit);
	}
	print_message("# %d of 3000 files with a flipped bit refused\n", refused);
	assert_true(refused > 2900);
}

static void wrong_values_are_named(void **state)
{
	static const struct {
		const char *json, *says;
	} cases[] = {
		{ "", "case.json" },
		{ "[]", "schema" },
		{ "{\"schema\":\"whyoom.case/2\"}", "schema" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[],\"stacks\":[[0]]}", "stacks" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[{}],\"stacks\":[]}", "frames" },
		{ "{\"schema\":\"whyoom.case/"
		  "1\",\"frames\":[],\"stacks\":[],\"subject\":{\"pid\":1e9}}",
		  "pid" },
		{ "{\"schema\":\"whyoom.case/"
		  "1\",\"frames\":[],\"stacks\":[],\"samples\":{\"n\":3}}",
		  "n" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[],\"stacks\":[],"
		  "\"cycles\":{\"n\":1,\"t_ns\":[1],\"num_gc\":[-1]}}",
		  "num_gc" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[],\"stacks\":[],\"end\":{\"held\":2}}",
		  "held" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[],\"stacks\":[],"
		  "\"cycles\":{\"n\":2,\"t_ns\":[5,4]}}",
		  "\"cycles\": number 1 is earlier" },
		{ "{\"schema\":\"whyoom.case/1\",\"schema\":\"whyoom.case/1\"}", "duplicate" },
		{ "{\"schema\":\"whyoom.case/1\",\"frames\":[],\"stacks\":[],"
		  "\"subject\":{\"comm\":\"a\\u0000b\"}}",
		  "case.json" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(a, ARENA_BYTES);
		struct whycase c = { .n_samples = 4711 };
		struct err err;

		assert_true(case_json_parse(str_from(cases[i].json), "x", &a, &c, &err) < 0);
		assert_says(&err, cases[i].says);
		assert_int_equal(c.n_samples, 4711);
	}
}

/* A few bytes that would stand for gigabytes are refused before they are unfolded. */
static void a_tree_too_large_is_refused(void **state)
{
	static const char piece[] = "[],[],[],[],[],[],[],[],";
	BUF(json, (size_t)64 << 20);
	ARENA(a, ARENA_BYTES);
	struct whycase c = { .n_samples = 4711 };
	struct err err;

	(void)state;
	buf_cstr(&json, "{\"schema\":\"whyoom.case/1\",\"stacks\":[],\"frames\":[");
	while (json.n < ((size_t)32 << 20))
		buf_cstr(&json, piece);
	buf_cstr(&json, "[]]}");
	assert_int_equal(case_json_parse(buf_view(&json), "x", &a, &c, &err), -EFBIG);
	assert_int_equal(c.n_samples, 4711);
}

static void an_arena_too_small_is_an_error(void **state)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c, again = { .n_samples = 4711 };
	BUF(json, (size_t)8 << 20);
	struct err err;
	int refused = 0;

	(void)state;
	some_case(&c, &a);
	assert_ok(case_json_write(&c, &json, &err), &err);
	for (size_t budget = 100; budget < 20000; budget += 500) {
		ARENA(small, budget);

		if (case_json_parse(buf_view(&json), "x", &small, &again, &err) == 0)
			break;
		assert_int_equal(err.code, -EFBIG);
		assert_int_equal(again.n_samples, 4711);
		refused++;
	}
	assert_true(refused > 3);
}

static void stacks_that_are_equal_are_stored_once(void **state)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	BUF(json, (size_t)8 << 20);
	struct err err;
	static const struct case_frame one = { "main.f", "f.go", NULL, 1 };
	static const struct case_frame two = { "main.g", "g.go", NULL, 2 };
	const struct case_frame *f[2];
	const char *at;

	(void)state;
	case_init(&c, &a);
	f[0] = &one;
	f[1] = &two;
	for (int i = 0; i < 9; i++) {
		struct case_snapshot *s = case_add_snapshot(&c);

		s->sites = arena_new_array(&a, struct case_site, 1);
		s->n_sites = 1;
		s->sites[0].stack.frames = arena_new_array(&a, const struct case_frame *, 2);
		s->sites[0].stack.frames[0] = f[i % 2];
		s->sites[0].stack.frames[1] = f[1];
		s->sites[0].stack.n = 2;
	}
	assert_ok(case_json_write(&c, &json, &err), &err);
	at = strstr(json.p, "\"stacks\"");
	assert_non_null(at);
	assert_non_null(strstr(at, "[0,1]"));
	assert_non_null(strstr(at, "[1,1]"));
	assert_null(strstr(strstr(at, "[1,1]"), ",\n  ["));
}

static void the_file_is_one_that_tar_and_cksfv_know(void **state)
{
	const struct case_member extra[] = { { "kernel.log", STR("123456789") } };
	char command[160], text[256] = "";
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	struct err err;
	FILE *p;

	(void)state;
	some_case(&c, &a);
	assert_ok(case_file_save(&c, path, extra, 1, &err), &err);
	snprintf(command, sizeof(command), "tar -xOf %s case.sfv 2>/dev/null", path);
	p = popen(command, "r");
	assert_non_null(p);
	assert_true(fread(text, 1, sizeof(text) - 1, p) > 0);
	if (pclose(p) != 0)
		skip_test("a tar without zstd");
	assert_non_null(strstr(text, "kernel.log CBF43926\n")); /* CRC-32's own check value */
	assert_true(strncmp(text, "case.json ", 10) == 0);
}

static void a_failed_save_leaves_nothing(void **state)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	struct err err;
	DIR *d;
	int n = 0;

	(void)state;
	some_case(&c, &a);
	unlink(path);
	assert_true(case_file_save(&c, "/nonexistent/x.whyoom", NULL, 0, &err) < 0);
	assert_says(&err, "/nonexistent/x.whyoom");
	assert_int_equal(mkdir(path, 0700), 0); /* rename() onto a folder fails */
	assert_true(case_file_save(&c, path, NULL, 0, &err) < 0);
	rmdir(path);
	d = opendir(folder);
	while (readdir(d))
		n++;
	closedir(d);
	assert_int_equal(n, 2); /* "." and ".." */
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/c.whyoom", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(it_is_for_its_owner_alone_and_other_members_do_not_matter),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(flipped_bits_do_no_harm),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(a_tree_too_large_is_refused),
		cmocka_unit_test(an_arena_too_small_is_an_error),
		cmocka_unit_test(stacks_that_are_equal_are_stored_once),
		cmocka_unit_test(the_file_is_one_that_tar_and_cksfv_know),
		cmocka_unit_test(a_failed_save_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
