/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amd64: how long an instruction is, and what it refers to relative to RIP.
 *
 * No disassembler: it knows prefixes, opcode maps, ModRM and immediates of
 * 64-bit code (Intel SDM vol. 2, chapter 2 and appendix A), VEX and EVEX
 * included, as much as telling instructions apart needs.
 */
#ifndef IMAGE_AMD64_H
#define IMAGE_AMD64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define AMD64_INSN_MAX 15U

struct amd64_insn {
	uint8_t len;
	bool rip;     /* it has an operand relative to the next instruction's address … */
	int32_t disp; /* … by so much */
	bool lea;     /* whose address is taken, not what is there */
};

/* The instruction at @p of which @n bytes can be seen; false: none that is valid and whole. */
bool amd64_decode(const uint8_t *p, size_t n, struct amd64_insn *ret) _must_use_;

#endif /* IMAGE_AMD64_H */
