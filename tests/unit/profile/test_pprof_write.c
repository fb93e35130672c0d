/* SPDX-License-Identifier: Apache-2.0 */
/* pprof_write: what is written is what a reader of profile.proto finds, go's own among them. */
#include "t.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cur.h"
#include "profile/pprof_write.h"

static const struct pprof_type heap_types[] = {
	{ "alloc_objects", "count" },
	{ "alloc_space", "bytes" },
	{ "inuse_objects", "count" },
	{ "inuse_space", "bytes" },
};

static const struct pprof_frame leaf[] = { { "main.inner", "/src/a.go", 7 },
					   { "main.outer", "/src/a.go", 12 } };
static const struct pprof_frame root[] = { { "main.main", "/src/main.go", 3 } };

/* Two samples: main.main > main.outer > main.inner (inlined), and main.main alone. */
static struct pprof_writer *example(void)
{
	struct pprof_writer *w =
		pprof_new(heap_types, 4, (struct pprof_type){ "space", "bytes" }, 524288);
	uint64_t stack[2];

	assert_non_null(w);
	pprof_set_time(w, INT64_C(1700000000000000000), 0);
	pprof_set_mapping(w, 0x400000, 0x500000, 0, "/srv/api", "abc");
	pprof_comment(w, "by a test");
	stack[0] = pprof_location(w, 0x401010, leaf, 2);
	stack[1] = pprof_location(w, 0x402020, root, 1);
	pprof_sample(w, stack, 2, (int64_t[]){ 10, 4096, 2, 1024 }, 512);
	assert_int_equal(pprof_location(w, 0x402020, root, 1), stack[1]);
	pprof_sample(w, &stack[1], 1, (int64_t[]){ 1, 300, -1, -300 }, 0);
	return w;
}

static void finish(struct pprof_writer *w, struct buf *out)
{
	struct err err = { 0 };

	assert_ok(pprof_finish(w, out, &err), &err);
	pprof_free(w);
}

static size_t unpack(const struct buf *gz, uint8_t *raw, size_t room)
{
	z_stream z = { .next_in = (unsigned char *)gz->p,
		       .avail_in = (unsigned)gz->n,
		       .next_out = raw,
		       .avail_out = (unsigned)room };

	assert_int_equal(inflateInit2(&z, 31), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return z.total_out;
}

/* How many fields of each number, and that the lengths add up. */
static void count_fields(const uint8_t *raw, size_t n, unsigned *counts, struct str *first_string)
{
	struct cur c = cur_over(raw, n, "profile");

	while (cur_left(&c) && !c.bad) {
		uint64_t tag = cur_uvarint(&c);
		struct str s = { 0 };

		assert_in_range(tag >> 3, 1, 15);
		if ((tag & 7) == 2)
			s = cur_bytes(&c, cur_uvarint(&c));
		else
			cur_uvarint(&c);
		if (tag >> 3 == 6 && !counts[6])
			*first_string = s;
		counts[tag >> 3]++;
	}
	assert_false(c.bad);
}

static void equal_things_are_written_once(void **state)
{
	static uint8_t raw[4096];
	unsigned counts[16] = { 0 };
	struct str first = STR("unset");
	BUF(gz, 1 << 20);

	(void)state;
	finish(example(), &gz);
	count_fields(raw, unpack(&gz, raw, sizeof(raw)), counts, &first);
	assert_int_equal(first.n, 0);
	assert_int_equal(counts[1], 4);
	assert_int_equal(counts[2], 2);
	assert_int_equal(counts[3], 1);
	assert_int_equal(counts[4], 2);
	assert_int_equal(counts[5], 3);
}

static void too_many_bytes_are_an_error(void **state)
{
	struct pprof_writer *w = example();
	struct err err = { 0 };
	BUF(small, 40);

	(void)state;
	assert_int_equal(pprof_finish(w, &small, &err), -EFBIG);
	assert_says(&err, "too large");
	pprof_free(w);
}

static void many_locations_keep_their_ids(void **state)
{
	struct pprof_writer *w =
		pprof_new(heap_types, 1, (struct pprof_type){ "space", "bytes" }, 1);
	char name[32];
	BUF(gz, 64 << 20);

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint64_t i = 0; i < 20000; i++) {
			struct pprof_frame f = { name, "f.go", (int64_t)i };

			snprintf(name, sizeof(name), "main.f%d", (int)i);
			assert_int_equal(pprof_location(w, 0x1000 + i, &f, 1), i + 1);
		}
	}
	finish(w, &gz);
}

static bool have_pprof(void)
{
	return !system("go tool pprof -help >/dev/null 2>&1");
}

static void go_tool_pprof(const struct buf *gz, const char *flag, char *out, size_t room)
{
	char path[] = "/tmp/whyoom-pprof-XXXXXX", cmd[256];
	int fd = mkstemp(path);
	FILE *p;
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, gz->p, gz->n), gz->n);
	close(fd);
	snprintf(cmd, sizeof(cmd), "go tool pprof %s %s 2>&1", flag, path);
	p = popen(cmd, "r");
	assert_non_null(p);
	n = fread(out, 1, room - 1, p);
	out[n] = '\0';
	assert_int_equal(pclose(p), 0);
	unlink(path);
}

static void holds(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
}

static void go_reads_the_values(void **state)
{
	static char out[8192];
	BUF(gz, 1 << 20);

	(void)state;
	if (!have_pprof())
		skip_test("no go tool pprof");
	finish(example(), &gz);
	go_tool_pprof(&gz, "-raw", out, sizeof(out));
	holds(out, "PeriodType: space bytes\nPeriod: 524288\n");
	holds(out, "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes");
	holds(out,
	      "         10       4096          2       1024: 1 2 \n                bytes:[512]");
	holds(out, "          1        300         -1       -300: 2");
	holds(out, "1: 0x401010 M=1 main.inner /src/a.go:7");
	holds(out, "main.outer /src/a.go:12");
	holds(out, "2: 0x402020 M=1 main.main /src/main.go:3");
	holds(out, "1: 0x400000/0x500000/0x0 /srv/api abc [FN][FL][LN][IN]");
}

static void go_shows_the_top(void **state)
{
	static char out[8192];
	BUF(gz, 1 << 20);

	(void)state;
	if (!have_pprof())
		skip_test("no go tool pprof");
	finish(example(), &gz);
	go_tool_pprof(&gz, "-top", out, sizeof(out));
	holds(out, "Type: inuse_space");
	holds(out, "1024B 77.34% 77.34%      1024B 77.34%  main.inner (inline)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_things_are_written_once),
		cmocka_unit_test(too_many_bytes_are_an_error),
		cmocka_unit_test(many_locations_keep_their_ids),
		cmocka_unit_test(go_reads_the_values),
		cmocka_unit_test(go_shows_the_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
