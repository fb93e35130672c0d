/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>
#include <stdio.h>
#include <string.h>

#define PC UINT64_C(0x400000)

static csh handle;

bool oracle_open(void)
{
	return cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &handle) == CS_ERR_OK &&
	       cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK;
}

void oracle_close(void)
{
	cs_close(&handle);
}

/* 0 to 30; 31: none of the general ones. */
static unsigned number_of(unsigned reg)
{
	if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28)
		return reg - ARM64_REG_X0;
	if (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30)
		return reg - ARM64_REG_W0;
	if (reg == ARM64_REG_X29)
		return 29;
	return reg == ARM64_REG_X30 ? 30 : 31;
}

/* Capstone 4 takes an operand of these for one that is written. */
static bool only_reads(const cs_insn *insn)
{
	static const unsigned ids[] = { ARM64_INS_CMP, ARM64_INS_CMN, ARM64_INS_TST,
					ARM64_INS_MSR, ARM64_INS_SYS, ARM64_INS_ST1,
					ARM64_INS_ST2, ARM64_INS_ST3, ARM64_INS_ST4 };

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (insn->id == ids[i])
			return true;
	return false;
}

static void take_operand(const cs_insn *insn, unsigned n, struct oracle_insn *ret)
{
	const cs_arm64 *a = &insn->detail->arm64;
	const cs_arm64_op *op = &a->operands[n];

	if (op->type == ARM64_OP_REG && op->access & CS_AC_WRITE && number_of(op->reg) < 31 &&
	    !only_reads(insn))
		ret->writes |= UINT32_C(1) << number_of(op->reg);
	if (op->type != ARM64_OP_MEM)
		return;
	if (a->writeback && number_of(op->mem.base) < 31)
		ret->writes |= UINT32_C(1) << number_of(op->mem.base);
	ret->access = op->mem.index == ARM64_REG_INVALID && op->mem.base != ARM64_REG_INVALID;
	ret->rn = number_of(op->mem.base);
	ret->imm = op->mem.disp;
}

static void take_address(const cs_insn *insn, struct oracle_insn *ret)
{
	const cs_arm64 *a = &insn->detail->arm64;
	unsigned rd = a->op_count ? number_of(a->operands[0].reg) : 31;

	ret->adr = insn->id == ARM64_INS_ADR;
	ret->adrp = insn->id == ARM64_INS_ADRP;
	ret->add = insn->id == ARM64_INS_ADD && a->op_count == 3 && !a->update_flags &&
		   a->operands[2].type == ARM64_OP_IMM && a->operands[0].type == ARM64_OP_REG &&
		   a->operands[0].reg >= ARM64_REG_X0 && a->operands[0].reg <= ARM64_REG_X28 &&
		   a->operands[1].reg >= ARM64_REG_X0 && a->operands[1].reg <= ARM64_REG_X28;
	if (ret->adr || ret->adrp) {
		ret->rd = rd;
		ret->imm = a->operands[1].imm - (int64_t)PC;
	}
	if (ret->add) {
		ret->rd = rd;
		ret->rn = number_of(a->operands[1].reg);
		ret->imm = a->operands[2].imm << (a->operands[2].shift.type == ARM64_SFT_LSL
							  ? a->operands[2].shift.value
							  : 0);
	}
}

static void take_branch(const cs_insn *insn, struct oracle_insn *ret)
{
	static const unsigned ids[] = { ARM64_INS_B,	ARM64_INS_BL,  ARM64_INS_CBZ,
					ARM64_INS_CBNZ, ARM64_INS_TBZ, ARM64_INS_TBNZ };
	const cs_arm64 *a = &insn->detail->arm64;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ret->branches = ret->branches || insn->id == ids[i];
	if (ret->branches)
		ret->to = a->operands[a->op_count - 1].imm - (int64_t)PC;
}

bool oracle_decode(uint32_t word, struct oracle_insn *ret)
{
	cs_insn *insn;

	if (cs_disasm(handle, (const uint8_t *)&word, sizeof(word), PC, 1, &insn) != 1)
		return false;
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->text, sizeof(ret->text), "%08x %s %s", word, insn->mnemonic, insn->op_str);
	for (unsigned i = 0; i < insn->detail->arm64.op_count; i++)
		take_operand(insn, i, ret);
	take_address(insn, ret);
	take_branch(insn, ret);
	cs_free(insn, 1);
	return true;
}

#else

bool oracle_open(void)
{
	return false;
}

void oracle_close(void)
{
}

bool oracle_decode(uint32_t word, struct oracle_insn *ret)
{
	(void)word;
	(void)ret;
	return false;
}

#endif
