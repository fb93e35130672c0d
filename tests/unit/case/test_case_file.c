/* SPDX-License-Identifier: Apache-2.0 */
/* A case saved and loaded is the same case; a damaged file is an error, not half a case. */
#include "t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case/case_fields.h"
#include "case/case_file.h"

#define ARENA_BYTES ((size_t)16 << 20)

static char folder[] = "/tmp/whyoom-case-XXXXXX";
static char path[64];
static unsigned seed = 1;

static uint64_t random_bits(void)
{
	seed = seed * 1103515245 + 12345;
	return (uint64_t)seed << 32 ^ (uint64_t)seed * 2654435761u;
}

/* Any value of a plain member, the special ones among them. */
static void fill_plain(const struct field *f, void *at, struct arena *a)
{
	static const uint64_t counts[] = { 0,	     1, UNKNOWN_U64, CASE_NO_LIMIT, UINT64_MAX - 2,
					   INT64_MAX };
	static const int64_t numbers[] = { 0, -1, UNKNOWN_I64, INT64_MAX, INT64_MAX - 1, -12345 };
	uint64_t r = random_bits();
	char text[24];

	switch (f->kind) {
	case FIELD_U64:
		*(uint64_t *)at = r % 3 ? r >> (r % 60) : counts[r / 3 % COUNT(counts)];
		break;
	case FIELD_I64:
		*(int64_t *)at = numbers[r % COUNT(numbers)];
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)r;
		break;
	case FIELD_INT:
		*(int *)at = (int)(r % 2000) - 1000;
		break;
	case FIELD_DOUBLE:
		*(double *)at = r % 5 ? (double)r / 7.3e11 : (double)NAN;
		break;
	case FIELD_BOOL:
		*(bool *)at = r % 2;
		break;
	case FIELD_TRI:
		*(enum tri *)at = (enum tri)(r % 3);
		break;
	case FIELD_STR:
		snprintf(text, sizeof(text), "s%u\"\\\n", (unsigned)r);
		*(const char **)at = r % 4 ? arena_str(a, str_from(text)).p : NULL;
		break;
	default:
		break;
	}
}

static void fill(const struct shape *shape, void *p, struct arena *a)
{
	fields_clear(shape, p);
	for (const struct field *f = shape->fields; f->name; f++)
		fill_plain(f, (char *)p + f->at, a);
}

static struct case_frame *a_frame(struct arena *a)
{
	struct case_frame *f = arena_new(a, struct case_frame);

	fill(&shape_frame, f, a);
	f->function = "main.f";
	f->file = "f.go";
	return f;
}

static void add_snapshot(struct whycase *c, struct arena *a)
{
	struct case_snapshot *s = case_add_snapshot(c);
	struct case_resident *resident = arena_new(a, struct case_resident);
	struct case_gostats *stats = arena_new(a, struct case_gostats);
	struct case_frame *f = a_frame(a), *g = a_frame(a);

	fill(&shape_resident, resident, a);
	fill(&shape_gostats, stats, a);
	s->t = 5;
	s->why = SNAP_KILL;
	s->resident = resident;
	s->stats = stats;
	s->have_goroutines = true;
	s->groups = arena_new_array(a, struct case_goroutines, 2);
	s->n_groups = 2;
	for (size_t i = 0; i < 2; i++) {
		s->groups[i] = (struct case_goroutines){ .count = i + 1,
							 .state = "chan send",
							 .created_by = i ? f : NULL,
							 .wait_min_ns = -1,
							 .wait_max_ns = 77 };
		s->groups[i].stack.frames = arena_new_array(a, const struct case_frame *, 2);
		s->groups[i].stack.frames[0] = f;
		s->groups[i].stack.frames[1] = g;
		s->groups[i].stack.n = i ? 2 : 0;
	}
}

static void a_case(struct whycase *c, struct arena *a)
{
	case_init(c, a);
	for (const struct field *f = shape_case.fields; f->name; f++) {
		if (f->kind == FIELD_STRUCT)
			fill(f->of, (char *)c + f->at, a);
	}
	for (int i = 0; i < 20; i++) {
		struct case_sample s;

		fill(&shape_sample, &s, a);
		assert_int_equal(case_add_sample(c, &s), 0);
	}
	add_snapshot(c, a);
	add_snapshot(c, a);
	c->processes = arena_new_array(a, struct case_process, 3);
	c->n_processes = 3;
	for (size_t i = 0; i < 3; i++)
		fill(&shape_process, &c->processes[i], a);
	case_add_missing(c, "heap profile", "linked out");
}

/* Equal as texts: every member is in the text, and unknown is not 0 there. */
static void same(const struct whycase *a, const struct whycase *b)
{
	BUF(x, (size_t)8 << 20);
	BUF(y, (size_t)8 << 20);
	struct err err;

	assert_ok(case_json_write(a, &x, &err), &err);
	assert_ok(case_json_write(b, &y, &err), &err);
	assert_string_equal(x.p, y.p);
}

static void what_is_saved_is_loaded(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		ARENA(a, ARENA_BYTES);
		struct whycase c, again;
		struct err err;

		a_case(&c, &a);
		assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
		assert_ok(case_file_load(path, &a, &again, &err), &err);
		same(&c, &again);
		assert_ptr_equal(again.snapshots[0].groups[1].stack.frames[0],
				 again.snapshots[0].groups[1].created_by);
		assert_int_equal(again.snapshots[1].groups[0].wait_min_ns, -1);
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
	a_case(&c, &a);
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

static void spill(const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

/* One line that names the file; *ret untouched. Or, where the damage was harmless, a whole case. */
static int load_damaged(void)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c = { .n_samples = 4711 };
	struct err err = { 0 };
	int r = case_file_load(path, &a, &c, &err);

	if (r == 0)
		return 0;
	assert_true(err.code == r);
	assert_says(&err, path);
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
	a_case(&c, &a);
	assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
	n = slurp(whole, sizeof(whole));
	for (size_t cut = 0; cut + 16 < n; cut += 1 + n / 400) {
		spill(whole, cut);
		assert_true(load_damaged() < 0);
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
	a_case(&c, &a);
	assert_ok(case_file_save(&c, path, NULL, 0, &err), &err);
	n = slurp(whole, sizeof(whole));
	for (int i = 0; i < 500; i++) {
		size_t at = random_bits() % n;
		char bit = (char)(1 << (random_bits() >> 40) % 8);

		whole[at] = (char)(whole[at] ^ bit);
		spill(whole, n);
		refused += load_damaged() < 0;
		whole[at] = (char)(whole[at] ^ bit);
	}
	assert_true(refused > 250);
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

static void a_failed_save_leaves_nothing(void **state)
{
	ARENA(a, ARENA_BYTES);
	struct whycase c;
	struct err err;
	DIR *d;
	int n = 0;

	(void)state;
	a_case(&c, &a);
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
		cmocka_unit_test(a_failed_save_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
