/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagemap: the state of each page of a process, one 64-bit word a page.
 *
 * A page with neither PAGEMAP_PRESENT nor PAGEMAP_SWAPPED was never touched, or
 * was given back. Reading pagemap touches nothing in the process. Source:
 * Documentation/admin-guide/mm/pagemap.rst.
 */
#ifndef HOST_PAGEMAP_H
#define HOST_PAGEMAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
/* Swapped out, or in the middle of being moved by the kernel (a migration entry). */
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_FILE (UINT64_C(1) << 61)      /* a file's page, or shared anonymous memory */
#define PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56) /* mapped by this process alone */
#define PAGEMAP_SOFT_DIRTY (UINT64_C(1) << 55)

/*
 * Opens "pagemap" in @dirfd, a /proc/PID or /proc/PID/task/TID directory.
 * The descriptor stays with the memory that the process has now: after its end,
 * or when it runs another program, reads give 0 entries. Returns it, or
 * -ESRCH or -ENOENT (the process ended), -EACCES.
 */
int pagemap_open(int dirfd, struct err *err) _must_use_;

/*
 * The words of @n pages of @page_size bytes, from the one that holds @addr.
 * Returns how many there were: fewer than @n at the end of the address space, 0
 * when that memory is no more. Negative errno on failure.
 */
ssize_t pagemap_read(int fd, uint64_t addr, size_t page_size, uint64_t *ret, size_t n,
		     struct err *err) _must_use_;

#endif /* HOST_PAGEMAP_H */
