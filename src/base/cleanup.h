/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup: release things when their variable leaves scope.
 *
 * A function uses either these or `goto out`, never both: a goto can jump
 * over a declaration whose cleanup then runs on garbage.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _must_use_ __attribute__((warn_unused_result))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void close_file(FILE *const *f)
{
	if (*f)
		fclose(*f);
}

static inline void close_dir(DIR *const *d)
{
	if (*d)
		closedir(*d);
}

/* Hand the pointer on: the variable is left NULL, so its cleanup is a no-op. */
#define TAKE(p)                          \
	__extension__({                  \
		__auto_type took_ = (p); \
		(p) = NULL;              \
		took_;                   \
	})

#endif /* BASE_CLEANUP_H */
