/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: fields of protobuf messages, appended to a buf.
 *
 * Only what profile.proto needs: varints, strings, messages, packed arrays.
 * Fields that are 0 are left out, as proto3 does. Failures stay in the buf.
 * Source: protobuf.dev/programming-guides/encoding.
 */
#ifndef PROFILE_WIRE_H
#define PROFILE_WIRE_H

#include "base/buf.h"

void wire_varint(struct buf *b, uint64_t v);
void wire_u64(struct buf *b, unsigned field, uint64_t v);
void wire_i64(struct buf *b, unsigned field, int64_t v);
void wire_bytes(struct buf *b, unsigned field, struct str s); /* written when empty too */
void wire_packed(struct buf *b, unsigned field, const uint64_t *v, size_t n);

#endif /* PROFILE_WIRE_H */
