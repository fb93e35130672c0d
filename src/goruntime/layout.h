/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: where the fields of the runtime's structures are, by Go release.
 *
 * The tables (layout_tables.c) are generated at build time from layouts/*.json
 * by tools/gen-layouts.py for the fields that fields.def names; no offset is
 * typed by hand. A field that a release does not have is LAYOUT_ABSENT.
 */
#ifndef GORUNTIME_LAYOUT_H
#define GORUNTIME_LAYOUT_H

#include <stdint.h>

#define LAYOUT_ABSENT UINT32_MAX

enum layout_field {
#define SIZE(id, structure) id,
#define FIELD(id, structure, field) id,
#define CONST(id, name) id,
#include "goruntime/fields.def"
#undef SIZE
#undef FIELD
#undef CONST
	LAYOUT_N_FIELDS
};

struct layout {
	int minor;		      /* 26 of go1.26 */
	int patch_from, patch_to;     /* releases it was read from */
	const char *name;	      /* "go1.23.12 amd64" */
	uint32_t at[LAYOUT_N_FIELDS]; /* offset, size or constant */
};

extern const struct layout layouts[];
extern const unsigned n_layouts;

#endif /* GORUNTIME_LAYOUT_H */
