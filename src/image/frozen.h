/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen: an image as bytes, to be mapped again when the same binary is met
 * the next time.
 *
 * The big tables are used as they lie in the mapping, so thawing costs no copy.
 * The bytes are as little trusted as the target's: lengths are checked here, and
 * whoever reads the tables checks each offset as ever. That they are of this
 * process is proved by its own memory: its module data is read and checked anew
 * and its tables' header and samples of the tables must be the same.
 */
#ifndef IMAGE_FROZEN_H
#define IMAGE_FROZEN_H

#include "image/image.h"

struct image_frozen { /* what is not in the big tables; no pointers */
	struct image_module module;
	uint64_t text, build_block;
	uint64_t n_bytes, n_trees, n_names; /* names: slots of the index */
	uint64_t view_at[6], view_n[6];	    /* in the tables' bytes */
	uint32_t n_funcs, magic, quantum, arch;
	uint8_t wrapper_id, panic_ids[3];
	int32_t minor, patch;
	char version[128], build_id[256];
};

enum { FROZEN_BYTES, FROZEN_TREES, FROZEN_FIRST, FROZEN_NEXT, FROZEN_PARTS };

struct frozen_part {
	const void *p;
	size_t n;
};

/* Borrows from @img; addresses are as they are in its process. */
void image_freeze(const struct image *img, struct image_frozen *ret,
		  struct frozen_part parts[FROZEN_PARTS]);

/*
 * @parts lie in the mapping [map, map + n_map), which is the image's from then
 * on (munmap'ed with it; on failure it stays the caller's). All addresses are
 * @moved further than when it was frozen. -ESTALE where @f does not hold, or is
 * of another program than @m's; others as mem_read().
 */
int image_thaw(const struct image_frozen *f, const struct frozen_part parts[FROZEN_PARTS],
	       void *map, size_t n_map, uint64_t moved, struct mem *m, struct image **ret,
	       struct err *err) _must_use_;

/* Address of the image's first byte of the file that it is of; 0: not of the executable. */
uint64_t image_exe_start(const struct mem *m, uint64_t within);

#endif /* IMAGE_FROZEN_H */
