/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made_core.h"
#include "target/core.h"

static char binary[64], other[64], same_id[80];

static void save(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b->p, 1, b->n, f), b->n);
	fclose(f);
}

static int setup(void **state)
{
	BUF(right, (size_t)1 << 20);
	BUF(wrong, (size_t)1 << 20);

	(void)state;
	snprintf(binary, sizeof(binary), "/tmp/test_core-%d", (int)getpid());
	snprintf(other, sizeof(other), "/tmp/test_core-%d-other", (int)getpid());
	snprintf(same_id, sizeof(same_id), "%s (deleted)", binary);
	made_binary(&right, "0123456789");
	made_binary(&wrong, "9876543210");
	save(binary, &right);
	save(other, &wrong);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(binary);
	unlink(other);
	return 0;
}

static int opened_of(const struct buf *b, const char *exe, struct mem **ret, struct err *err)
{
	struct core_options opt = { .exe = exe };
	int fd = memfd_create("core", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->p, b->n), b->n);
	return core_open_fd(fd, "core.4242", &opt, ret, err);
}

static int opened(unsigned change, const char *path, const char *exe, struct mem **ret,
		  struct err *err)
{
	BUF(b, (size_t)1 << 20);

	made_core(&b, change, path, "0123456789");
	return opened_of(&b, exe, ret, err);
}

/* The byte at @addr, or -1. */
static int at(struct mem *m, uint64_t addr)
{
	uint8_t c;

	return mem_read(m, addr, &c, 1, NULL) == 0 ? c : -1;
}

static void what_it_says_of_the_process(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	const struct core_facts *f;
	struct err err;

	(void)state;
	assert_ok(opened(MADE_PLAIN, "/nowhere/api", NULL, &m, &err), &err);
	f = core_facts_of(m);
	assert_int_equal(f->pid, 4242);
	assert_string_equal(f->comm, "api");
	assert_string_equal(f->args, "/nowhere/api -x");
	assert_string_equal(f->exe, "/nowhere/api");
	assert_string_equal(f->build_id, "30313233343536373839");
	assert_int_equal(f->signal, 6);
	assert_int_equal(f->n_threads, 1);
	assert_int_equal(f->threads[0].tid, 4243);
	assert_int_equal(f->threads[0].pc, 0x400123);
	assert_int_equal(f->threads[0].sp, MADE_STACK + 0x800);
	assert_int_equal(f->missing_bytes, 0);
	assert_true(m->still);
}

static void regions_are_as_of_the_living(void **state)
{
	_cleanup_mem_ struct mem *m = NULL;
	const struct mem_region *r;
	struct err err;

	(void)state;
	assert_ok(opened(MADE_PLAIN, "/nowhere/api", NULL, &m, &err), &err);
	assert_int_equal(m->n_regions, 6);
	r = mem_region_at(m, MADE_RODATA);
	assert_true(r->exe && !r->anonymous && r->prot == MEM_R);
	assert_int_equal(r->file_offset, 0x2000);
	assert_string_equal(r->name, "api");
	r = mem_region_at(m, MADE_HEAP);
	assert_true(!r->exe && r->anonymous && r->prot == (MEM_R | MEM_W));
	assert_string_equal(mem_region_at(m, MADE_STACK)->name, "[stack]");
}

static void what_was_left_out_is_no_zeros(void **state)
{
	_cleanup_mem_ struct mem *m = NULL, *filtered = NULL;
	struct err err;

	(void)state;
	assert_ok(opened(MADE_PLAIN, "/nowhere/api", NULL, &m, &err), &err);
	assert_int_equal(at(m, MADE_DATA), 'd');
	assert_int_equal(at(m, MADE_HEAP + 0xfff), 'h');
	assert_int_equal(at(m, MADE_TEXT + 0xfff), 'A');
	assert_int_equal(at(m, MADE_TEXT + 0x1000), -1);
	assert_int_equal(at(m, MADE_RODATA), -1);
	assert_int_equal(at(m, MADE_FRESH), 0); /* nobody ever touched it */
	assert_int_equal(at(m, 0x700000), -1);
	assert_true(core_wants_exe(m, &err));
	assert_says(&err, "/nowhere/api");
	assert_ok(opened(MADE_NO_ANON, "/nowhere/api", NULL, &filtered, &err), &err);
	assert_int_equal(at(filtered, MADE_HEAP), -1); /* by coredump_filter: nothing is known */
	assert_int_equal(at(filtered, MADE_FRESH), -1);
}

