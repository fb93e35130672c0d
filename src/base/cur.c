/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cur.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define UVARINT_BYTES 10

uint16_t le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

uint32_t le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

uint64_t le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

struct cur cur_over(const void *p, uint64_t n, const char *name)
{
	return (struct cur){ .p = p, .n = n, .name = name };
}

uint64_t cur_left(const struct cur *c)
{
	return c->at < c->n ? c->n - c->at : 0;
}

static const uint8_t *take(struct cur *c, uint64_t n)
{
	const uint8_t *p;

	if (c->bad || n > cur_left(c)) {
		if (!c->bad)
			c->bad_at = c->at;
		c->bad = true;
		return NULL;
	}
	p = c->p + c->at;
	c->at += n;
	return p;
}

uint8_t cur_u8(struct cur *c)
{
	const uint8_t *p = take(c, 1);

	return p ? *p : 0;
}

uint16_t cur_u16(struct cur *c)
{
	const uint8_t *p = take(c, 2);

	return p ? le16(p) : 0;
}

uint32_t cur_u32(struct cur *c)
{
	const uint8_t *p = take(c, 4);

	return p ? le32(p) : 0;
}

uint64_t cur_u64(struct cur *c)
{
	const uint8_t *p = take(c, 8);

	return p ? le64(p) : 0;
}

uint64_t cur_uvarint(struct cur *c)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < UVARINT_BYTES; i++) {
		uint8_t b = cur_u8(c);

		if (c->bad)
			return 0;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	c->bad = true;
	c->bad_at = c->at;
	return 0;
}

struct str cur_bytes(struct cur *c, uint64_t n)
{
	const uint8_t *p = take(c, n);

	return p ? (struct str){ .p = (const char *)p, .n = n } : (struct str){ 0 };
}

void cur_seek(struct cur *c, uint64_t at)
{
	if (at > c->n) {
		c->bad = true;
		c->bad_at = at;
		return;
	}
	c->at = at;
}

int cur_error(const struct cur *c, const char *what, struct err *err)
{
	return err_set(err, -EBADMSG, "%s: offset %" PRIu64 ": %s", c->name,
		       c->bad ? c->bad_at : c->at, what);
}
