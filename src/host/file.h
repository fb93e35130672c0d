/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: a whole small file of /proc, /sys/fs/cgroup or a recorded machine.
 *
 * The machine is a directory: a reader takes a dirfd (of the machine's root, of
 * /proc/PID, of a cgroup) and names relative to it; a leading "/" is dropped, so
 * that paths which the machine itself speaks of stay inside that root.
 */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include "base/buf.h"
#include "base/err.h"

#define FILE_SMALL ((size_t)64 << 10) /* enough for most of /proc */

/* Opens for reading; the descriptor is the caller's. "<name>: <why>" on failure. */
int file_open(int dirfd, const char *name, struct err *err) _must_use_;
int file_open_dir(int dirfd, const char *name, struct err *err) _must_use_;

/* The root of the machine that whyoom runs on, for readers that take a rootfd. */
int file_open_root(struct err *err) _must_use_;

/*
 * The whole of it, in place of what @out held. -EFBIG when it is longer than
 * @out's maximum; -ESRCH/-ENODEV as the kernel gives them when the process or
 * the group is gone.
 */
int file_read(int dirfd, const char *name, struct buf *out, struct err *err) _must_use_;

/* As above by pread() from the start of a file that is open already. */
int file_reread(int fd, const char *name, struct buf *out, struct err *err) _must_use_;

/* A file that holds one decimal number. -EBADMSG when it does not. */
int file_read_u64(int dirfd, const char *name, uint64_t *ret, struct err *err) _must_use_;
int file_reread_u64(int fd, const char *name, uint64_t *ret, struct err *err) _must_use_;

/* A link's target, cut at @room - 1 bytes, NUL-terminated. */
int file_link(int dirfd, const char *name, char *ret, size_t room, struct err *err) _must_use_;

/* One write() of the whole text into a file that exists, as the kernel's switches want it. */
int file_write(int dirfd, const char *name, const char *text, struct err *err) _must_use_;

#endif /* HOST_FILE_H */
