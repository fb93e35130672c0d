/* SPDX-License-Identifier: Apache-2.0 */
#include "image/arm64.h"

static uint32_t bits(uint32_t word, unsigned from, unsigned n)
{
	return word >> from & ((UINT32_C(1) << n) - 1);
}

static int64_t signed_bits(uint32_t word, unsigned from, unsigned n)
{
	int64_t sign = INT64_C(1) << (n - 1);

	return ((int64_t)bits(word, from, n) ^ sign) - sign;
}

static uint32_t reg(uint32_t number)
{
	return UINT32_C(1) << number & ARM64_ALL;
}

static uint32_t rd_of(uint32_t word)
{
	return reg(bits(word, 0, 5));
}

static uint32_t rn_of(uint32_t word)
{
	return reg(bits(word, 5, 5));
}

/* "Data processing -- immediate": all of them write Rd. */
static void immediate(uint32_t word, struct arm64_insn *i)
{
	int64_t offset = (int64_t)((uint64_t)signed_bits(word, 5, 19) << 2 | bits(word, 29, 2));

	i->writes = rd_of(word);
	i->rd = (uint8_t)bits(word, 0, 5);
	if (bits(word, 24, 5) == 0x10) {
		i->use = word >> 31 ? ARM64_PAGE : ARM64_ADR;
		i->imm = word >> 31 ? offset * 4096 : offset;
	}
	if (bits(word, 23, 9) == 0x122) { /* ADD, 64 bits */
		i->use = ARM64_ADD;
		i->rn = (uint8_t)bits(word, 5, 5);
		i->imm = (int64_t)bits(word, 10, 12) << (bits(word, 22, 1) ? 12 : 0);
	}
}

static void branch_to(struct arm64_insn *i, int64_t words)
{
	i->branches = true;
	i->to = words * 4;
}

/* "Branches, exception generating and system instructions". */
static void branch(uint32_t word, struct arm64_insn *i)
{
	if (bits(word, 26, 5) == 5) { /* B, BL */
		branch_to(i, signed_bits(word, 0, 26));
		i->ends = !(word >> 31);
		i->writes = word >> 31 ? ARM64_ALL : 0;
	} else if (bits(word, 25, 6) == 0x1a || bits(word, 24, 8) == 0x54) { /* CBZ, B.cond */
		branch_to(i, signed_bits(word, 5, 19));
	} else if (bits(word, 25, 6) == 0x1b) { /* TBZ */
		branch_to(i, signed_bits(word, 5, 14));
	} else if (bits(word, 25, 7) == 0x6b) { /* to a register: BLR alone comes back */
		i->ends = !(bits(word, 21, 4) & 1);
		i->writes = ARM64_ALL;
	} else if (bits(word, 24, 8) == 0xd4) { /* SVC and the like: X0, or what a debugger likes */
		i->writes = ARM64_ALL;
	} else if (bits(word, 21, 11) == 0x6a9 || bits(word, 20, 12) == 0xd53) { /* SYSL, MRS */
		i->writes = rd_of(word);
	} else if (bits(word, 12, 20) == 0xd5032 && bits(word, 5, 7)) { /* hints: pointer signing */
		i->writes = reg(17) | reg(30);
	} else if (bits(word, 24, 8) != 0xd5) {
		i->writes = ARM64_ALL;
	}
}

static void access_at(uint32_t word, int64_t imm, struct arm64_insn *i)
{
	i->use = ARM64_ACCESS;
	i->rn = (uint8_t)bits(word, 5, 5);
	i->imm = imm;
}

/* LDR and LDRSW from beside the code; PRFM writes nothing, and V none of ours. */
static void load_literal(uint32_t word, struct arm64_insn *i)
{
	i->use = ARM64_LITERAL;
	i->imm = signed_bits(word, 5, 19) * 4;
	i->writes = bits(word, 26, 1) || word >> 30 == 3 ? 0 : rd_of(word);
}

static void load_pair(uint32_t word, struct arm64_insn *i)
{
	bool vector = bits(word, 26, 1), load = bits(word, 22, 1), indexed = bits(word, 23, 1);
	unsigned shift = vector ? 2 + (word >> 30) : word >> 31 ? 3 : 2;
	bool post = bits(word, 23, 2) == 1;

	access_at(word, post ? 0 : signed_bits(word, 15, 7) * (INT64_C(1) << shift), i);
	if (load && !vector)
		i->writes = rd_of(word) | reg(bits(word, 10, 5));
	if (indexed)
		i->writes |= rn_of(word);
}

/* Of the single loads and stores: does it write the general register Rt? */
static bool loads_general(uint32_t word)
{
	uint32_t opc = bits(word, 22, 2);

	return !bits(word, 26, 1) && opc != 0 && !(word >> 30 == 3 && opc == 2); /* PRFM */
}

