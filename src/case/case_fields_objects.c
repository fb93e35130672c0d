/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of what a case keeps of an object graph (case_fields.h).
 */
#include "case/case_rows.h"

static const char *const holder_kind_names[] = { "global",  "goroutine", "finalizer",
						 "runtime", "shared",	 NULL };

_Static_assert(sizeof(holder_kind_names) / sizeof(char *) == HOLDER_KIND_COUNT + 1, "a name each");

/* clang-format off */
static const struct field case_holder_fields[] = {
	F_ENUM(case_holder, kind, "kind", holder_kind_names),
	F(case_holder, name, "name"),
	F(case_holder, path, "path"),
	F(case_holder, type, "type"),
	F(case_holder, module, "module"),
	F(case_holder, by_reference, "by_reference"),
	F(case_holder, objects, "objects"),
	F(case_holder, retained_bytes, "retained_bytes"),
	F(case_holder, elements, "elements"),
	F(case_holder, room, "room"),
	F(case_holder, goroutines, "goroutines"),
	F(case_holder, stuck, "stuck"),
	{ 0 },
};
static const struct shape shape_holder = SHAPE(case_holder);

static const struct field case_pinned_fields[] = {
	F(case_pinned, holder, "holder"),
	F(case_pinned, path, "path"),
	F(case_pinned, type, "type"),
	F(case_pinned, count, "count"),
	F(case_pinned, visible_bytes, "visible_bytes"),
	F(case_pinned, pinned_bytes, "pinned_bytes"),
	{ 0 },
};
static const struct shape shape_pinned = SHAPE(case_pinned);

static const struct field case_type_fields[] = {
	F(case_type, name, "name"),
	F(case_type, objects, "objects"),
	F(case_type, bytes, "bytes"),
	{ 0 },
};
static const struct shape shape_type = SHAPE(case_type);

static const struct field case_objects_fields[] = {
	F(case_objects, mode, "mode"),
	F(case_objects, total_bytes, "total_bytes"),
	F(case_objects, reached_bytes, "reached_bytes"),
	F(case_objects, typed_bytes, "typed_bytes"),
	F(case_objects, conservative_bytes, "conservative_bytes"),
	F_NULL(case_objects, stopped_ns, "stopped_ns", -1),
	F_ARRAY(case_objects, holders, "holders", FIELD_ROWS, n_holders, shape_holder),
	F_ARRAY(case_objects, pinned, "pinned", FIELD_ROWS, n_pinned, shape_pinned),
	F_ARRAY(case_objects, types, "types", FIELD_ROWS, n_types, shape_type),
	{ 0 },
};
const struct shape shape_objects = SHAPE(case_objects);
/* clang-format on */
