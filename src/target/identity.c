/* SPDX-License-Identifier: Apache-2.0 */
#include "target/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STATE_FIELD 3
#define START_FIELD 22

int identity_parse(struct str stat, struct identity *ret, struct err *err)
{
	/* Field 2 is "(comm)" and may hold blanks and parentheses: fields count from its end. */
	const char *close = stat.n ? memrchr(stat.p, ')', stat.n) : NULL;
	struct identity id = { 0 };
	struct str word;

	if (!close)
		return err_set(err, -EBADMSG, "stat: no (comm)");
	stat = str_skip(stat, (size_t)(close - stat.p) + 1);
	for (int field = STATE_FIELD; field <= START_FIELD; field++) {
		if (!str_take_word(&stat, &word))
			return err_set(err, -EBADMSG, "stat: ends before field %d", field);
		if (field == STATE_FIELD)
			id.dead = word.p[0] == 'Z' || word.p[0] == 'X';
	}
	if (!str_take_u64(&word, &id.start_time) || word.n)
		return err_set(err, -EBADMSG, "stat: field %d is no number", START_FIELD);
	*ret = id;
	return 0;
}

int identity_read(int dirfd, struct identity *ret, struct err *err)
{
	_cleanup_(close_fd) int fd = openat(dirfd, "stat", O_RDONLY | O_CLOEXEC);
	char text[1024]; /* 52 numbers of at most 20 digits, most of them short */
	ssize_t n;

	/* A directory of a process that is gone has no files. */
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return err_set(err, -ESRCH, "has ended");
	if (fd < 0)
		return err_sys(err, "stat");
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return errno == ESRCH ? err_set(err, -ESRCH, "has ended") : err_sys(err, "stat");
	return identity_parse((struct str){ text, (size_t)n }, ret, err);
}
