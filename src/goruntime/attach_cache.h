/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_cache: what an attach found out about a binary, kept in a file for the
 * next process of the same binary.
 *
 * One file a binary, named by its build id, size and time of change; a header
 * with the image's numbers, the layout's name and the globals, then the image's
 * tables, mapped as they are. In $XDG_CACHE_HOME/whyoom, else /var/cache/whyoom
 * (root) or ~/.cache/whyoom; mode 0600, written under another name and renamed.
 *
 * A file that is damaged, foreign (owner, mode), of another whyoom or of another
 * binary is as none. What it says is never believed: module data, samples of
 * the tables and all invariants of the runtime are checked on the very process.
 */
#ifndef GORUNTIME_ATTACH_CACHE_H
#define GORUNTIME_ATTACH_CACHE_H

#include "goruntime/runtime.h"

/*
 * 1: *ret_img (the caller's) and *ret_rt are attached; 0: nothing kept, or it
 * does not hold; negative: the process cannot be read, as mem_readv(), or -EAGAIN.
 * @exefd: the binary.
 */
int attach_cache_find(struct mem *m, int exefd, struct image **ret_img, struct goruntime *ret_rt,
		      struct err *err) _must_use_;

/* Keeps what is known. A failure is none of the caller's business. */
void attach_cache_keep(struct mem *m, int exefd, const struct image *img,
		       const struct goruntime *rt);

#endif /* GORUNTIME_ATTACH_CACHE_H */
