/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_file: pages that are not there, from the file behind their mapping.
 *
 * The executable is open all the time. Others are reached by
 * /proc/PID/map_files, which needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN:
 * their paths may mean other files by now, or in another mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "target/live_private.h"

/* What /proc/self/fd/FD leads to: the words that maps has for that file. */
static char *path_of(int fd)
{
	char link[40], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n < 0 ? strdup("") : strndup(path, (size_t)n);
}

static int no_exe(const struct live *l, struct err *err)
{
	return err_set(err, -ENOENT, "%s: has no executable: a kernel thread", l->name);
}

int live_exe_open(struct live *l, const char *path, struct err *err)
{
	struct stat st;

	l->exe = path ? open(path, O_RDONLY | O_CLOEXEC)
		      : openat(live_dir(l), "exe", O_RDONLY | O_CLOEXEC);
	if (l->exe < 0 && path)
		return err_sys(err, "%s", path);
	if (l->exe < 0 && errno == ENOENT)
		return live_same(l, err) < 0 ? -ESRCH : no_exe(l, err);
	if (l->exe < 0)
		return err_sys(err, "%s: exe", l->name);
	if (fstat(l->exe, &st) < 0)
		return err_sys(err, "%s: exe", l->name);
	l->exe_dev = st.st_dev;
	l->exe_ino = st.st_ino;
	l->exe_path = path_of(l->exe);
	return l->exe_path ? 0 : err_set(err, -ENOMEM, "%s: exe", l->name);
}

/* Looked at before it is opened: a device must not be. */
static int open_mapped(const struct live *l, const struct mem_region *r)
{
	char name[64], link[40];
	struct stat st;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, r->start, r->end);
	_cleanup_(close_fd) int at = openat(l->proc, name, O_PATH | O_CLOEXEC);

	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	return open(link, O_RDONLY | O_CLOEXEC);
}

static int file_of(struct live *l, const struct mem_region *r)
{
	if (r->exe)
		return l->exe;
	if (l->file.start == r->start && l->file.end == r->end)
		return l->file.fd;
	live_file_forget(l);
	l->file.fd = open_mapped(l, r);
	l->file.start = r->start;
	l->file.end = r->end;
	return l->file.fd;
}

void live_file_forget(struct live *l)
{
	if (l->file.end && l->file.fd >= 0)
		close(l->file.fd);
	l->file.start = l->file.end = 0;
	l->file.fd = -1;
}

static size_t read_some(int fd, uint64_t at, uint8_t *dst, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, dst + got, len - got, (off_t)(at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

/* Behind the end of the file its last page is zeros; the pages behind that do not exist (SIGBUS).
 */
static bool within_last_page(const struct live *l, int fd, uint64_t end)
{
	uint64_t page = l->page_size;
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < 0)
		return false;
	return end <= ((uint64_t)st.st_size + page - 1) / page * page;
}

bool live_from_file(struct live *l, size_t i, uint64_t addr, void *dst, size_t len)
{
	const struct mem_region *r = &l->table->regions[i];
	uint64_t at, end;
	int fd = file_of(l, r);
	size_t got;

	if (fd < 0 || __builtin_add_overflow(r->file_offset, addr - r->start, &at) ||
	    __builtin_add_overflow(at, len, &end) || end > INT64_MAX)
		return false;
	got = read_some(fd, at, dst, len);
	if (got < len) {
		if (!within_last_page(l, fd, end))
			return false;
		memset((uint8_t *)dst + got, 0, len - got);
	}
	return true;
}
