/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that was read but never written is known by its frames; what was written is not. */
#include "t.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/pagemap.h"
#include "host/zero_page.h"

#define PAGES 8

static void read_and_written_pages_are_told_apart(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	volatile char *p = map;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t words[PAGES];
	struct zero_page z;
	struct err err;

	(void)state;
	assert_true(fd >= 0);
	madvise(map, PAGES * page, MADV_NOHUGEPAGE);
	zero_page_find(&z, page);
	if (!z.small)
		skip_test("frame numbers are not ours to see");
	for (size_t i = 0; i < PAGES; i++) {
		if (i % 3 == 1)
			(void)p[i * page];
		else if (i % 3 == 2)
			p[i * page] = 1;
	}
	assert_int_equal(pagemap_read(fd, (uint64_t)(uintptr_t)p, page, words, PAGES, &err), PAGES);
	for (size_t i = 0; i < PAGES; i++) {
		assert_int_equal(!!(words[i] & PAGEMAP_PRESENT), i % 3 != 0);
		assert_int_equal(zero_page_is(&z, words[i]), i % 3 == 1);
	}
	close(fd);
	munmap(map, PAGES * page);
}

static void without_frame_numbers_none_is_called_one(void **state)
{
	struct zero_page none = { 0 };

	(void)state;
	assert_false(zero_page_is(&none, PAGEMAP_PRESENT));
	assert_false(zero_page_is(&none, PAGEMAP_PRESENT | 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written_pages_are_told_apart),
		cmocka_unit_test(without_frame_numbers_none_is_called_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
