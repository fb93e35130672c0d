/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)4096)
#define NUMBER_ROOM 32 /* a 64-bit number and its newline */

static const char *inside(const char *name)
{
	while (*name == '/')
		name++;
	return *name ? name : ".";
}

static int open_with(int dirfd, const char *name, int flags, struct err *err)
{
	int fd = openat(dirfd, inside(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	return fd < 0 ? err_sys(err, "%s", name) : fd;
}

int file_open(int dirfd, const char *name, struct err *err)
{
	return open_with(dirfd, name, O_NOCTTY, err);
}

int file_open_dir(int dirfd, const char *name, struct err *err)
{
	return open_with(dirfd, name, O_DIRECTORY, err);
}

/* The kernel's own files have no size to ask for: read until there is no more. */
int file_reread(int fd, const char *name, struct buf *out, struct err *err)
{
	buf_clear(out);
	for (;;) {
		size_t want = out->max - out->n < CHUNK ? out->max - out->n : CHUNK;
		char *to = buf_reserve(out, want), over;
		ssize_t n;

		if (!to)
			return err_set(err, out->failed, "%s: no memory", name);
		n = want ? pread(fd, to, want, (off_t)out->n) : pread(fd, &over, 1, (off_t)out->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "%s", name);
		if (n == 0)
			return 0;
		if (want == 0)
			return err_set(err, -EFBIG, "%s: over %zu bytes", name, out->max);
		buf_took(out, (size_t)n);
	}
}

int file_open_root(struct err *err)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "/") : fd;
}

int file_read(int dirfd, const char *name, struct buf *out, struct err *err)
{
	_cleanup_(close_fd) int fd = file_open(dirfd, name, err);

	return fd < 0 ? fd : file_reread(fd, name, out, err);
}

int file_reread_u64(int fd, const char *name, uint64_t *ret, struct err *err)
{
	char text[NUMBER_ROOM];
	struct str s;
	uint64_t v;
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n < 0)
		return err_sys(err, "%s", name);
	s = (struct str){ text, (size_t)n };
	if (!str_take_u64(&s, &v) || str_trim(s).n)
		return err_set(err, -EBADMSG, "%s: not a number", name);
	*ret = v;
	return 0;
}

int file_read_u64(int dirfd, const char *name, uint64_t *ret, struct err *err)
{
	_cleanup_(close_fd) int fd = file_open(dirfd, name, err);

	return fd < 0 ? fd : file_reread_u64(fd, name, ret, err);
}

int file_link(int dirfd, const char *name, char *ret, size_t room, struct err *err)
{
	ssize_t n = readlinkat(dirfd, inside(name), ret, room - 1);

	if (n < 0)
		return err_sys(err, "%s", name);
	ret[n] = '\0';
	return 0;
}

int file_write(int dirfd, const char *name, const char *text, struct err *err)
{
	_cleanup_(close_fd) int fd = openat(dirfd, inside(name), O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, "%s", name);
	return 0;
}
