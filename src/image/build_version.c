/* SPDX-License-Identifier: Apache-2.0 */
#include "image/build_version.h"

#include <errno.h>

#include "base/cur.h"

#define VERSION_MAX 96U
#define REFS_MAX 256U
#define DATA_MAX (UINT64_C(64) << 20)
#define BATCH 64U

/* Strings that may be the version, looked at many at once. */
struct batch {
	struct mem_piece v[BATCH];
	char bytes[BATCH][VERSION_MAX];
	size_t n;
};

/* 1 when one of the strings was a toolchain's name. */
static int look_at(struct batch *batch, struct mem *m, struct build_info *b, struct err *err)
{
	int r = batch->n ? mem_readv(m, batch->v, batch->n, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < batch->n; i++) {
		struct str words = { batch->bytes[i], batch->v[i].len };

		if (batch->v[i].ok && build_info_set_version(b, words))
			return 1;
	}
	batch->n = 0;
	return 0;
}

/* Read-only strings of a fitting length; the header is {pointer, length}. */
static int add(struct batch *batch, const struct image *img, const uint8_t *header, struct mem *m,
	       struct build_info *b, struct err *err)
{
	uint64_t at = le64(header), len = le64(header + 8);

	if (len < strlen("go1.1") || len >= VERSION_MAX || !at ||
	    image_segment_of(img, at) != SEG_NONE || !mem_region_at(m, at))
		return 0;
	batch->v[batch->n] = (struct mem_piece){ at, batch->bytes[batch->n], (size_t)len, false };
	batch->n++;
	return batch->n == BATCH ? look_at(batch, m, b, err) : 0;
}

static int search_refs(struct batch *batch, const struct image *img, struct mem *m,
		       struct build_info *b, struct err *err)
{
	struct image_ref refs[REFS_MAX];
	struct image_func schedinit;
	uint8_t header[16];
	int n, r = 0;

	if (!image_func_named(img, "runtime.schedinit", &schedinit))
		return 0;
	n = image_refs(img, m, &schedinit, refs, REFS_MAX, err);
	if (n < 0) /* then the whole segment is looked through */
		return n == -EBADMSG || n == -EFAULT || n == -EFBIG ? 0 : n;
	for (int i = 0; i < n && i < (int)REFS_MAX && !r; i++) {
		struct mem_piece v = { refs[i].target, header, sizeof(header), false };

		if (refs[i].segment != SEG_DATA)
			continue;
		r = mem_readv(m, &v, 1, err);
		if (r >= 0)
			r = v.ok ? add(batch, img, header, m, b, err) : 0;
	}
	return r ? r : look_at(batch, m, b, err);
}

static int search_data(struct batch *batch, const struct image *img, struct mem *m,
		       struct build_info *b, struct err *err)
{
	struct span64 s = image_module(img)->data;
	uint64_t size = s.to - s.from < DATA_MAX ? s.to - s.from : DATA_MAX;
	_cleanup_(free_ptr) uint8_t *data = malloc(size + 1);
	int r;

	if (!data)
		return err_set(err, -ENOMEM, "%s: no memory to look for its version", m->name);
	r = size ? mem_read(m, s.from, data, size, err) : 0;
	if (r < 0)
		return r == -EFAULT ? 0 : r;
	for (uint64_t at = 0; at + 16 <= size && !r; at += 8)
		r = add(batch, img, data + at, m, b, err);
	return r ? r : look_at(batch, m, b, err);
}

int build_version_search(const struct image *img, struct mem *m, struct build_info *b,
			 struct err *err)
{
	_cleanup_(free_ptr) struct batch *batch = calloc(1, sizeof(*batch));
	int r;

	if (!batch)
		return err_set(err, -ENOMEM, "%s: no memory to look for its version", m->name);
	r = search_refs(batch, img, m, b, err);
	if (!r)
		r = search_data(batch, img, m, b, err);
	return r < 0 ? r : 0;
}
