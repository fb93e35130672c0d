/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fds: how many descriptors a process holds, and of what kind.
 *
 * The kind is told by the target of the link in /proc/PID/fd ("socket:[812]",
 * "anon_inode:[eventpoll]", "/var/log/api.log"); nothing is opened or followed.
 */
#ifndef HOST_FDS_H
#define HOST_FDS_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FDS_LOOKED_AT_MAX 65536 /* links read; those beyond are counted only */

enum fd_kind {
	FD_FILE, /* a path: file, folder, tty */
	FD_DEVICE,
	FD_MEMFD, /* memfd and other shared memory of this process */
	FD_DELETED,
	FD_SOCKET,
	FD_PIPE,
	FD_EVENTPOLL,
	FD_EVENTFD,
	FD_TIMERFD,
	FD_SIGNALFD,
	FD_INOTIFY,
	FD_IO_URING,
	FD_PIDFD,
	FD_BPF,
	FD_NAMESPACE,
	FD_OTHER,
	FD_KIND_COUNT,
};

struct fds {
	uint64_t n;			 /* all */
	uint64_t of_kind[FD_KIND_COUNT]; /* their sum is @n less @unlooked */
	uint64_t unlooked;		 /* beyond FDS_LOOKED_AT_MAX, or closed meanwhile */
};

enum fd_kind fds_kind(struct str link);
const char *fds_kind_name(enum fd_kind kind); /* "socket": static, for JSON and messages */

/* -ESRCH gone; -EACCES a foreign user's. @procfd: /proc/PID */
int fds_read(int procfd, struct fds *ret, struct err *err) _must_use_;

/*
 * The number alone. Since kernel 6.2 that is one stat() of the folder (@fdfd, see
 * fds_open()); earlier ones list it.
 */
int fds_open(int procfd, struct err *err) _must_use_;
int fds_count(int fdfd, uint64_t *ret, struct err *err) _must_use_;

#endif /* HOST_FDS_H */
