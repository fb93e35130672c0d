/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as /proc/PID/maps: parse or refuse. What is taken keeps the promises
 * of host/maps.h, and written out again reads as the same.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "host/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUDGET ((size_t)64 << 20)

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static void write_one(struct buf *out, const struct mapping *m)
{
	buf_printf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		   m->start, m->end, m->prot & MAPS_R ? 'r' : '-', m->prot & MAPS_W ? 'w' : '-',
		   m->prot & MAPS_X ? 'x' : '-', m->shared ? 's' : 'p', m->offset, m->dev_major,
		   m->dev_minor, m->inode);
	buf_str(out, m->name);
	buf_char(out, '\n');
}

static void same(const struct mapping *a, const struct mapping *b)
{
	promise(a->start == b->start && a->end == b->end && a->prot == b->prot);
	promise(a->shared == b->shared && a->offset == b->offset && a->inode == b->inode);
	promise(a->dev_major == b->dev_major && a->dev_minor == b->dev_minor);
	promise(str_eq(a->name, b->name));
}

static void reads_back(const struct maps *maps)
{
	ARENA(arena, BUDGET);
	BUF(out, BUDGET);
	struct maps again;

	for (size_t i = 0; i < maps->n; i++)
		write_one(&out, &maps->v[i]);
	promise(!out.failed);
	promise(maps_parse(buf_view(&out), &arena, &again, NULL) == 0 && again.n == maps->n);
	for (size_t i = 0; i < maps->n; i++)
		same(&maps->v[i], &again.v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena, BUDGET);
	struct maps maps = { .n = SIZE_MAX };
	struct err err;

	if (maps_parse((struct str){ (const char *)data, size }, &arena, &maps, &err) < 0) {
		promise(maps.n == SIZE_MAX && err.code < 0 && err.msg[0]);
		return 0;
	}
	for (size_t i = 0; i < maps.n; i++) {
		promise(maps.v[i].start < maps.v[i].end);
		promise(i == 0 || maps.v[i - 1].end <= maps.v[i].start);
	}
	reads_back(&maps);
	return 0;
}
