/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64: what an instruction does to addresses: makes one, uses one, or spoils one.
 *
 * No disassembler: of each instruction it knows the address that it forms
 * relative to its own, the register and offset that it adds to or accesses,
 * which general registers it writes, and where it branches to. Of what it does
 * not know (SVE, SME, unallocated) it says that anything may have been written.
 * Source: Arm ARM (DDI 0487), C4.1 "A64 instruction set encoding".
 */
#ifndef IMAGE_ARM64_H
#define IMAGE_ARM64_H

#include <stdbool.h>
#include <stdint.h>

#define ARM64_INSN 4U

/* General registers as bits; 31 (SP or zero) is none. */
#define ARM64_ALL UINT32_C(0x7fffffff)

enum arm64_use {
	ARM64_NONE,
	ARM64_PAGE,    /* register @rd becomes the page of pc, plus @imm (ADRP) */
	ARM64_ADR,     /* register @rd becomes pc + @imm (ADR) */
	ARM64_LITERAL, /* loads from, or prefetches, pc + @imm */
	ARM64_ADD,     /* register @rd becomes register @rn + @imm */
	ARM64_ACCESS,  /* loads from, stores to or prefetches register @rn + @imm */
};

struct arm64_insn {
	enum arm64_use use;
	uint8_t rd, rn;
	int64_t imm;
	uint32_t writes; /* general registers, as bits; a call spoils them all */
	bool branches;	 /* to pc + @to, whatever the condition */
	int64_t to;
	bool ends; /* what follows is not reached from here */
};

struct arm64_insn arm64_decode(uint32_t word);

/*
 * The references of a stretch of code, in code order. Begin with zeros but
 * for @targets. The page that ADRP put into a register is known until the
 * register is written or a place is reached that something branches to.
 */
struct arm64_pages {
	const uint8_t *targets; /* bit n: instruction n is branched to; may be NULL */
	uint32_t known;		/* registers that hold a page, as bits */
	uint64_t page[31];
};

struct arm64_ref {
	uint64_t target;
	bool address; /* it is taken, not what is there */
};

/*
 * One step: instruction number @index, @word, at @pc. True when it refers to
 * an address. To be called for each one in order.
 */
bool arm64_step(struct arm64_pages *p, uint32_t index, uint64_t pc, uint32_t word,
		struct arm64_ref *ret);

#endif /* IMAGE_ARM64_H */
