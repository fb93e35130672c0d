/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: where the fields of the runtime's structures are, by Go release.
 *
 * The tables (layout_tables.c) are generated at build time from the files of layouts/
 * by tools/gen-layouts.py for the fields that fields.def names; no offset is
 * typed by hand. A field that a release does not have is LAYOUT_ABSENT. Adding a
 * release, or another architecture, is adding a file there.
 */
#ifndef GORUNTIME_LAYOUT_H
#define GORUNTIME_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define LAYOUT_ABSENT UINT32_MAX

enum layout_field {
#define SIZE(id, structure) id,
#define FIELD(id, structure, field) id,
#define WIDTH(id, structure, field) id,
#define CONST(id, name) id,
#include "goruntime/fields.def"
#undef SIZE
#undef FIELD
#undef WIDTH
#undef CONST
	LAYOUT_N_FIELDS
};

struct layout {
	int minor;		      /* 26 of go1.26 */
	int patch_from, patch_to;     /* releases it was read from */
	const char *arch;	      /* as GOARCH: "amd64" */
	const char *experiment;	      /* GOEXPERIMENT that it is for: "nogreenteagc"; "" usually */
	const char *name;	      /* "go1.23.12 amd64" */
	int64_t arena_base_offset;    /* address of heap arena 0; the one constant past 32 bits */
	uint32_t at[LAYOUT_N_FIELDS]; /* offset, size or constant */
};

/* Sorted by architecture, minor, experiment and patch_from. */
extern const struct layout layouts[];
extern const unsigned n_layouts;

static inline bool layout_has(const struct layout *lay, enum layout_field f)
{
	return lay->at[f] != LAYOUT_ABSENT;
}

/* Offset of the field within @base's structure; the field must be one the release has. */
static inline uint64_t layout_addr(const struct layout *lay, uint64_t base, enum layout_field f)
{
	return base + lay->at[f];
}

#endif /* GORUNTIME_LAYOUT_H */
