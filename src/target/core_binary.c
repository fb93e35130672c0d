/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core_binary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PAGE ((uint64_t)4096)

int core_binary_open(const char *path, struct core_binary *ret, struct err *err)
{
	struct core_binary b = { .source = { .name = path } };
	struct stat st;
	int r;

	/* not to wait for a FIFO's other end, should the core name one */
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EBADMSG, "%s: is no regular file", path);
	b.source.fd = fd;
	b.source.size = (uint64_t)st.st_size;
	r = core_elf_read(&b.source, &b.elf, err);
	if (r < 0)
		return r;
	build_ids_of(&b.source, &b.elf, &b.ids);
	fd = -1;
	*ret = b;
	return 0;
}

void core_binary_release(struct core_binary *b)
{
	if (!b->elf.loads)
		return;
	close(b->source.fd);
	core_elf_release(&b->elf);
	b->elf.loads = NULL;
}

bool core_binary_read(const struct core_binary *b, uint64_t at, void *dst, size_t len)
{
	uint64_t size = b->source.size, last = (size + PAGE - 1) / PAGE * PAGE, end;
	size_t had;

	if (__builtin_add_overflow(at, len, &end) || end > last)
		return false;
	had = at >= size ? 0 : (size_t)(end <= size ? len : size - at);
	memset((uint8_t *)dst + had, 0, len - had);
	return core_source_read(&b->source, at, dst, had);
}
