/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "host/pagemap.h"

#define PAGES 16

static size_t page_size;

static uint8_t *map(int flags, int fd)
{
	uint8_t *p = mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, flags, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	madvise(p, PAGES * page_size, MADV_NOHUGEPAGE);
	return p;
}

static int own_pagemap(void)
{
	_cleanup_(close_fd) int self = open("/proc/self", O_PATH | O_DIRECTORY);
	struct err err;
	int fd = pagemap_open(self, &err);

	assert_ok(fd, &err);
	return fd;
}

static void words(int fd, const void *p, uint64_t *ret)
{
	struct err err;

	assert_int_equal(pagemap_read(fd, (uint64_t)(uintptr_t)p, page_size, ret, PAGES, &err),
			 PAGES);
}

static void touched_pages_are_present(void **state)
{
	_cleanup_(close_fd) int fd = own_pagemap();
	uint8_t *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t w[PAGES];

	(void)state;
	p[3 * page_size] = 1;
	p[7 * page_size + 5] = 1;
	words(fd, p, w);
	for (size_t i = 0; i < PAGES; i++) {
		bool touched = i == 3 || i == 7;

		assert_int_equal((w[i] & PAGEMAP_PRESENT) != 0, touched);
		assert_int_equal((w[i] & PAGEMAP_EXCLUSIVE) != 0, touched);
		assert_false(w[i] & (PAGEMAP_SWAPPED | PAGEMAP_FILE));
	}
	munmap(p, PAGES * page_size);
}

static void any_address_of_the_page_will_do(void **state)
{
	_cleanup_(close_fd) int fd = own_pagemap();
	uint8_t *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct err err;
	uint64_t w = 0;

	(void)state;
	p[2 * page_size] = 1;
	assert_int_equal(pagemap_read(fd, (uint64_t)(uintptr_t)p + 2 * page_size + 999, page_size,
				      &w, 1, &err),
			 1);
	assert_true(w & PAGEMAP_PRESENT);
	munmap(p, PAGES * page_size);
}

static void shared_memory_counts_as_a_file(void **state)
{
	_cleanup_(close_fd) int fd = own_pagemap();
	uint8_t *p = map(MAP_SHARED | MAP_ANONYMOUS, -1);
	uint64_t w[PAGES];

	(void)state;
	p[0] = 1;
	words(fd, p, w);
	assert_true((w[0] & PAGEMAP_PRESENT) && (w[0] & PAGEMAP_FILE));
	munmap(p, PAGES * page_size);
}

static void what_a_fork_left_shared_is_not_exclusive(void **state)
{
	_cleanup_(close_fd) int fd = own_pagemap();
	uint8_t *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t w[PAGES];
	pid_t child;

	(void)state;
	p[0] = p[page_size] = 1;
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	p[page_size] = 2; /* copied: ours alone again */
	words(fd, p, w);
	assert_true((w[0] & PAGEMAP_PRESENT) && !(w[0] & (PAGEMAP_FILE | PAGEMAP_EXCLUSIVE)));
	assert_true(w[1] & PAGEMAP_EXCLUSIVE);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(p, PAGES * page_size);
}

static void it_stays_with_the_memory_of_a_process(void **state)
{
	pid_t child = fork();
	char path[32];
	uint64_t w;
	struct err err;

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d", child);
	_cleanup_(close_fd) int dir = open(path, O_PATH | O_DIRECTORY);
	_cleanup_(close_fd) int fd = pagemap_open(dir, &err);

	assert_ok(fd, &err);
	assert_int_equal(pagemap_read(fd, 0, page_size, &w, 1, &err), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(pagemap_read(fd, 0, page_size, &w, 1, &err), 0);
	assert_true(pagemap_open(dir, &err) < 0);
}

static void addresses_without_a_word_are_refused(void **state)
{
	_cleanup_(close_fd) int fd = own_pagemap();
	struct err err;
	uint64_t w;

	(void)state;
	/* With pages this small the word's place would be no file offset. */
	assert_int_equal(pagemap_read(fd, UINT64_MAX, 8, &w, 1, &err), -EINVAL);
	assert_says(&err, "pagemap: address 0xffffffffffffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched_pages_are_present),
		cmocka_unit_test(any_address_of_the_page_will_do),
		cmocka_unit_test(shared_memory_counts_as_a_file),
		cmocka_unit_test(what_a_fork_left_shared_is_not_exclusive),
		cmocka_unit_test(it_stays_with_the_memory_of_a_process),
		cmocka_unit_test(addresses_without_a_word_are_refused),
	};

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
