/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pagemap.h"

#include <errno.h>
#include <fcntl.h>

int pagemap_open(int dirfd, struct err *err)
{
	int fd = openat(dirfd, "pagemap", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "pagemap") : fd;
}

ssize_t pagemap_read(int fd, uint64_t addr, size_t page_size, uint64_t *ret, size_t n,
		     struct err *err)
{
	uint64_t at = addr / page_size * sizeof(*ret);
	ssize_t got;

	if (at > INT64_MAX)
		return err_set(err, -EINVAL, "pagemap: address 0x%llx", (unsigned long long)addr);
	got = pread(fd, ret, n * sizeof(*ret), (off_t)at);
	if (got < 0)
		return err_sys(err, "pagemap");
	return got / (ssize_t)sizeof(*ret);
}
