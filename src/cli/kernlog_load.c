/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernlog_load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/kmsg.h"

#define READ_BYTES (256u << 10)

static void close_gz(gzFile *gz)
{
	if (*gz)
		gzclose(*gz);
}

/* Progress on a terminal once it takes longer than a second. */
static void progress(const char *name, int64_t began, uint64_t bytes)
{
	if (clock_mono() - began > NS_PER_S)
		log_progress("%s: %llu MB read", name, (unsigned long long)(bytes / 1000000));
}

/* A quarter of zeros: a program or an archive. A damaged log has some, too. */
static bool is_binary(const char *p, size_t n)
{
	size_t zeros = 0;

	for (size_t i = 0; i < n; i++)
		zeros += p[i] == '\0';
	return zeros > n / 4;
}

/* gzread() gave @n, 0 or less: 0 at a plain end, or why not. */
static int gz_end(gzFile gz, const char *name, int n, struct err *err)
{
	int saved = errno, code;
	const char *why = gzerror(gz, &code);

	if (n == 0 && code != Z_BUF_ERROR)
		return 0;
	errno = saved;
	if (code == Z_ERRNO)
		return err_sys(err, "%s", name);
	return err_set(err, -EIO, "%s: %s", name, code == Z_BUF_ERROR ? "ends too early" : why);
}

/* zlib hands plain files through as they are. */
static int load_gz(struct kernlog *k, gzFile gz, const char *name, bool *ret_binary,
		   struct err *err)
{
	_cleanup_(free_ptr) char *room = malloc(READ_BYTES);
	int64_t began = clock_mono();
	int n = 0, r = 0;

	if (!room)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	while (r == 0 && (n = gzread(gz, room, READ_BYTES)) > 0) {
		if (kernlog_counts(k).bytes == 0)
			*ret_binary = is_binary(room, (size_t)n);
		r = kernlog_feed(k, room, (size_t)n);
		progress(name, began, kernlog_counts(k).bytes);
	}
	r = r < 0 ? err_set(err, r, "%s: no memory", name) : gz_end(gz, name, n, err);
	log_progress(NULL);
	return r;
}

static int load_fd(struct kernlog *k, int fd, const char *name, bool *ret_binary, struct err *err)
{
	_cleanup_(close_gz) gzFile gz = gzdopen(fd, "rb");

	if (!gz) {
		close(fd);
		return err_set(err, -ENOMEM, "%s: no memory", name);
	}
	return load_gz(k, gz, name, ret_binary, err);
}

static bool says_nothing(const struct kernlog *k)
{
	return !kernlog_kills(k) && !kernlog_reports(k) && !kernlog_others(k);
}

int kernlog_load(struct kernlog *k, const char *file, struct err *err)
{
	bool binary = false;
	int fd, r;

	if (!file)
		return kmsg_read_all(k, err);
	if (strcmp(file, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "%s", file);
	r = load_fd(k, fd, file, &binary, err);
	if (r == 0 && (r = kernlog_finish(k)) < 0)
		return err_set(err, r, "%s: no memory", file);
	if (r == 0 && binary && says_nothing(k))
		return err_set(err, -EBADMSG, "%s: not a log but binary data", file);
	return r;
}
