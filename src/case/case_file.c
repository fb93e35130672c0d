/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#define JSON_MAX ((size_t)256 << 20)
#define MEMBERS_MAX 64		      /* a case has five */
#define SKIPPED_MAX ((size_t)2 << 30) /* unpacked bytes of members that are not read */
/*
 * The last member: a line "NAME CRC32" for each before it, as cksfv and 7z check. Neither zstd as
 * libarchive writes it nor tar notices a flipped bit in the contents; and a file that was cut off
 * lacks it.
 */
#define SUMS "case.sfv"
#define SUMS_MAX ((size_t)256 << 10)
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

static uint32_t sum_of(struct str bytes)
{
	return libdeflate_crc32(0, bytes.p, bytes.n);
}

static int add_members(struct archive *w, const char *path, struct str json,
		       const struct case_member *extra, size_t n_extra, struct err *err)
{
	const struct case_member first = { "case.json", json };
	struct case_member last = { .name = SUMS };
	BUF(sums, SUMS_MAX);
	int e = 0;

	for (size_t i = 0; e == 0 && i <= n_extra; i++) {
		const struct case_member *m = i ? &extra[i - 1] : &first;

		e = add_member(w, path, m, err);
		buf_printf(&sums, "%s %08" PRIX32 "\n", m->name, sum_of(m->bytes));
	}
	last.bytes = buf_view(&sums);
	if (e == 0 && sums.failed)
		e = err_set(err, sums.failed, "%s: too many members", path);
	return e < 0 ? e : add_member(w, path, &last, err);
}

static int write_archive(int fd, const char *path, struct str json, const struct case_member *extra,
			 size_t n_extra, struct err *err)
{
	_cleanup_(free_writer) struct archive *w = archive_write_new();
	int e;

	if (!w)
		return err_set(err, -ENOMEM, "%s: no memory", path);
	if (archive_write_add_filter_zstd(w) != ARCHIVE_OK ||
	    archive_write_set_format_ustar(w) != ARCHIVE_OK ||
	    archive_write_open_fd(w, fd) != ARCHIVE_OK)
		return archive_failed(w, path, -EIO, err);
	e = add_members(w, path, json, extra, n_extra, err);
	if (e == 0 && archive_write_close(w) != ARCHIVE_OK)
		e = archive_failed(w, path, -EIO, err);
	return e;
}

/* The new name itself must survive a crash; where the folder cannot be opened it is not known to.
 */
static void sync_folder(char *path)
{
	_cleanup_(close_fd) int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
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
	else
		sync_folder(temporary.p);
	return e;
}

/* One whole member, at most as large as @out may get. */
static int read_member(struct archive *r, const char *path, const char *name, struct buf *out,
		       struct err *err)
{
	for (;;) {
		void *to = buf_reserve(out, PIECE);
		la_ssize_t n;

		if (!to)
			return err_set(err, out->failed == -ENOMEM ? -ENOMEM : -EFBIG,
				       "%s: %s is larger than %zu bytes", path, name, out->max);
		n = archive_read_data(r, to, PIECE);
		if (n < 0)
			return archive_failed(r, path, -EBADMSG, err);
		if (n == 0)
			return 0;
		buf_took(out, (size_t)n);
	}
}

/* Other members are unpacked and dropped, but not without end. */
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

struct contents {
	struct buf json, sums;
};

static void contents_release(struct contents *c)
{
	buf_release(&c->json);
	buf_release(&c->sums);
}

/* To the end of the archive, so that one that was cut off is noticed. */
static int read_contents(struct archive *r, const char *path, struct contents *ret, struct err *err)
{
	struct archive_entry *entry;
	size_t skipped = 0;

	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		int s = archive_read_next_header(r, &entry), e;
		const char *name;

		if (s == ARCHIVE_EOF)
			return 0;
		if (s != ARCHIVE_OK)
			return archive_failed(r, path, -EBADMSG, err);
		name = archive_entry_pathname(entry);
		if (name && strcmp(name, "case.json") == 0 && !ret->json.n)
			e = read_member(r, path, name, &ret->json, err);
		else if (name && strcmp(name, SUMS) == 0 && !ret->sums.n)
			e = read_member(r, path, name, &ret->sums, err);
		else
			e = skip_member(r, path, &skipped, err);
		if (e < 0)
			return e;
	}
	return err_set(err, -EBADMSG, "%s: more than %d members", path, MEMBERS_MAX);
}

static int check_sum(const struct contents *c, const char *path, struct err *err)
{
	struct str sums = buf_view(&c->sums), line, name;
	uint64_t sum;

	if (!c->json.n)
		return err_set(err, -EBADMSG, "%s: no case.json in it", path);
	while (str_take_line(&sums, &line)) {
		if (!str_take_until(&line, ' ', &name) || !str_eq(name, STR("case.json")))
			continue;
		if (!str_take_hex(&line, &sum) || sum != sum_of(buf_view(&c->json)))
			return err_set(err, -EBADMSG, "%s: case.json is damaged (checksum)", path);
		return 0;
	}
	return err_set(err, -EBADMSG, "%s: no checksum of case.json in it", path);
}

int case_file_load(const char *path, struct arena *a, struct whycase *ret, struct err *err)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(free_reader) struct archive *r = archive_read_new();
	_cleanup_(contents_release) struct contents c = { .json.max = JSON_MAX,
							  .sums.max = SUMS_MAX };
	int e;

	if (fd < 0)
		return err_sys(err, "%s", path);
	if (!r)
		return err_set(err, -ENOMEM, "%s: no memory", path);
	if (archive_read_support_filter_zstd(r) != ARCHIVE_OK ||
	    archive_read_support_format_tar(r) != ARCHIVE_OK ||
	    archive_read_open_fd(r, fd, PIECE) != ARCHIVE_OK)
		return archive_failed(r, path, -EBADMSG, err);
	e = read_contents(r, path, &c, err);
	if (e == 0)
		e = check_sum(&c, path, err);
	if (e < 0)
		return e;
	buf_release(&c.sums);
	return case_json_parse(buf_view(&c.json), path, a, ret, err);
}
