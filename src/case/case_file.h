/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_file: a case on disk, *.whyoom: a zstd-compressed tar.
 *
 * Members: case.json (schema whyoom.case/1, all that struct whycase holds),
 * kernel.log, heap.pb.gz, goroutines.pb.gz (for people and other tools; not
 * read back), case.sfv (the CRC-32 of each, checked on loading). Written to a
 * temporary name beside it, mode 0600, then renamed.
 */
#ifndef CASE_CASE_FILE_H
#define CASE_CASE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "case/case.h"

struct case_member { /* an extra member to store */
	const char *name;
	struct str bytes;
};

int case_file_save(const struct whycase *c, const char *path, const struct case_member *extra,
		   size_t n_extra, struct err *err) _must_use_;

/*
 * Everything into @a. -EBADMSG "FILE: …" when damaged, cut off or not a case; -EFBIG past the
 * arena's budget, or 256 MB of JSON, or a gigabyte for its tree; the errno of open(). @ret is
 * written only on success. Strings that are not UTF-8 come back with U+FFFD in them.
 */
int case_file_load(const char *path, struct arena *a, struct whycase *ret, struct err *err)
	_must_use_;

/* True if the first bytes look like a case file. */
bool case_file_is(struct str head);

/* The JSON alone, for tests and fuzz/fuzz_case.c. */
int case_json_parse(struct str json, const char *name, struct arena *a, struct whycase *ret,
		    struct err *err) _must_use_;
int case_json_write(const struct whycase *c, struct buf *out, struct err *err) _must_use_;

#endif /* CASE_CASE_FILE_H */
