/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "image/amd64.h"
#include "image/image_struct.h"

/* Of code read for one function: the longest of the standard library has half a megabyte. */
#define CODE_MAX (UINT64_C(4) << 20)

int image_refs(const struct image *img, struct mem *m, const struct image_func *f,
	       struct image_ref *out, size_t max, struct err *err)
{
	_cleanup_(free_ptr) uint8_t *code = NULL;
	uint64_t size = f->end - f->entry;
	struct amd64_insn insn;
	size_t n = 0;
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
	for (uint64_t at = 0; at < size; at += insn.len) {
		struct image_ref ref = { .insn = f->entry + at };

		if (!amd64_decode(code + at, size - at, &insn))
			return err_set(err, -EBADMSG, "%s: %s+%#" PRIx64 ": no instruction",
				       img->name, f->name, at);
		ref.target = ref.insn + insn.len + (uint64_t)(int64_t)insn.disp;
		ref.segment = image_segment_of(img, ref.target);
		ref.lea = insn.lea;
		if (!insn.rip || ref.segment == SEG_NONE)
			continue;
		if (n < max)
			out[n] = ref;
		n++;
	}
	return n < INT32_MAX ? (int)n : -EFBIG;
}
