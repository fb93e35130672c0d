/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cur: a bounded cursor over little-endian bytes.
 *
 * Reads past the end return 0 and set @bad, with the offset of the first such
 * read in @bad_at: a parser reads a whole record and checks once. Name the
 * source in @name, so that cur_error() can say which file and which offset.
 */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cur {
	const uint8_t *p;
	uint64_t n, at;
	const char *name; /* for messages */
	bool bad;
	uint64_t bad_at;
};

struct cur cur_over(const void *p, uint64_t n, const char *name);

uint8_t cur_u8(struct cur *c);
uint16_t cur_u16(struct cur *c);
uint32_t cur_u32(struct cur *c);
uint64_t cur_u64(struct cur *c);

/* LEB128 as Go and protobuf write it, at most 10 bytes; an overlong one is bad. */
uint64_t cur_uvarint(struct cur *c);

/* A view of the next @n bytes; empty and bad when there are fewer. */
struct str cur_bytes(struct cur *c, uint64_t n);

void cur_seek(struct cur *c, uint64_t at);
uint64_t cur_left(const struct cur *c);

/* -EBADMSG "<name>: offset N: <what>", N where the first bad read was. */
int cur_error(const struct cur *c, const char *what, struct err *err);

/* Little-endian values at a place whose bounds the caller has checked. */
uint16_t le16(const void *p);
uint32_t le32(const void *p);
uint64_t le64(const void *p);

#endif /* BASE_CUR_H */
