/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_version: the toolchain's name from runtime.buildVersion, where the
 * program has no build info block.
 */
#ifndef IMAGE_BUILD_VERSION_H
#define IMAGE_BUILD_VERSION_H

#include "image/build_info.h"
#include "image/image.h"

/*
 * First the strings in data that runtime.schedinit refers to, then all of the
 * data segment: a string header whose bytes read as a toolchain's name. @b is
 * left as it is where there is none. Errors as mem_readv().
 */
int build_version_search(const struct image *img, struct mem *m, struct build_info *b,
			 struct err *err) _must_use_;

#endif /* IMAGE_BUILD_VERSION_H */
