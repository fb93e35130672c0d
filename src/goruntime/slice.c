/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/slice.h"

#include <errno.h>

#include "base/cur.h"

int go_slice_read(struct mem *m, uint64_t addr, uint64_t elem, struct go_slice *ret,
		  struct err *err)
{
	uint8_t raw[24];
	uint64_t bytes, end;
	int r = mem_read(m, addr, raw, sizeof(raw), err);

	if (r < 0)
		return r;
	struct go_slice s = { le64(raw), le64(raw + 8), le64(raw + 16) };

	if (s.len > s.cap || (s.len && !s.array) || __builtin_mul_overflow(s.cap, elem, &bytes) ||
	    __builtin_add_overflow(s.array, bytes, &end))
		return err_set(err, -EBADMSG, "%s: 0x%llx: not a slice", m->name,
			       (unsigned long long)addr);
	*ret = s;
	return 0;
}
