/* SPDX-License-Identifier: Apache-2.0 */
/* oracle: what a whole disassembler (capstone) says of an arm64 instruction. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

struct oracle_insn {
	char text[256];
	uint32_t writes; /* general registers, as bits */
	bool branches;	 /* to pc + @to */
	int64_t to;
	bool adr, adrp, add; /* @rd, @rn and @imm as in struct arm64_insn */
	bool access;	     /* base register @rn and offset @imm, no index */
	unsigned rd, rn;
	int64_t imm;
};

bool oracle_open(void); /* false: tested without capstone */
void oracle_close(void);
/* False: no instruction to it. */
bool oracle_decode(uint32_t word, struct oracle_insn *ret);

#endif /* TESTS_ORACLE_H */
