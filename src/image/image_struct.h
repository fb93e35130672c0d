/* SPDX-License-Identifier: Apache-2.0 */
/* image_struct: what an image holds. Private to this room. */
#ifndef IMAGE_IMAGE_STRUCT_H
#define IMAGE_IMAGE_STRUCT_H

#include "image/build_info.h"
#include "image/image.h"
#include "image/name_index.h"
#include "image/pclntab.h"

struct image {
	char name[64]; /* of the target, for messages */
	enum image_arch arch;
	struct image_module module;
	struct pclntab table;
	struct name_index names;
	uint8_t wrapper_id;   /* abi.FuncIDWrapper of this release; 0: unknown */
	uint8_t panic_ids[3]; /* of the functions whose wrappers are shown; 0: unknown */
	struct build_info build;
	char build_id[256];
	uint64_t build_block; /* where build info was read from; 0: not from a block */
	void *map;	      /* thawed (frozen.h): the tables lie in it; NULL: they are ours */
	size_t n_map;
};

/* Of several functions of that name the row of the largest; false if there is none. */
bool image_row_named(const struct image *img, const char *name, struct func_row *ret);

#endif /* IMAGE_IMAGE_STRUCT_H */
