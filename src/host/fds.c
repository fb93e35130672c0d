/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fds.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "host/file.h"

#define LINK_ROOM 256 /* enough to know the kind, whatever the path's length */

/* In order: the first prefix that fits. */
static const struct {
	struct str prefix;
	enum fd_kind kind;
} kinds[] = {
	{ STR_INIT("socket:["), FD_SOCKET },
	{ STR_INIT("pipe:["), FD_PIPE },
	{ STR_INIT("anon_inode:[eventpoll]"), FD_EVENTPOLL },
	{ STR_INIT("anon_inode:[eventfd"), FD_EVENTFD },
	{ STR_INIT("anon_inode:[timerfd]"), FD_TIMERFD },
	{ STR_INIT("anon_inode:[signalfd]"), FD_SIGNALFD },
	{ STR_INIT("anon_inode:inotify"), FD_INOTIFY },
	{ STR_INIT("anon_inode:[io_uring]"), FD_IO_URING },
	{ STR_INIT("anon_inode:[pidfd]"), FD_PIDFD },
	{ STR_INIT("pidfd:["), FD_PIDFD },
	{ STR_INIT("anon_inode:bpf"), FD_BPF },
	{ STR_INIT("/memfd:"), FD_MEMFD },
	{ STR_INIT("/dev/shm/"), FD_MEMFD },
	{ STR_INIT("/SYSV"), FD_MEMFD },
	{ STR_INIT("/dev/zero (deleted)"), FD_MEMFD },
	{ STR_INIT("/dev/"), FD_DEVICE },
	{ STR_INIT("net:["), FD_NAMESPACE },
	{ STR_INIT("mnt:["), FD_NAMESPACE },
	{ STR_INIT("pid:["), FD_NAMESPACE },
	{ STR_INIT("user:["), FD_NAMESPACE },
	{ STR_INIT("cgroup:["), FD_NAMESPACE },
};

static const char *const kind_name[FD_KIND_COUNT] = {
	[FD_FILE] = "file",	    [FD_DEVICE] = "device",   [FD_MEMFD] = "memfd",
	[FD_DELETED] = "deleted",   [FD_SOCKET] = "socket",   [FD_PIPE] = "pipe",
	[FD_EVENTPOLL] = "epoll",   [FD_EVENTFD] = "eventfd", [FD_TIMERFD] = "timerfd",
	[FD_SIGNALFD] = "signalfd", [FD_INOTIFY] = "inotify", [FD_IO_URING] = "io_uring",
	[FD_PIDFD] = "pidfd",	    [FD_BPF] = "bpf",	      [FD_NAMESPACE] = "namespace",
	[FD_OTHER] = "other",
};

enum fd_kind fds_kind(struct str link)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_has_prefix(link, kinds[i].prefix))
			return kinds[i].kind;
	if (!str_has_prefix(link, STR("/")))
		return FD_OTHER;
	return str_has_suffix(link, STR(" (deleted)")) ? FD_DELETED : FD_FILE;
}

const char *fds_kind_name(enum fd_kind kind)
{
	return kind < FD_KIND_COUNT ? kind_name[kind] : "other";
}

int fds_open(int procfd, struct err *err)
{
	return file_open_dir(procfd, "fd", err);
}

static DIR *list(int procfd, struct err *err, int *ret_code)
{
	int fd = fds_open(procfd, err);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	*ret_code = fd < 0 ? fd : 0;
	if (fd >= 0 && !dir) {
		close(fd);
		*ret_code = err_set(err, -ENOMEM, "fd: no memory");
	}
	return dir;
}

/* The next entry that is a descriptor; NULL at the end or with errno set. */
static const char *next_fd(DIR *dir)
{
	struct dirent *e;

	errno = 0;
	do
		e = readdir(dir);
	while (e && e->d_name[0] == '.');
	return e ? e->d_name : NULL;
}

int fds_read(int procfd, struct fds *ret, struct err *err)
{
	struct fds f = { 0 };
	const char *name;
	int code;
	_cleanup_(close_dir) DIR *dir = list(procfd, err, &code);

	if (!dir)
		return code;
	while ((name = next_fd(dir))) {
		char link[LINK_ROOM];

		if (f.n++ >= FDS_LOOKED_AT_MAX ||
		    file_link(dirfd(dir), name, link, sizeof(link), NULL) < 0)
			f.unlooked++;
		else
			f.of_kind[fds_kind(str_from(link))]++;
	}
	if (errno)
		return err_sys(err, "fd");
	*ret = f;
	return 0;
}

static int count_listed(int fdfd, uint64_t *ret, struct err *err)
{
	int fd = file_open_dir(fdfd, ".", err);
	_cleanup_(close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint64_t n = 0;

	if (fd < 0)
		return fd;
	if (!dir) {
		close(fd);
		return err_set(err, -ENOMEM, "fd: no memory");
	}
	while (next_fd(dir))
		n++;
	if (errno)
		return err_sys(err, "fd");
	*ret = n;
	return 0;
}

/* Only procfs says the number there: commit f1f1f2569901 (6.2). A process without any
 * descriptor has size 0 too; listing it costs nothing. */
int fds_count(int fdfd, uint64_t *ret, struct err *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fdfd, &st) < 0 || fstatfs(fdfd, &fs) < 0)
		return err_sys(err, "fd");
	if (fs.f_type == PROC_SUPER_MAGIC && st.st_size > 0) {
		*ret = (uint64_t)st.st_size;
		return 0;
	}
	return count_listed(fdfd, ret, err);
}
