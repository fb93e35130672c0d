/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: writes JSON into a buf.
 *
 * Commas, nesting and escaping are taken care of; bytes that are not UTF-8
 * become U+FFFD, so the output is always valid. A NULL key is for elements of
 * arrays. What is not known is json_none(), never a zero. Reading JSON is
 * jansson's work.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

struct json {
	struct buf *out;
	unsigned depth;
	bool comma;
	bool compact; /* no newlines and indentation */
};

struct json json_into(struct buf *out);

void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);		       /* '}' or ']' */

void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
void json_double(struct json *j, const char *key, double v); /* NaN and infinite: null */
void json_bool(struct json *j, const char *key, bool v);
void json_none(struct json *j, const char *key);
void json_str(struct json *j, const char *key, struct str s);
void json_cstr(struct json *j, const char *key, const char *s); /* NULL: null */

#endif /* BASE_JSON_H */
