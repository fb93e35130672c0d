/* SPDX-License-Identifier: Apache-2.0 */
#include "host/zero_page.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "host/pagemap.h"

#define FRAME ((UINT64_C(1) << 55) - 1)
#define HUGE_SIZE ((size_t)2 << 20)

/* The frame at @at after it was read; 0: not present, or not ours to know. */
static uint64_t frame_read(int pagemap, const volatile char *at, size_t page_size)
{
	uint64_t word;
	struct err err;

	(void)*at;
	if (pagemap_read(pagemap, (uint64_t)(uintptr_t)at, page_size, &word, 1, &err) != 1)
		return 0;
	return word & PAGEMAP_PRESENT ? word & FRAME : 0;
}

static uint64_t frame_of_new(int pagemap, size_t size, size_t align, size_t page_size)
{
	size_t room = size + align;
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;
	uint64_t frame;

	if (p == MAP_FAILED)
		return 0;
	at = p + (align - (uintptr_t)p % align) % align;
	madvise(at, size, size > page_size ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	frame = frame_read(pagemap, at, page_size);
	munmap(p, room);
	return frame;
}

/* What two mappings share is the kernel's own; a page of ours would differ. */
static uint64_t shared_frame(int pagemap, size_t size, size_t page_size)
{
	uint64_t one = frame_of_new(pagemap, size, size, page_size);
	char *other =
		mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t two = 0;
	char *at;

	if (other == MAP_FAILED)
		return 0;
	at = other + (size - (uintptr_t)other % size) % size;
	madvise(at, size, size > page_size ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	two = frame_read(pagemap, at, page_size);
	/* While this one stands, the first frame cannot be one that was given back and taken again.
	 */
	one = one == two ? frame_of_new(pagemap, size, size, page_size) : 0;
	munmap(other, 2 * size);
	return one == two ? one : 0;
}

void zero_page_find(struct zero_page *ret, size_t page_size)
{
	_cleanup_(close_fd) int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	*ret = (struct zero_page){ .huge_pages = HUGE_SIZE / page_size };
	if (pagemap < 0)
		return;
	ret->small = shared_frame(pagemap, page_size, page_size);
	ret->huge = shared_frame(pagemap, HUGE_SIZE, page_size);
	if (ret->huge == ret->small)
		ret->huge = 0; /* no huge one: the read gave the small one */
}

bool zero_page_is(const struct zero_page *z, uint64_t word)
{
	uint64_t frame = word & FRAME;

	if (!(word & PAGEMAP_PRESENT) || !frame)
		return false;
	return (z->small && frame == z->small) ||
	       (z->huge && frame >= z->huge && frame - z->huge < z->huge_pages);
}
