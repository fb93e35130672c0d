/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/wire.h"

enum { WIRE_VARINT = 0, WIRE_LEN = 2 };

#define VARINT_MAX 10

void wire_varint(struct buf *b, uint64_t v)
{
	uint8_t out[VARINT_MAX];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	buf_add(b, out, n);
}

static size_t varint_size(uint64_t v)
{
	size_t n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

static void tag(struct buf *b, unsigned field, unsigned type)
{
	wire_varint(b, (uint64_t)field << 3 | type);
}

void wire_u64(struct buf *b, unsigned field, uint64_t v)
{
	if (!v)
		return;
	tag(b, field, WIRE_VARINT);
	wire_varint(b, v);
}

void wire_i64(struct buf *b, unsigned field, int64_t v)
{
	wire_u64(b, field, (uint64_t)v);
}

void wire_bytes(struct buf *b, unsigned field, struct str s)
{
	tag(b, field, WIRE_LEN);
	wire_varint(b, s.n);
	buf_str(b, s);
}

void wire_packed(struct buf *b, unsigned field, const uint64_t *v, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += varint_size(v[i]);
	tag(b, field, WIRE_LEN);
	wire_varint(b, bytes);
	for (size_t i = 0; i < n; i++)
		wire_varint(b, v[i]);
}
