/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define JSON_MAX ((size_t)512 << 20)
#define MEMBERS_MAX 64		      /* a case has four */
#define SKIPPED_MAX ((size_t)2 << 30) /* unpacked bytes of members that are not read */
#define PIECE ((size_t)1 << 16)
#define PATH_ROOM ((size_t)4096)

bool case_file_is(struct str head)
{
	static const char zstd_magic[4] = { '\x28', '\xb5', '\x2f', '\xfd' };

	return head.n >= 4 && memcmp(head.p, zstd_magic, 4) == 0;
}

static void free_writer(struct archive **w)
{
	if (*w)
		archive_write_free(*w);
}

static void free_reader(struct archive **r)
{
	if (*r)
		archive_read_free(*r);
}

static void free_entry(struct archive_entry **e)
{
	archive_entry_free(*e);
}

static int archive_failed(struct archive *of, const char *path, int code, struct err *err)
{
	const char *why = archive_error_string(of);

	return err_set(err, code, "%s: %s", path, why ? why : "the archive cannot be handled");
}

static int add_member(struct archive *w, const char *path, const struct case_member *m,
		      struct err *err)
{
	_cleanup_(free_entry) struct archive_entry *e = archive_entry_new();

	if (!e)
		return err_set(err, -ENOMEM, "%s: no memory", path);
	archive_entry_set_pathname(e, m->name);
	archive_entry_set_size(e, (la_int64_t)m->bytes.n);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600);
	if (archive_write_header(w, e) != ARCHIVE_OK ||
	    archive_write_data(w, m->bytes.p, m->bytes.n) != (la_ssize_t)m->bytes.n)
		return archive_failed(w, path, -EIO, err);
	return 0;
}

static int write_archive(int fd, const char *path, struct str json, const struct case_member *extra,
			 size_t n_extra, struct err *err)
{
	_cleanup_(free_writer) struct archive *w = archive_write_new();
	const struct case_member first = { "case.json", json };
	int e;

	if (!w)
		return err_set(err, -ENOMEM, "%s: no memory", path);
	if (archive_write_add_filter_zstd(w) != ARCHIVE_OK ||
	    archive_write_set_format_ustar(w) != ARCHIVE_OK ||
	    archive_write_open_fd(w, fd) != ARCHIVE_OK)
		return archive_failed(w, path, -EIO, err);
	e = add_member(w, path, &first, err);
	for (size_t i = 0; e == 0 && i < n_extra; i++)
		e = add_member(w, path, &extra[i], err);
	if (e == 0 && archive_write_close(w) != ARCHIVE_OK)
		e = archive_failed(w, path, -EIO, err);
	return e;
}

/* mkostemp() makes it with mode 0600, which it keeps. */
int case_file_save(const struct whycase *c, const char *path, const struct case_member *extra,
		   size_t n_extra, struct err *err)
{
	BUF(json, JSON_MAX);
	BUF(temporary, PATH_ROOM);
	int e = case_json_write(c, &json, err), fd;

	if (e < 0)
		return e;
	buf_printf(&temporary, "%s.XXXXXX", path);
	if (temporary.failed)
		return err_set(err, -ENAMETOOLONG, "the path of the case file is too long");
	fd = mkostemp(temporary.p, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "%s", path);
	e = write_archive(fd, path, buf_view(&json), extra, n_extra, err);
	if (e == 0 && fsync(fd) < 0)
		e = err_sys(err, "%s", path);
	if (close(fd) < 0 && e == 0)
		e = err_sys(err, "%s", path);
	if (e == 0 && rename(temporary.p, path) < 0)
		e = err_sys(err, "%s", path);
	if (e < 0)
		unlink(temporary.p);
	return e;
}

static int read_member(struct archive *r, const char *path, struct buf *out, struct err *err)
{
	for (;;) {
		void *to = buf_reserve(out, PIECE);
		la_ssize_t n;

		if (!to)
			return err_set(err, out->failed == -ENOMEM ? -ENOMEM : -EFBIG,
				       "%s: case.json is larger than %zu bytes", path, out->max);
		n = archive_read_data(r, to, PIECE);
		if (n < 0)
			return archive_failed(r, path, -EBADMSG, err);
		if (n == 0)
			return 0;
		buf_took(out, (size_t)n);
	}
}

/* Members before case.json are unpacked and dropped, but not without end. */
static int skip_member(struct archive *r, const char *path, size_t *skipped, struct err *err)
{
	char piece[PIECE];
	la_ssize_t n;

	while ((n = archive_read_data(r, piece, sizeof(piece))) > 0) {
		*skipped += (size_t)n;
		if (*skipped > SKIPPED_MAX)
			return err_set(err, -EFBIG, "%s: too large to be a case file", path);
	}
	return n < 0 ? archive_failed(r, path, -EBADMSG, err) : 0;
}

static int find_json(struct archive *r, const char *path, struct buf *out, struct err *err)
{
	struct archive_entry *entry;
	size_t skipped = 0;

	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		int s = archive_read_next_header(r, &entry), e;
		const char *name;

		if (s == ARCHIVE_EOF)
			break;
		if (s != ARCHIVE_OK)
			return archive_failed(r, path, -EBADMSG, err);
		name = archive_entry_pathname(entry);
		if (name && strcmp(name, "case.json") == 0)
			return read_member(r, path, out, err);
		e = skip_member(r, path, &skipped, err);
		if (e < 0)
			return e;
	}
	return err_set(err, -EBADMSG, "%s: no case.json in it", path);
}

int case_file_load(const char *path, struct arena *a, struct whycase *ret, struct err *err)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(free_reader) struct archive *r = archive_read_new();
	BUF(json, JSON_MAX);
	int e;

	if (fd < 0)
		return err_sys(err, "%s", path);
	if (!r)
		return err_set(err, -ENOMEM, "%s: no memory", path);
	if (archive_read_support_filter_zstd(r) != ARCHIVE_OK ||
	    archive_read_support_format_tar(r) != ARCHIVE_OK ||
	    archive_read_open_fd(r, fd, PIECE) != ARCHIVE_OK)
		return archive_failed(r, path, -EBADMSG, err);
	e = find_json(r, path, &json, err);
	if (e < 0)
		return e;
	return case_json_parse(buf_view(&json), path, a, ret, err);
}
