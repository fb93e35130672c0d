/* SPDX-License-Identifier: Apache-2.0 */
/* live: each kind of page is read by the way that does no harm. */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "host/pagemap.h"

#define MB ((size_t)1 << 20)
#define AREA (32 * MB)
#define FILE_PAGES 8
#define FILE_TAIL 100 /* bytes in its last page */

/* Mapped before the fork: the addresses are the child's too. */
static uint8_t *area, *untouched, *borrowed, *file, *closed_area, *later, *shared, *restless,
	*swapped;
static size_t page;
static char file_name[] = "/tmp/test_live.XXXXXX";

static const char constant[] = "in a page of the program's file";

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static uint8_t *map(size_t len, int prot, int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_PRIVATE;
	uint8_t *p = mmap(NULL, len, prot, flags, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	if (fd < 0)
		madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

/* What byte @i of the area holds after prepare(): every third page is touched. */
static uint8_t area_byte(size_t i)
{
	if (i / page % 3 != 1)
		return 0;
	return (i * 7 + i / page + 1) & 0xff;
}

static void prepare(void)
{
	for (size_t i = page; i < AREA; i += i % page == page - 1 ? 2 * page + 1 : 1)
		area[i] = area_byte(i);
	file[2 * page + 5] = 'w';
	shared[page] = 's';
	memset(swapped, 's', 2 * page);
}

/* Every page is given back, forbidden, mapped anew and written, over and over. */
static void *never_still(void *unused)
{
	for (size_t i = 0;; i = (i + 7 * page) % AREA) {
		uint8_t *p = restless + i;

		memset(p, 'r', page);
		mprotect(p, page, PROT_NONE);
		madvise(p, page, MADV_DONTNEED);
		munmap(p, page);
		mmap(p, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		memset(p, 'r', page);
		madvise(p, page, MADV_DONTNEED);
		memset(p, 'r', page);
	}
	return unused;
}

static void command(char c)
{
	pthread_t thread;

	if (c == 'r')
		pthread_create(&thread, NULL, never_still, NULL);
	if (c == 'p')
		madvise(swapped, 2 * page, MADV_PAGEOUT);
	if (c == 'u')
		munmap(later, page);
	if (c == 'm')
		memset(mmap(later, page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		       'n', page);
	if (c == 'o') {
		mprotect(closed_area, page, PROT_READ | PROT_WRITE);
		memset(closed_area, 'o', page);
	}
}

#define STATE (PAGEMAP_PRESENT | PAGEMAP_SWAPPED | PAGEMAP_FILE | PAGEMAP_EXCLUSIVE)

/* The state of each page of [p, p + len) in the child; the caller frees it. */
static uint64_t *states(const struct child *c, const void *p, size_t len)
{
	uint64_t *words = calloc(len / page, sizeof(*words));
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)c->pid);
	_cleanup_(close_fd) int dir = open(path, O_PATH | O_DIRECTORY);
	_cleanup_(close_fd) int fd = pagemap_open(dir, NULL);

	assert_int_equal(pagemap_read(fd, addr(p), page, words, len / page, NULL), len / page);
	for (size_t i = 0; i < len / page; i++)
		words[i] &= STATE;
	return words;
}

/* Reads it all and proves that nothing changed for the child; the caller frees it. */
static uint8_t *read_unseen(const struct child *c, const void *p, size_t len)
{
	_cleanup_(free_ptr) uint64_t *before = states(c, p, len), *after = NULL;
	long rss = child_kb(c, "status", "RssAnon:"), tables = child_kb(c, "status", "VmPTE:");
	uint8_t *got = malloc(len);
	struct err err;

	memset(got, 0xee, len);
	assert_ok(mem_read(c->m, addr(p), got, len, &err), &err);
	after = states(c, p, len);
	assert_memory_equal(before, after, len / page * sizeof(*before));
	assert_int_equal(child_kb(c, "status", "RssAnon:"), rss);
	assert_int_equal(child_kb(c, "status", "VmPTE:"), tables);
	return got;
}

static void untouched_pages_are_zeros_and_stay_untouched(void **state)
{
	struct child *c = *state;
	_cleanup_(free_ptr) uint8_t *got = read_unseen(c, area, AREA), *zeros = NULL;

	for (size_t i = 0; i < AREA; i++) {
		if (got[i] != area_byte(i))
			fail_msg("byte %zu: %d, not %d", i, got[i], area_byte(i));
	}
	zeros = read_unseen(c, untouched, AREA);
	for (size_t i = 0; i < AREA; i++)
		assert_int_equal(zeros[i], 0);
}

/* process_vm_readv() alone would give the child copies of its own. */
static void pages_shared_since_a_fork_stay_shared(void **state)
{
	_cleanup_(free_ptr) uint8_t *got = read_unseen(*state, borrowed, MB);

	assert_memory_equal(got, borrowed, MB);
}

/* What others wrote to shared memory is not in the child's page table: neither zeros nor known. */
static void shared_memory_that_the_child_never_saw_is_unknown(void **state)
{
	struct child *c = *state;
	struct err err;
	uint64_t v;

	assert_int_equal(mem_u64(c->m, addr(shared), &v, &err), -EFAULT);
	assert_ok(mem_u64(c->m, addr(shared) + page, &v, &err), &err);
	assert_int_equal(v, 0x7373737373737373);
}

static void the_programs_file_is_known(void **state)
{
	struct child *c = *state;
	const struct mem_region *r = mem_region_at(c->m, addr(constant));
	char got[sizeof(constant)], on_disk[sizeof(constant)];
	struct err err;

	assert_non_null(r);
	assert_true(r->exe && !r->anonymous);
	assert_string_equal(r->name, "test_live");
	assert_int_equal(r->prot, MEM_R);
	assert_ok(mem_read(c->m, addr(constant), got, sizeof(got), &err), &err);
	assert_string_equal(got, constant);
	assert_int_equal(pread(live_exe_fd(c->m), on_disk, sizeof(on_disk),
			       (off_t)(addr(constant) - r->start + r->file_offset)),
			 sizeof(on_disk));
	assert_string_equal(on_disk, constant);
}

/* Most of the code was never run here: it comes from the file, and is the same. */
static void all_of_the_program_can_be_read(void **state)
{
	struct child *c = *state;
	long before = child_kb(c, "status", "RssFile:");
	struct err err;

	for (size_t i = 0; i < c->m->n_regions; i++) {
		const struct mem_region *r = &c->m->regions[i];
		size_t len = (size_t)(r->end - r->start);
		uint8_t *got;

		if (!r->exe || (r->prot & MEM_W))
			continue;
		got = malloc(len);
		assert_ok(mem_read(c->m, r->start, got, len, &err), &err);
		/* relro too, which differs from the file, is the same here as there */
		assert_memory_equal(got, (const void *)(uintptr_t)r->start, len);
		free(got);
	}
	assert_int_equal(child_kb(c, "status", "RssFile:"), before);
}

static void a_private_file_mapping_is_read_as_the_child_sees_it(void **state)
{
	struct child *c = *state;
	const struct mem_region *r = mem_region_at(c->m, addr(file));
	uint8_t got[FILE_PAGES * 4096];
	struct mem_piece v[] = {
		{ addr(file) + page, got, page, false },
		{ addr(file) + 2 * page, got + page, page, false },
		{ addr(file) + (FILE_PAGES - 1) * page, got + 2 * page, page, false },
		{ addr(file) + FILE_PAGES * page, got + 3 * page, 1, false },
	};
	struct err err;

	assert_true(r && !r->exe && !r->anonymous);
	assert_string_equal(r->name, strrchr(file_name, '/') + 1);
	assert_ok(mem_readv(c->m, v, COUNT(v), &err), &err);
	if (geteuid() != 0 && !v[0].ok)
		skip_test("map_files is for root");
	assert_true(v[0].ok && v[1].ok && v[2].ok);
	assert_int_equal(got[0], 'f');
	assert_int_equal(got[page], 'f');
	assert_int_equal(got[page + 5], 'w');
	assert_int_equal(got[2 * page + FILE_TAIL - 1], 'f');
	assert_int_equal(got[2 * page + FILE_TAIL], 0);
	/* Behind the last page of the file: the child itself would get SIGBUS. */
	assert_false(v[3].ok);
}

/* Reading it would bring it in again, and charge the child. Needs a machine with swap. */
static void a_swapped_page_stays_out(void **state)
{
	struct child *c = *state;
	_cleanup_(free_ptr) uint64_t *before = NULL, *after = NULL;
	struct mem_piece v[2];
	uint8_t got[32];
	struct err err;

	child_tell(c, 'p');
	before = states(c, swapped, 2 * page);
	if (!(before[0] & PAGEMAP_SWAPPED) || !(before[1] & PAGEMAP_SWAPPED))
		skip_test("no swap");
	v[0] = (struct mem_piece){ addr(swapped) + 8, got, 16, true };
	v[1] = (struct mem_piece){ addr(area) + page, got + 16, 16, false };
	assert_ok(mem_readv(c->m, v, 2, &err), &err);
	assert_true(!v[0].ok && v[1].ok);
	after = states(c, swapped, 2 * page);
	assert_memory_equal(before, after, 2 * sizeof(*before));
}

static void what_may_not_be_read_fails_alone(void **state)
{
	struct child *c = *state;
	uint8_t got[5][16];
	struct mem_piece v[] = {
		{ addr(area) + page, got[0], 16, false },
		{ addr(closed_area), got[1], 16, false },
		{ addr(area) + 4 * page, got[2], 16, false },
		{ 0x1000, got[3], 16, false },
		{ UINT64_MAX - 8, got[4], 16, false },
		{ UINT64_C(1) << 63, got[4], 16, false },
		/* runs into what may not be read */
		{ addr(closed_area) - 8, got[4], 16, false },
		{ 0x1000, NULL, 0, false },
	};
	static const bool want[] = { true, false, true, false, false, false, false, true };
	struct err err;

	assert_ok(mem_readv(c->m, v, COUNT(v), &err), &err);
	for (size_t i = 0; i < COUNT(v); i++) {
		if (v[i].ok != want[i])
			fail_msg("piece %zu: %d", i, v[i].ok);
	}
	assert_int_equal(got[0][3], area_byte(page + 3));
	assert_int_equal(got[2][3], area_byte(4 * page + 3));
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Any order, overlaps, neighbours and gaps, few and many, short and long: the same bytes. */
static void any_set_of_pieces_is_read_right(void **state)
{
	static const size_t counts[] = { 1, 2, 31, 33, 1000, 5000, 70000 };
	struct child *c = *state;
	uint64_t seed = 7;
	struct err err;

	for (size_t k = 0; k < COUNT(counts); k++) {
		size_t n = counts[k], most = k % 2 ? 300 : 9000, used = 0;
		struct mem_piece *v = calloc(n, sizeof(*v));
		uint8_t *got = malloc(n * most);

		for (size_t i = 0; i < n; i++) {
			size_t len = draw(&seed) % most;
			size_t at = draw(&seed) % 4 ? draw(&seed) % (AREA - most)
						    : i * 160 % (AREA - most);

			v[i] = (struct mem_piece){ addr(area) + at, got + used, len, false };
			used += len;
		}
		assert_ok(mem_readv(c->m, v, n, &err), &err);
		for (size_t i = 0; i < n; i++) {
			size_t at = (size_t)(v[i].addr - addr(area));

			assert_true(v[i].ok);
			for (size_t b = 0; b < v[i].len; b++) {
				if (((uint8_t *)v[i].dst)[b] != area_byte(at + b))
					fail_msg("%zu pieces: piece %zu, byte %zu", n, i, b);
			}
		}
		free(got);
		free(v);
	}
}

static void shuffle(struct mem_piece *v, size_t n)
{
	uint64_t seed = 3;

	for (size_t i = n - 1; i > 0; i--) {
		size_t k = draw(&seed) % (i + 1);
		struct mem_piece swap = v[i];

		v[i] = v[k];
		v[k] = swap;
	}
}

/* Headers with gaps of 64 bytes between them, in touched pages, as the runtime keeps them. */
static void neighbours_are_read_together_in_any_order(void **state)
{
	enum { N = 10000, SIZE = 160, STEP = 224, IN_PAGE = 18 };
	struct child *c = *state;
	struct mem_piece *v = calloc(N, sizeof(*v));
	uint8_t *got = malloc(N * SIZE);
	uint64_t calls = c->m->calls;
	struct err err;

	for (size_t i = 0; i < N; i++) {
		uint64_t at = page + i / IN_PAGE * 3 * page + i % IN_PAGE * STEP;

		v[i] = (struct mem_piece){ addr(area) + at, got + i * SIZE, SIZE, false };
	}
	shuffle(v, N);
	assert_ok(mem_readv(c->m, v, N, &err), &err);
	for (size_t i = 0; i < N; i++) {
		size_t at = (size_t)(v[i].addr - addr(area));

		assert_true(v[i].ok);
		assert_int_equal(((uint8_t *)v[i].dst)[SIZE - 1], area_byte(at + SIZE - 1));
	}
	assert_true(c->m->calls - calls < N / 200);
	free(got);
	free(v);
}

/* A while later: mappings just read are not read again. */
static uint64_t value_later(const struct child *c, const void *p, int want)
{
	struct err err;
	uint64_t v = 0;

	usleep(120000);
	assert_int_equal(mem_u64(c->m, addr(p), &v, &err), want);
	return v;
}

static void a_mapping_that_went_is_missed(void **state)
{
	struct child *c = *state;
	struct err err;
	uint64_t v;

	assert_ok(mem_u64(c->m, addr(later), &v, &err), &err);
	assert_int_equal(v, 0);
	child_tell(c, 'u');
	/* Absent pages of the list would be zeros. */
	value_later(c, later, -EFAULT);
	assert_non_null(mem_region_at(c->m, addr(later)));
	assert_ok(mem_refresh(c->m, &err), &err);
	assert_null(mem_region_at(c->m, addr(later)));
}

static void a_mapping_that_came_is_found_and_the_list_stays(void **state)
{
	struct child *c = *state;
	const struct mem_region *list = c->m->regions, *r;
	struct err err;

	child_tell(c, 'm');
	assert_int_equal(value_later(c, later, 0), 0x6e6e6e6e6e6e6e6e);
	assert_ptr_equal(c->m->regions, list);
	assert_null(mem_region_at(c->m, addr(later)));
	assert_ok(mem_refresh(c->m, &err), &err);
	r = mem_region_at(c->m, addr(later));
	assert_true(r && r->anonymous && r->prot == (MEM_R | MEM_W));
}

static void a_reservation_that_became_memory_is_found(void **state)
{
	struct child *c = *state;

	child_tell(c, 'o');
	assert_int_equal(value_later(c, closed_area, 0), 0x6f6f6f6f6f6f6f6f);
	assert_int_equal(mem_region_at(c->m, addr(closed_area))->prot, 0);
}

static void a_sample_is_one_call(void **state)
{
	struct child *c = *state;
	uint8_t got[3][64];
	struct mem_piece v[3] = {
		{ addr(area) + page, got[0], 64, false },
		{ addr(area) + 4 * page, got[1], 64, false },
		{ addr(area) + 7 * page, got[2], 64, false },
	};
	struct mem_piece many[65] = { 0 };
	struct err err;

	assert_ok(live_sample(c->m, v, 3, &err), &err);
	assert_true(v[0].ok && v[1].ok && v[2].ok);
	assert_int_equal(got[2][9], area_byte(7 * page + 9));
	v[1].addr = addr(closed_area);
	assert_ok(live_sample(c->m, v, 3, &err), &err);
	assert_true(v[0].ok && !v[1].ok && !v[2].ok);
	assert_int_equal(live_sample(c->m, many, 65, &err), -EINVAL);
}

static void another_file_can_be_the_program(void **state)
{
	struct child *c = *state;
	struct mem *m = NULL;
	struct err err;
	struct live_options opt = { .exe = file_name };

	assert_ok(live_open(c->pid, &opt, &m, &err), &err);
	assert_false(mem_region_at(m, addr(constant))->exe);
	assert_true(mem_region_at(m, addr(file))->exe);
	mem_close(m);
	opt.exe = "/nonexistent";
	assert_int_equal(live_open(c->pid, &opt, &m, &err), -ENOENT);
	assert_says(&err, "/nonexistent");
}

/* What is had is one page's or the other's, never something else; and it ends. */
static void a_child_that_is_never_still_is_read_as_it_may_be(void **state)
{
	struct child *c = *state;
	size_t n = AREA / page, had = 0;
	struct mem_piece *v = calloc(n, sizeof(*v));
	uint8_t *got = malloc(AREA);
	struct err err;

	child_tell(c, 'r');
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < n; i++)
			v[i] = (struct mem_piece){ addr(restless) + i * page, got + i * page, page,
						   false };
		memset(got, 0xee, AREA);
		assert_ok(mem_readv(c->m, v, n, &err), &err);
		for (size_t i = 0; i < n; i++) {
			uint8_t *p = got + i * page;

			had += v[i].ok;
			if (v[i].ok && p[0] != 0 && p[0] != 'r')
				fail_msg("page %zu: 0x%x", i, p[0]);
		}
	}
	assert_true(had > n);
	free(got);
	free(v);
}

static int start(void **state)
{
	static struct child c;
	int fd = mkstemp(file_name);
	uint8_t text[4096];

	memset(text, 'f', sizeof(text));
	for (size_t i = 0; i < FILE_PAGES - 1; i++)
		assert_int_equal(write(fd, text, page), page);
	assert_int_equal(write(fd, text, FILE_TAIL), FILE_TAIL);
	area = map(AREA, PROT_READ | PROT_WRITE, -1);
	borrowed = map(MB, PROT_READ | PROT_WRITE, -1);
	memset(borrowed, 'b', MB);
	closed_area = map(4 * page, PROT_READ | PROT_WRITE, -1);
	closed_area[0] = closed_area[page] = 1;
	closed_area += page;
	mprotect(closed_area, page, PROT_NONE);
	later = map(page, PROT_READ, -1);
	untouched = map(AREA, PROT_READ | PROT_WRITE, -1);
	swapped = map(2 * page, PROT_READ | PROT_WRITE, -1);
	restless = map(AREA, PROT_READ | PROT_WRITE, -1);
	shared = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(shared, 's', 2 * page);
	file = map((FILE_PAGES + 2) * page, PROT_READ | PROT_WRITE, fd);
	close(fd);
	child_start(&c, prepare, command);
	*state = &c;
	return 0;
}

static int end(void **state)
{
	child_end(*state);
	unlink(file_name);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untouched_pages_are_zeros_and_stay_untouched),
		cmocka_unit_test(pages_shared_since_a_fork_stay_shared),
		cmocka_unit_test(shared_memory_that_the_child_never_saw_is_unknown),
		cmocka_unit_test(the_programs_file_is_known),
		cmocka_unit_test(all_of_the_program_can_be_read),
		cmocka_unit_test(a_private_file_mapping_is_read_as_the_child_sees_it),
		cmocka_unit_test(a_swapped_page_stays_out),
		cmocka_unit_test(what_may_not_be_read_fails_alone),
		cmocka_unit_test(any_set_of_pieces_is_read_right),
		cmocka_unit_test(neighbours_are_read_together_in_any_order),
		cmocka_unit_test(a_sample_is_one_call),
		cmocka_unit_test(a_mapping_that_went_is_missed),
		cmocka_unit_test(a_mapping_that_came_is_found_and_the_list_stays),
		cmocka_unit_test(a_reservation_that_became_memory_is_found),
		cmocka_unit_test(another_file_can_be_the_program),
		cmocka_unit_test(a_child_that_is_never_still_is_read_as_it_may_be),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	return cmocka_run_group_tests(tests, start, end);
}
