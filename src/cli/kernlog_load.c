/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernlog_load.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/kmsg.h"

#define READ_BYTES (256u << 10)

static void close_archive(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
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

/* The system's own words where it failed, else the unpacker's (EILSEQ is its own for a bad format).
 */
static int archive_failed(struct archive *a, const char *name, struct err *err)
{
	int code = archive_errno(a);
	bool system = code > 0 && code != EILSEQ;

	return err_set(err, system ? -code : -EIO, "%s: %s", name,
		       system ? strerror(code) : archive_error_string(a));
}

/* Whatever is in @fd, without the packing that log rotation gives it. */
static struct archive *unpack(int fd, const char *name, bool *ret_empty, struct err *err)
{
	_cleanup_(close_archive) struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int code;

	if (!a) {
		err_set(err, -ENOMEM, "%s: no memory", name);
		return NULL;
	}
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	archive_read_support_format_empty(a);
	if (archive_read_open_fd(a, fd, READ_BYTES) != ARCHIVE_OK) {
		archive_failed(a, name, err);
		return NULL;
	}
	code = archive_read_next_header(a, &entry);
	*ret_empty = code == ARCHIVE_EOF;
	if (code < ARCHIVE_WARN) {
		archive_failed(a, name, err);
		return NULL;
	}
	return TAKE(a);
}

static int load_fd(struct kernlog *k, int fd, const char *name, bool *ret_binary, struct err *err)
{
	bool empty = false;
	_cleanup_(close_archive) struct archive *a = unpack(fd, name, &empty, err);
	int64_t began = clock_mono(), offset;
	const void *block;
	int got = ARCHIVE_OK, r = 0;
	size_t n;

	if (!a || empty)
		return a ? 0 : err->code;
	while (r == 0 && (got = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK) {
		if (kernlog_counts(k).bytes == 0)
			*ret_binary = is_binary(block, n);
		r = kernlog_feed(k, block, n);
		progress(name, began, kernlog_counts(k).bytes);
	}
	log_progress(NULL);
	if (r < 0)
		return err_set(err, r, "%s: no memory", name);
	return got == ARCHIVE_EOF ? 0 : archive_failed(a, name, err);
}

static bool says_nothing(const struct kernlog *k)
{
	return !kernlog_kills(k) && !kernlog_reports(k) && !kernlog_others(k);
}

int kernlog_load(struct kernlog *k, const char *file, struct err *err)
{
	_cleanup_(close_fd) int fd = -1;
	bool binary = false;
	int r;

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
