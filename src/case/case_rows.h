/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_rows: how a row of the tables in case_fields*.c is written. Private to those.
 */
#ifndef CASE_CASE_ROWS_H
#define CASE_CASE_ROWS_H

#include "case/case_fields.h"

/* The kind of a plain member follows from its type; enums are told apart by hand. */
#define KIND(s, m) \
	_Generic(((struct s *)NULL)->m,         \
		 uint64_t: FIELD_U64,           \
		 int64_t: FIELD_I64,            \
		 uint32_t: FIELD_U32,           \
		 int: FIELD_INT,                \
		 double: FIELD_DOUBLE,          \
		 bool: FIELD_BOOL,              \
		 const char *: FIELD_STR)

#define AT(s, m) .at = offsetof(struct s, m)
#define F(s, m, label)                                                            \
	{                                                                         \
		.name = label, .kind = KIND(s, m), AT(s, m), .unknown = INT64_MIN \
	}
#define F_NULL(s, m, label, v)                                            \
	{                                                                 \
		.name = label, .kind = KIND(s, m), AT(s, m), .unknown = v \
	}
#define F_TRI(s, m, label)                                 \
	{                                                  \
		.name = label, .kind = FIELD_TRI, AT(s, m) \
	}
#define F_ENUM(s, m, label, n)                                          \
	{                                                               \
		.name = label, .kind = FIELD_ENUM, AT(s, m), .names = n \
	}
#define F_STRUCT(s, m, label, o)                                          \
	{                                                                 \
		.name = label, .kind = FIELD_STRUCT, AT(s, m), .of = &(o) \
	}
#define F_PTR(s, m, label, o)                                          \
	{                                                              \
		.name = label, .kind = FIELD_PTR, AT(s, m), .of = &(o) \
	}
#define F_FRAME(s, m, label)                                 \
	{                                                    \
		.name = label, .kind = FIELD_FRAME, AT(s, m) \
	}
#define F_STACK(s, m, label)                                 \
	{                                                    \
		.name = label, .kind = FIELD_STACK, AT(s, m) \
	}
#define F_ARRAY(s, m, label, k, n, o)                                                             \
	{                                                                                         \
		.name = label, .kind = k, AT(s, m), .count_at = offsetof(struct s, n), .of = &(o) \
	}
#define F_GROWS(s, m, label, k, n, room, o)                                            \
	{                                                                              \
		.name = label, .kind = k, AT(s, m), .count_at = offsetof(struct s, n), \
		.room_at = offsetof(struct s, room), .of = &(o)                        \
	}
#define F_FIXED(s, m, label, n, most, o)                                                         \
	{                                                                                        \
		.name = label, .kind = FIELD_FIXED, AT(s, m), .count_at = offsetof(struct s, n), \
		.max = most, .of = &(o)                                                          \
	}
#define F_LINES(s, m, label, n)                                                                 \
	{                                                                                       \
		.name = label, .kind = FIELD_LINES, AT(s, m), .count_at = offsetof(struct s, n) \
	}

#define SHAPE(s)                                                                           \
	{                                                                                  \
		.size = sizeof(struct s), .align = alignof(struct s), .fields = s##_fields \
	}

extern const struct shape shape_snapshot, shape_objects;

#endif /* CASE_CASE_ROWS_H */
