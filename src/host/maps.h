/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps: the mappings of a process, as /proc/PID/maps lists them.
 *
 *	7f1c0e000000-7f1c0e021000 rw-p 00000000 08:01 1048602                    /usr/bin/api
 *
 * Source: Documentation/filesystems/proc.rst, "3.1 /proc/<pid>/maps". That
 * page promises that no two overlap, but a mapping that grows while it is listed
 * can come twice (seen on Linux 6.18): 1000-2000, then 1000-3000. The second is
 * cut to what lies behind the first, so that here they do not.
 */
#ifndef HOST_MAPS_H
#define HOST_MAPS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum maps_prot { MAPS_R = 1, MAPS_W = 2, MAPS_X = 4 };

struct mapping {
	uint64_t start, end; /* start < end */
	unsigned prot;	     /* enum maps_prot */
	bool shared;	     /* 's': writes are seen by others; else private, copied on write */
	uint64_t offset;     /* of @start in its file, in bytes */
	uint32_t dev_major, dev_minor;
	uint64_t inode;	 /* 0: no file behind it */
	struct str name; /* "", "[stack]", "/usr/bin/api", "/usr/bin/api (deleted)"; as shown */
};

struct maps {
	const struct mapping *v; /* ascending, none overlap; in the arena, names too */
	size_t n;
};

/* The largest text that is taken: about 400,000 mappings (vm.max_map_count is 65,530 by default).
 */
#define MAPS_TEXT_MAX ((size_t)32 << 20)

/* -EBADMSG "line N: ..." when the text is not as the kernel writes it; -ENOMEM: arena spent. */
int maps_parse(struct str text, struct arena *a, struct maps *ret, struct err *err) _must_use_;

/*
 * The same of file "maps" in @dirfd, a /proc/PID or /proc/PID/task/TID directory.
 * No mappings at all (a kernel thread, a zombie) is n == 0 and no error.
 * -ESRCH or -ENOENT: the process ended; -EACCES; -EFBIG: over MAPS_TEXT_MAX.
 */
int maps_read(int dirfd, struct arena *a, struct maps *ret, struct err *err) _must_use_;

#endif /* HOST_MAPS_H */
