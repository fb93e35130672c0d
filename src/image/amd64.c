/* SPDX-License-Identifier: Apache-2.0 */
#include "image/amd64.h"

#include "base/cur.h"

/*
 * What follows each opcode, one character an opcode, sixteen a row:
 *   .  nothing        m  ModRM               B  ModRM, imm8      Z  ModRM, imm16/32
 *   b  imm8           z  imm16/32            w  imm16            e  imm16, imm8 (enter)
 *   v  imm16/32/64    d  rel32, always       o  address (moffs)  -  not valid in 64-bit code
 *   p  a prefix       t  ModRM, imm8 if /0 or /1    T  the same with imm16/32
 *   x  another map
 */
/* clang-format off */
static const char one_byte[256 + 1] =
	"mmmmbz--mmmmbz-x" "mmmmbz--mmmmbz--" "mmmmbzp-mmmmbzp-" "mmmmbzp-mmmmbzp-"
	"pppppppppppppppp" "................" "--" "xm" "ppppzZbB...." "bbbbbbbbbbbbbbbb"
	"BZ-Bmmmmmmmmmmmm" "..........-....." "oooo....bz......" "bbbbbbbbvvvvvvvv"
	"BBw.xxBZe.w..b-." "mmmm---.mmmmmmmm" "bbbbbbbbdd-b...." "p.pp..tT......mm";
static const char two_byte[256 + 1] =
	"mmmm-.....-.-m.B" "mmmmmmmmmmmmmmmm" "mmmm----mmmmmmmm" "......-.x-x-----"
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "BBBBmmm.mm--mmmm"
	"dddddddddddddddd" "mmmmmmmmmmmmmmmm" "...mBm--...mBmmm" "mmmmmmmmmmBmmmmm"
	"mmBmBBBm........" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm";
/* clang-format on */

enum opcode_map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_EVEX5 = 5, MAP_EVEX6 = 6 };

#define REX_W 0x08U

struct decoding {
	struct cur c;
	bool operand16, address32;
	uint8_t rex;
	struct amd64_insn insn;
};

/* Legacy prefixes in any order, then at most one REX, which counts only right before the opcode. */
static uint8_t take_prefixes(struct decoding *d)
{
	uint8_t op = cur_u8(&d->c);

	while (!d->c.bad && one_byte[op] == 'p') {
		d->rex = (op & 0xf0) == 0x40 ? op : 0;
		d->operand16 = d->operand16 || op == 0x66;
		d->address32 = d->address32 || op == 0x67;
		op = cur_u8(&d->c);
	}
	return op;
}

/* ModRM, SIB and displacement. Returns the reg field, which extends some opcodes. */
static uint8_t take_modrm(struct decoding *d)
{
	uint8_t modrm = cur_u8(&d->c), mod = modrm >> 6, rm = modrm & 7;

	if (mod == 3)
		return (modrm >> 3) & 7;
	if (rm == 4 && (cur_u8(&d->c) & 7) == 5 && mod == 0)
		cur_u32(&d->c); /* SIB without base: disp32 */
	if (mod == 0 && rm == 5) {
		d->insn.rip = true;
		d->insn.disp = (int32_t)cur_u32(&d->c);
	}
	if (mod == 1)
		cur_u8(&d->c);
	if (mod == 2)
		cur_u32(&d->c);
	return (modrm >> 3) & 7;
}

static void take_imm(struct decoding *d)
{
	cur_bytes(&d->c, d->operand16 && !(d->rex & REX_W) ? 2 : 4);
}

/* What @kind says follows the opcode; false if the opcode is not valid. */
static bool take_operands(struct decoding *d, char kind)
{
	uint8_t reg = 0;

	if (strchr("mBZtT", kind))
		reg = take_modrm(d);
	switch (kind) {
	case '.':
	case 'm':
		return true;
	case 't':
		cur_bytes(&d->c, reg < 2 ? 1 : 0);
		return true;
	case 'T':
		if (reg < 2)
			take_imm(d);
		return true;
	case 'b':
	case 'B':
		cur_bytes(&d->c, 1);
		return true;
	case 'z':
	case 'Z':
		take_imm(d);
		return true;
	case 'w':
		cur_bytes(&d->c, 2);
		return true;
	case 'e':
		cur_bytes(&d->c, 3);
		return true;
	case 'd':
		cur_bytes(&d->c, 4);
		return true;
	case 'o':
		cur_bytes(&d->c, d->address32 ? 4 : 8);
		return true;
	case 'v':
		if (d->rex & REX_W)
			cur_bytes(&d->c, 8);
		else
			take_imm(d);
		return true;
	default:
		return false;
	}
}

/* Opcode and operands of VEX and EVEX: always a ModRM, but for vzeroupper and vzeroall. */
static bool take_vector(struct decoding *d, unsigned map)
{
	uint8_t op = cur_u8(&d->c);

	if (d->operand16 || d->rex)
		return false;
	switch (map) {
	case MAP_0F:
		return take_operands(d, two_byte[op] == 'B' || op == 0x77 ? two_byte[op] : 'm');
	case MAP_0F3A:
		return take_operands(d, 'B');
	case MAP_0F38:
	case MAP_EVEX5:
	case MAP_EVEX6:
		return take_operands(d, 'm');
	default:
		return false;
	}
}

static bool take_0f(struct decoding *d)
{
	uint8_t op = cur_u8(&d->c);

	if (op == 0x38 || op == 0x3a) {
		cur_u8(&d->c);
		return take_operands(d, op == 0x38 ? 'm' : 'B');
	}
	return take_operands(d, two_byte[op]);
}

/* 0x0f, 0x62 (EVEX), 0xc4 and 0xc5 (VEX). */
static bool take_other_map(struct decoding *d, uint8_t op)
{
	unsigned map;

	switch (op) {
	case 0x0f:
		return take_0f(d);
	case 0xc5:
		cur_u8(&d->c);
		return take_vector(d, MAP_0F);
	case 0xc4:
		map = cur_u8(&d->c) & 0x1fU;
		cur_u8(&d->c);
		return map <= MAP_0F3A && take_vector(d, map);
	default:
		map = cur_u8(&d->c) & 7U;
		cur_bytes(&d->c, 2);
		return take_vector(d, map);
	}
}

bool amd64_decode(const uint8_t *p, size_t n, struct amd64_insn *ret)
{
	struct decoding d = { .c = cur_over(p, n < AMD64_INSN_MAX ? n : AMD64_INSN_MAX, "") };
	uint8_t op = take_prefixes(&d);
	bool ok = !d.c.bad;

	if (ok && one_byte[op] == 'x')
		ok = take_other_map(&d, op);
	else if (ok)
		ok = take_operands(&d, one_byte[op]);
	if (!ok || d.c.bad)
		return false;
	d.insn.len = (uint8_t)d.c.at;
	d.insn.lea = d.insn.rip && op == 0x8d;
	*ret = d.insn;
	return true;
}