static void read_only_parts_come_from_the_binary(void **state)
{
	struct {
		const char *why;
		unsigned change;
		const char *path, *exe;
	} cases[] = {
		{ "--exe", MADE_PLAIN, "/nowhere/api", binary },
		{ "at its path", MADE_PLAIN, binary, NULL },
		{ "deleted, and there again", MADE_PLAIN, same_id, NULL },
		{ "of no segment", MADE_NO_RODATA, "/nowhere/api", binary },
		{ "no notes", MADE_NO_NOTES, "", binary },
		{ "many headers", MADE_XNUM, "/nowhere/api", binary },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;
		uint8_t both[0x2000];

		assert_ok(opened(cases[i].change, cases[i].path, cases[i].exe, &m, &err), &err);
		if (at(m, MADE_RODATA) != 'C' || at(m, MADE_TEXT + 0x1000) != 'B')
			fail_msg("%s: not read from the binary", cases[i].why);
		assert_int_equal(at(m, MADE_DATA), 'd');
		assert_true(mem_region_at(m, MADE_RODATA)->exe);
		assert_false(core_wants_exe(m, &err));
		assert_ok(mem_read(m, MADE_TEXT + 0x800, both, 0x2000, &err), &err);
		assert_int_equal(both[0x7ff], 'A');
		assert_int_equal(both[0x1fff], 'C');
	}
}

static void another_binary_is_refused(void **state)
{
	struct mem *m = NULL;
	struct err err;

	(void)state;
	assert_int_equal(opened(MADE_PLAIN, "/nowhere/api", other, &m, &err), -EBADMSG);
	assert_says(&err, "is not the binary of core.4242: build id 39");
	assert_int_equal(opened(MADE_PLAIN, "/nowhere/api", "/proc/self/maps", &m, &err), -EBADMSG);
	assert_int_equal(opened(MADE_PLAIN, "/nowhere/api", "/nowhere/api", &m, &err), -ENOENT);
	/* what lies at the path by now is not used, nor is it an error */
	assert_ok(opened(MADE_PLAIN, other, NULL, &m, &err), &err);
	assert_int_equal(at(m, MADE_RODATA), -1);
	mem_close(m);
}

static void a_truncated_one_has_what_is_left(void **state)
{
	BUF(whole, (size_t)1 << 20);
	struct err err;

	(void)state;
	made_core(&whole, MADE_PLAIN, "/nowhere/api", "0123456789");
	for (size_t n = 0; n < whole.n; n += n < 0x2000 ? 8 : 256) {
		struct buf b = whole;
		struct mem *m = NULL;
		int r;

		b.n = n;
		r = opened_of(&b, NULL, &m, &err);
		if (n < sizeof(Elf64_Ehdr) + 7 * sizeof(Elf64_Phdr)) {
			assert_int_equal(r, -EBADMSG);
			assert_says(&err, "core.4242: ");
			continue;
		}
		assert_ok(r, &err);
		assert_int_equal(core_facts_of(m)->missing_bytes, n < 0x2000 ? 0x4000 : 0x6000 - n);
		assert_int_equal(at(m, MADE_STACK + 0xfff), -1);
		assert_int_equal(at(m, MADE_DATA), n > 0x3000 ? 'd' : -1);
		mem_close(m);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct mem *m = NULL;
	struct err err;
	BUF(b, (size_t)1 << 20);

	(void)state;
	assert_int_equal(opened(MADE_OVERLAP, "/x", NULL, &m, &err), -EBADMSG);
	assert_says(&err, "overlaps");
	assert_int_equal(opened(MADE_HUGE, "/x", NULL, &m, &err), -EBADMSG);
	made_binary(&b, "1");
	assert_int_equal(opened_of(&b, NULL, &m, &err), -EBADMSG);
	assert_says(&err, "no core file");
	assert_false(core_is(buf_view(&b)));
	b.p[EI_CLASS] = ELFCLASS32;
	assert_int_equal(opened_of(&b, NULL, &m, &err), -ENOTSUP);
	assert_int_equal(core_open("/tmp", NULL, &m, &err), -EBADMSG);
	assert_int_equal(core_open("/nowhere/core", NULL, &m, &err), -ENOENT);
	assert_null(m);
}

/* For the fuzzer: WHYOOM_SEEDS names its corpus. */
static void seeds(void **state)
{
	const char *folder = getenv("WHYOOM_SEEDS");
	static const unsigned changes[] = { MADE_PLAIN, MADE_XNUM, MADE_NO_NOTES, MADE_NO_ANON,
					    MADE_NO_RODATA };

	(void)state;
	for (size_t i = 0; folder && i < COUNT(changes); i++) {
		BUF(b, (size_t)1 << 20);
		char path[4096];

		made_core(&b, changes[i], "/nowhere/api", "0123456789");
		snprintf(path, sizeof(path), "%s/made-%u", folder, changes[i]);
		save(path, &b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_of_the_process),
		cmocka_unit_test(regions_are_as_of_the_living),
		cmocka_unit_test(what_was_left_out_is_no_zeros),
		cmocka_unit_test(read_only_parts_come_from_the_binary),
		cmocka_unit_test(another_binary_is_refused),
		cmocka_unit_test(a_truncated_one_has_what_is_left),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(seeds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
