/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_info: the toolchain's words about the program.
 *
 * The linker's block ("\xff Go buildinf:", strings inline since Go 1.18) has
 * the toolchain and the modules. Without it (Bazel and others leave it out)
 * runtime.buildVersion still names the toolchain.
 *
 * Sources: Go src/debug/buildinfo/buildinfo.go, src/runtime/debug/mod.go,
 * src/cmd/link/internal/ld/data.go (buildinfo).
 */
#ifndef IMAGE_BUILD_INFO_H
#define IMAGE_BUILD_INFO_H

#include "base/str.h"
#include "target/mem.h"

/* The block's header: the magic, the pointer size, flags, zeros. */
#define BUILD_INFO_HEADER 32U
extern const char build_info_magic[14];

struct build_module {
	const char *path, *version; /* of the replacement where there is one */
	size_t n_path;
};

struct build_info {
	char version[128];	 /* "go1.26.8 X:nogreenteagc"; "" if unknown */
	int minor, patch;	 /* -1 if unknown */
	char *text;		 /* owns the strings below; NULL if there is no module list */
	const char *main_module; /* "" if unknown */
	struct build_module *modules;
	size_t n_modules;
};

/* Whether @p, so many bytes, is the header of a block with inline strings. */
bool build_info_header(const uint8_t *p);

void build_info_init(struct build_info *b);
void build_info_release(struct build_info *b);

/* Reads the block at @addr. -EBADMSG when it is none of Go >= 1.18; others as mem_read(). */
int build_info_read(struct mem *m, uint64_t addr, struct build_info *ret, struct err *err)
	_must_use_;

/* The module list's text as `go version -m` shows it, without its frame. @b keeps a copy. */
int build_info_parse(struct build_info *b, struct str text, struct err *err) _must_use_;

/* Whether the words are a toolchain's ("go1.…", "devel …"); fills version, minor and patch. */
bool build_info_set_version(struct build_info *b, struct str words);

/* The module that the package belongs to: longest prefix by path elements; NULL if none. */
const struct build_module *build_info_module(const struct build_info *b, struct str package);

#endif /* IMAGE_BUILD_INFO_H */