/* A register with an immediate of 9 bits, atomics, or another register as offset. */
static void load_register(uint32_t word, struct arm64_insn *i)
{
	uint32_t kind = bits(word, 10, 2);

	if (!bits(word, 21, 1)) {
		access_at(word, kind == 1 ? 0 : signed_bits(word, 12, 9), i);
		i->writes = loads_general(word) ? rd_of(word) : 0;
		i->writes |= kind & 1 ? rn_of(word) : 0;
	} else if (kind == 2) {
		i->writes = loads_general(word) ? rd_of(word) : 0;
	} else if (kind == 0) { /* LDADD, SWP, …; the 64-byte ones write more, and are rare */
		access_at(word, 0, i);
		i->writes = bits(word, 12, 4) > 8 ? ARM64_ALL : rd_of(word);
	} else { /* LDRAA */
		i->writes = rd_of(word) | rn_of(word);
	}
}

static void load_scaled(uint32_t word, struct arm64_insn *i)
{
	unsigned shift = word >> 30;

	if (bits(word, 26, 1) && bits(word, 23, 1)) /* of 128 bits */
		shift = 4;
	access_at(word, (int64_t)bits(word, 10, 12) << shift, i);
	i->writes = loads_general(word) ? rd_of(word) : 0;
}

/* "Loads and stores". */
static void load_or_store(uint32_t word, struct arm64_insn *i)
{
	uint32_t group = bits(word, 27, 3);
	bool scaled = bits(word, 24, 1);

	if (group == 3 && !scaled) {
		load_literal(word, i);
	} else if (group == 5) {
		load_pair(word, i);
	} else if (group == 7) {
		if (scaled)
			load_scaled(word, i);
		else
			load_register(word, i);
	} else if (group == 1 && !scaled && !bits(word, 26, 1)) {
		/* Exclusive, ordered, compare and swap: Rt and Rt2, or Rs that tells of success. */
		access_at(word, 0, i);
		i->writes = rd_of(word) | reg(bits(word, 10, 5)) | reg(bits(word, 16, 5)) |
			    reg(bits(word, 16, 5) | 1);
	} else if (group == 1 && bits(word, 26, 1)) { /* LD1, ST1 … */
		access_at(word, 0, i);
		i->writes = bits(word, 23, 1) ? rn_of(word) : 0;
	} else {
		i->writes = ARM64_ALL; /* tags, LDAPUR, block copies */
	}
}

/* "Data processing -- register": all but the conditional compares write Rd. */
static void registers(uint32_t word, struct arm64_insn *i)
{
	bool compares = bits(word, 21, 8) == 0xd2;
	bool flags = bits(word, 21, 8) == 0xd0 && bits(word, 10, 6); /* RMIF, SETF8 */

	i->writes = compares || flags ? 0 : rd_of(word);
}

/* "Data processing -- scalar floating-point and advanced SIMD": few write a general register. */
static void vectors(uint32_t word, struct arm64_insn *i)
{
	bool scalar = bits(word, 24, 5) == 0x1e && !bits(word, 30, 1);
	uint32_t opcode = bits(word, 16, 3);
	bool to_int =
		scalar && ((bits(word, 21, 1) && bits(word, 10, 6) == 0) || !bits(word, 21, 1));

	if (to_int)
		i->writes = opcode == 2 || opcode == 3 || opcode == 7 ? 0 : rd_of(word);
	else if (bits(word, 21, 8) == 0x70 && !bits(word, 31, 1) && !bits(word, 29, 1) &&
		 (bits(word, 10, 6) == 0x0f || bits(word, 10, 6) == 0x0b)) /* UMOV, SMOV */
		i->writes = rd_of(word);
}

struct arm64_insn arm64_decode(uint32_t word)
{
	struct arm64_insn i = { .use = ARM64_NONE };
	uint32_t group = bits(word, 25, 4);

	if ((group & 0xe) == 0x8)
		immediate(word, &i);
	else if ((group & 0xe) == 0xa)
		branch(word, &i);
	else if ((group & 0x5) == 0x4)
		load_or_store(word, &i);
	else if ((group & 0x7) == 0x5)
		registers(word, &i);
	else if ((group & 0x7) == 0x7)
		vectors(word, &i);
	else
		i.writes = ARM64_ALL;
	return i;
}

static bool is_target(const struct arm64_pages *p, uint32_t index)
{
	return p->targets && p->targets[index / 8] >> index % 8 & 1;
}

static bool page_of(const struct arm64_pages *p, uint8_t number, uint64_t *ret)
{
	if (!(p->known & reg(number)))
		return false;
	*ret = p->page[number];
	return true;
}

bool arm64_step(struct arm64_pages *p, uint32_t index, uint64_t pc, uint32_t word,
		struct arm64_ref *ret)
{
	struct arm64_insn i = arm64_decode(word);
	uint64_t base = pc;
	bool refers = false;

	if (is_target(p, index))
		p->known = 0;
	if (i.use == ARM64_ADR || i.use == ARM64_LITERAL)
		refers = true;
	else if (i.use == ARM64_ADD || i.use == ARM64_ACCESS)
		refers = page_of(p, i.rn, &base);
	if (refers)
		*ret = (struct arm64_ref){ base + (uint64_t)i.imm,
					   i.use == ARM64_ADR || i.use == ARM64_ADD };
	p->known &= ~i.writes;
	if (i.use == ARM64_PAGE && i.writes) {
		p->known |= i.writes;
		p->page[i.rd] = (pc & ~UINT64_C(4095)) + (uint64_t)i.imm;
	}
	if (i.ends)
		p->known = 0;
	return refers;
}
