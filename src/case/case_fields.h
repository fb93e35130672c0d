/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_fields: what the structs of case.h hold, as tables.
 *
 * One row for each member. The empty case, the writer and the reader of
 * case.json all walk these tables, so a new member of a struct is one row here
 * (and one line in docs/schema/case-1.json); tests/unit/case fails when a
 * member has no row. Private to src/case/.
 */
#ifndef CASE_CASE_FIELDS_H
#define CASE_CASE_FIELDS_H

#include "case/case.h"

/* What a member is in memory, and in JSON. A value that is unknown is null, of every kind. */
enum field_kind {
	FIELD_U64,     /* number; CASE_NO_LIMIT: "none"; past INT64_MAX: the digits as a string */
	FIELD_I64,     /* number; INT64_MAX: "off" */
	FIELD_U32,     /* number, never unknown */
	FIELD_INT,     /* number; null as its row says */
	FIELD_DOUBLE,  /* number; NAN: null */
	FIELD_BOOL,    /* true, false */
	FIELD_TRI,     /* true, false, null */
	FIELD_ENUM,    /* one of names */
	FIELD_STR,     /* string */
	FIELD_STRUCT,  /* inside the struct: object */
	FIELD_PTR,     /* pointer to one struct: object */
	FIELD_ROWS,    /* pointer and size_t count: array of objects */
	FIELD_COLUMNS, /* the same in memory; object of arrays, one for each member, with "n" */
	FIELD_FIXED,   /* array inside the struct and unsigned count: array of objects */
	FIELD_LINES,   /* pointer to strings and size_t count: array of strings */
	FIELD_FRAME,   /* pointer to a frame: its number in "frames" */
	FIELD_STACK,   /* struct case_stack: its number in "stacks"; empty: null */
};

struct shape;

struct field {
	const char *name; /* in JSON */
	enum field_kind kind;
	uint32_t at;		  /* offset of the member */
	uint32_t count_at;	  /* arrays: offset of the count */
	uint32_t room_at;	  /* arrays that grow: offset of the room, else 0 */
	uint32_t max;		  /* FIELD_FIXED: elements */
	int64_t unknown;	  /* FIELD_INT, FIELD_I64: the value that is null in JSON */
	const struct shape *of;	  /* of a struct or of an array's elements */
	const char *const *names; /* FIELD_ENUM: by value, NULL at the end */
};

struct shape {
	size_t size, align;
	const struct field *fields; /* the last has no name */
};

#define FIELD_NEVER_NULL INT64_MIN /* as @unknown of a FIELD_INT: an int never has it */

extern const struct shape shape_case, shape_sample, shape_charge, shape_resident, shape_gostats,
	shape_frame, shape_process, shape_kill, shape_limit;

/* Set every member to "not observed": arrays empty, pointers NULL, flags false. */
void fields_clear(const struct shape *shape, void *p);

/* An array's elements and their number, FIELD_ROWS, _COLUMNS, _FIXED and _LINES. */
void *field_elements(const struct field *f, const void *p, size_t *ret_n);

#endif /* CASE_CASE_FIELDS_H */
