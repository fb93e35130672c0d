/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moduledata: runtime.moduledata of one module, read and proved.
 *
 * Its shape differs between releases; which one it is follows from what its
 * fields must fulfil (as the runtime's own moduledataverify1 and more), with
 * the release only as a hint where several fit.
 */
#ifndef IMAGE_MODULEDATA_H
#define IMAGE_MODULEDATA_H

#include "image/image.h"
#include "image/pclntab.h"

struct moduledata {
	struct image_module module;
	const struct md_shape *shape;
	uint64_t minpc, maxpc;
	struct span64 funcnames, cutab, filetab, pctab, funcs, ftab; /* in the target */
};

/*
 * Reads the module data at @addr, which points at the pclntab at @pclntab with
 * header @h. @minor: the release as far as it is known, -1 if not. -EBADMSG
 * with the reason when it is none, or of no shape known; others as mem_read().
 */
int moduledata_read(struct mem *m, uint64_t addr, uint64_t pclntab, const struct pclntab_header *h,
		    int minor, struct moduledata *ret, struct err *err) _must_use_;

#endif /* IMAGE_MODULEDATA_H */
