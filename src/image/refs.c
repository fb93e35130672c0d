/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "base/cur.h"
#include "image/amd64.h"
#include "image/arm64.h"
#include "image/image_struct.h"

/* Of code read for one function: the longest of the standard library has half a megabyte. */
#define CODE_MAX (UINT64_C(4) << 20)

/* The code of one function, and where what it refers to is put. */
struct reading {
	const struct image *img;
	const struct image_func *f;
	const uint8_t *code;
	uint64_t size;
	struct image_ref *out;
	size_t max, n;
};

static void add(struct reading *r, uint64_t insn, uint64_t target, bool lea)
{
	struct image_ref ref = { insn, target, image_segment_of(r->img, target), lea };

	if (ref.segment == SEG_NONE)
		return;
	if (r->n < r->max)
		r->out[r->n] = ref;
	r->n++;
}

static int read_amd64(struct reading *r, struct err *err)
{
	struct amd64_insn insn;

	for (uint64_t at = 0; at < r->size; at += insn.len) {
		if (!amd64_decode(r->code + at, r->size - at, &insn))
			return err_set(err, -EBADMSG, "%s: %s+%#" PRIx64 ": no instruction",
				       r->img->name, r->f->name, at);
		if (insn.rip)
			add(r, r->f->entry + at,
			    r->f->entry + at + insn.len + (uint64_t)(int64_t)insn.disp, insn.lea);
	}
	return 0;
}

/* One bit an instruction: something in the function branches there. */
static void mark_targets(const struct reading *r, uint8_t *targets)
{
	for (uint64_t at = 0; at + ARM64_INSN <= r->size; at += ARM64_INSN) {
		struct arm64_insn insn = arm64_decode(le32(r->code + at));
		uint64_t to = at + (uint64_t)insn.to;

		if (insn.branches && to < r->size)
			targets[to / ARM64_INSN / 8] |= (uint8_t)(1U << to / ARM64_INSN % 8);
	}
}

static int read_arm64(struct reading *r, struct err *err)
{
	_cleanup_(free_ptr) uint8_t *targets = calloc(1, r->size / ARM64_INSN / 8 + 1);
	struct arm64_pages pages = { .targets = targets };
	struct arm64_ref ref;

	if (!targets)
		return err_set(err, -ENOMEM, "%s: no memory for the branches of %s", r->img->name,
			       r->f->name);
	mark_targets(r, targets);
	for (uint64_t at = 0; at + ARM64_INSN <= r->size; at += ARM64_INSN)
		if (arm64_step(&pages, (uint32_t)(at / ARM64_INSN), r->f->entry + at,
			       le32(r->code + at), &ref))
			add(r, r->f->entry + at, ref.target, ref.address);
	return 0;
}

static int (*const readers[])(struct reading *r, struct err *err) = {
	[ARCH_AMD64] = read_amd64,
	[ARCH_ARM64] = read_arm64,
};

int image_refs(const struct image *img, struct mem *m, const struct image_func *f,
	       struct image_ref *out, size_t max, struct err *err)
{
	_cleanup_(free_ptr) uint8_t *code = NULL;
	struct reading reading = { .img = img, .f = f, .out = out, .max = max };
	uint64_t size = f->end - f->entry;
	int r;

	if (f->end < f->entry || size > CODE_MAX)
		return err_set(err, -EFBIG, "%s: %s is too long to be read", img->name, f->name);
	code = malloc(size + 1);
	if (!code)
		return err_set(err, -ENOMEM, "%s: no memory for the code of %s", img->name,
			       f->name);
	r = size ? mem_read(m, f->entry, code, size, err) : 0;
	if (r < 0)
		return r;
	reading.code = code;
	reading.size = size;
	r = readers[img->arch](&reading, err);
	if (r < 0)
		return r;
	return reading.n < INT32_MAX ? (int)reading.n : -EFBIG;
}
