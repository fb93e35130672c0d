/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as code: an instruction is what its own bytes say, no more of them and no fewer. */
#include <stdlib.h>
#include <string.h>

#include "image/amd64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *p, size_t n, const struct amd64_insn *insn)
{
	struct amd64_insn again;
	int32_t disp;

	if (!insn->len || insn->len > AMD64_INSN_MAX || insn->len > n)
		abort();
	/* What follows does not matter, but each byte of it does. */
	if (!amd64_decode(p, insn->len, &again) || again.len != insn->len ||
	    again.rip != insn->rip || again.lea != insn->lea || again.disp != insn->disp)
		abort();
	if (amd64_decode(p, insn->len - 1U, &again))
		abort();
	if (insn->lea && !insn->rip)
		abort();
	for (size_t i = 0; insn->rip && i + sizeof(disp) <= insn->len; i++) {
		memcpy(&disp, p + i, sizeof(disp));
		if (disp == insn->disp)
			return;
	}
	if (insn->rip) /* the displacement stands in it */
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct amd64_insn insn = { .len = 0 };

	for (size_t at = 0; at < size; at += insn.len) {
		insn.len = 77;
		if (!amd64_decode(data + at, size - at, &insn)) {
			if (insn.len != 77)
				abort();
			insn.len = 1;
			continue;
		}
		check(data + at, size - at, &insn);
	}
	return 0;
}
