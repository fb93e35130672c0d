/* SPDX-License-Identifier: Apache-2.0 */
/* Any words as code: what is said of an instruction holds together, and a page is known no longer
 * than it may be. */
#include <stdlib.h>

#include "base/cur.h"
#include "image/arm64.h"

#define PC UINT64_C(0x400000)
#define INSNS_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_insn(const struct arm64_insn *i)
{
	int64_t most = i->use == ARM64_PAGE ? INT64_C(1) << 32 : INT64_C(1) << 24;

	must(!(i->writes & ~ARM64_ALL) && i->rd <= 31 && i->rn <= 31);
	must(i->imm >= -most && i->imm <= most);
	must(i->branches || !i->to);
	must(i->to % 4 == 0 && i->to >= -(INT64_C(1) << 27) && i->to < INT64_C(1) << 27);
	if (i->use == ARM64_PAGE)
		must(i->imm % 4096 == 0 && !i->branches && !i->ends);
}

/* The registers that hold a page are those that an ADRP gave one since whatever spoils them. */
static void check_step(const struct arm64_pages *before, const struct arm64_pages *after,
		       const struct arm64_insn *i, bool refers, bool target)
{
	uint32_t new = after->known & ~before->known;

	must(!(after->known & ~ARM64_ALL));
	must(!new || (i->use == ARM64_PAGE && new == i->writes));
	if (i->use != ARM64_PAGE)
		must(!(after->known & i->writes));
	if (i->ends || (target && i->use != ARM64_PAGE))
		must(!after->known);
	if (refers && (i->use == ARM64_ADD || i->use == ARM64_ACCESS))
		must(i->rn < 31 && before->known >> i->rn & 1 && !target);
	if (refers)
		must(i->use != ARM64_NONE && i->use != ARM64_PAGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t targets[INSNS_MAX / 8] = { 0 };
	struct arm64_pages pages = { .targets = targets };
	size_t n = size / ARM64_INSN < INSNS_MAX ? size / ARM64_INSN : INSNS_MAX;

	for (size_t i = 0; i < n; i++) {
		struct arm64_insn insn = arm64_decode(le32(data + i * ARM64_INSN));
		uint64_t to = i + (uint64_t)(insn.to / 4);

		if (insn.branches && to < n)
			targets[to / 8] |= (uint8_t)(1U << to % 8);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t word = le32(data + i * ARM64_INSN);
		struct arm64_insn insn = arm64_decode(word);
		struct arm64_pages before = pages;
		struct arm64_ref ref = { 77, true };
		bool refers = arm64_step(&pages, (uint32_t)i, PC + i * ARM64_INSN, word, &ref);

		check_insn(&insn);
		check_step(&before, &pages, &insn, refers, targets[i / 8] >> i % 8 & 1);
		must(refers || ref.target == 77);
	}
	return 0;
}
