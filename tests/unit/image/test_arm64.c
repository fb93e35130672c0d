/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "image/arm64.h"
#include "oracle.h"

#define X(n) (UINT32_C(1) << (n))

struct row {
	const char *text;
	uint32_t word, writes;
	enum arm64_use use;
	uint8_t rd, rn;
	int64_t imm;
};

/* clang-format off */
static const struct row rows[] = {
	{ "adrp x27, .", 0x9000001b, X(27), ARM64_PAGE, 27, 0, 0 },
	{ "adrp x27, .+0x1000", 0xb000001b, X(27), ARM64_PAGE, 27, 0, 0x1000 },
	{ "adrp x0, .-0x1000", 0xf0ffffe0, X(0), ARM64_PAGE, 0, 0, -0x1000 },
	{ "adr x3, .+8", 0x10000043, X(3), ARM64_ADR, 3, 0, 8 },
	{ "adr x3, .-4", 0x10ffffe3, X(3), ARM64_ADR, 3, 0, -4 },
	{ "add x0, x27, #0x123", 0x91048f60, X(0), ARM64_ADD, 0, 27, 0x123 },
	{ "add x1, x27, #5, lsl #12", 0x91401761, X(1), ARM64_ADD, 1, 27, 0x5000 },
	{ "add w1, w27, #5", 0x11001761, X(1), ARM64_NONE, 0, 0, 0 },
	{ "adds x1, x27, #5", 0xb1001761, X(1), ARM64_NONE, 0, 0, 0 },
	{ "sub x1, x27, #5", 0xd1001761, X(1), ARM64_NONE, 0, 0, 0 },
	{ "cmp x1, #5", 0xf100143f, 0, ARM64_NONE, 0, 0, 0 },
	{ "add sp, x27, #16", 0x9100437f, 0, ARM64_ADD, 31, 27, 16 },
	{ "ldr x0, [x27, #24]", 0xf9400f60, X(0), ARM64_ACCESS, 0, 27, 24 },
	{ "ldr w0, [x27, #24]", 0xb9401b60, X(0), ARM64_ACCESS, 0, 27, 24 },
	{ "ldrh w0, [x27, #24]", 0x79403360, X(0), ARM64_ACCESS, 0, 27, 24 },
	{ "ldrb w0, [x27, #25]", 0x39406760, X(0), ARM64_ACCESS, 0, 27, 25 },
	{ "ldrsw x0, [x27, #24]", 0xb9801b60, X(0), ARM64_ACCESS, 0, 27, 24 },
	{ "ldrsb x0, [x27, #17]", 0x39804760, X(0), ARM64_ACCESS, 0, 27, 17 },
	{ "str x0, [x27, #24]", 0xf9000f60, 0, ARM64_ACCESS, 0, 27, 24 },
	{ "str wzr, [x27, #28]", 0xb9001f7f, 0, ARM64_ACCESS, 0, 27, 28 },
	{ "strb w0, [x27, #1]", 0x39000760, 0, ARM64_ACCESS, 0, 27, 1 },
	{ "ldr q0, [x27, #32]", 0x3dc00b60, 0, ARM64_ACCESS, 0, 27, 32 },
	{ "ldr d0, [x27, #32]", 0xfd401360, 0, ARM64_ACCESS, 0, 27, 32 },
	{ "str q0, [x27, #32]", 0x3d800b60, 0, ARM64_ACCESS, 0, 27, 32 },
	{ "prfm pldl1keep, [x27, #32]", 0xf9801360, 0, ARM64_ACCESS, 0, 27, 32 },
	{ "ldur x0, [x27, #-3]", 0xf85fd360, X(0), ARM64_ACCESS, 0, 27, -3 },
	{ "stur x0, [x27, #5]", 0xf8005360, 0, ARM64_ACCESS, 0, 27, 5 },
	{ "ldr x0, [x27], #8", 0xf8408760, X(0) | X(27), ARM64_ACCESS, 0, 27, 0 },
	{ "ldr x0, [x27, #8]!", 0xf8408f60, X(0) | X(27), ARM64_ACCESS, 0, 27, 8 },
	{ "str x0, [x27, #-8]!", 0xf81f8f60, X(27), ARM64_ACCESS, 0, 27, -8 },
	{ "ldr x0, [x27, x1]", 0xf8616b60, X(0), ARM64_NONE, 0, 0, 0 },
	{ "str x0, [x27, x1]", 0xf8216b60, 0, ARM64_NONE, 0, 0, 0 },
	{ "ldp x1, x2, [x27, #16]", 0xa9410b61, X(1) | X(2), ARM64_ACCESS, 0, 27, 16 },
	{ "stp x1, x2, [x27, #16]", 0xa9010b61, 0, ARM64_ACCESS, 0, 27, 16 },
	{ "ldp w1, w2, [x27, #-8]", 0x297f0b61, X(1) | X(2), ARM64_ACCESS, 0, 27, -8 },
	{ "ldp q1, q2, [x27, #32]", 0xad410b61, 0, ARM64_ACCESS, 0, 27, 32 },
	{ "ldp x29, x30, [sp], #32", 0xa8c27bfd, X(29) | X(30), ARM64_ACCESS, 0, 31, 0 },
	{ "stp x29, x30, [sp, #-16]!", 0xa9bf7bfd, 0, ARM64_ACCESS, 0, 31, -16 },
	{ "ldr x5, .+0x40", 0x58000205, X(5), ARM64_LITERAL, 0, 0, 0x40 },
	{ "ldr w5, .-0x40", 0x18fffe05, X(5), ARM64_LITERAL, 0, 0, -0x40 },
	{ "ldrsw x5, .+8", 0x98000045, X(5), ARM64_LITERAL, 0, 0, 8 },
	{ "ldr d5, .+8", 0x5c000045, 0, ARM64_LITERAL, 0, 0, 8 },
	{ "ldar x0, [x27]", 0xc8dfff60, X(0), ARM64_ACCESS, 0, 27, 0 },
	{ "ldaddal x0, x1, [x2]", 0xf8e00041, X(1), ARM64_ACCESS, 0, 2, 0 },
	{ "swp x0, x1, [x2]", 0xf8208041, X(1), ARM64_ACCESS, 0, 2, 0 },
	{ "ld1 {v0.16b}, [x1]", 0x4c407020, 0, ARM64_ACCESS, 0, 1, 0 },
	{ "ld1 {v0.16b}, [x1], #16", 0x4cdf7020, X(1), ARM64_ACCESS, 0, 1, 0 },
	{ "blr x1", 0xd63f0020, ARM64_ALL, ARM64_NONE, 0, 0, 0 },
	{ "mrs x7, tpidr_el0", 0xd53bd047, X(7), ARM64_NONE, 0, 0, 0 },
	{ "msr tpidr_el0, x7", 0xd51bd047, 0, ARM64_NONE, 0, 0, 0 },
	{ "dmb ish", 0xd5033bbf, 0, ARM64_NONE, 0, 0, 0 },
	{ "nop", 0xd503201f, 0, ARM64_NONE, 0, 0, 0 },
	{ "mov x1, x2", 0xaa0203e1, X(1), ARM64_NONE, 0, 0, 0 },
	{ "add x1, x2, x3", 0x8b030041, X(1), ARM64_NONE, 0, 0, 0 },
	{ "ccmp x1, x2, #0, eq", 0xfa420020, 0, ARM64_NONE, 0, 0, 0 },
	{ "csel x1, x2, x3, eq", 0x9a830041, X(1), ARM64_NONE, 0, 0, 0 },
	{ "madd x1, x2, x3, x4", 0x9b031041, X(1), ARM64_NONE, 0, 0, 0 },
	{ "rev x1, x2", 0xdac00c41, X(1), ARM64_NONE, 0, 0, 0 },
	{ "movk x1, #5, lsl #16", 0xf2a000a1, X(1), ARM64_NONE, 0, 0, 0 },
	{ "and x1, x2, #0xff", 0x92401c41, X(1), ARM64_NONE, 0, 0, 0 },
	{ "ubfx x1, x2, #3, #4", 0xd3431841, X(1), ARM64_NONE, 0, 0, 0 },
	{ "fmov x1, d2", 0x9e660041, X(1), ARM64_NONE, 0, 0, 0 },
	{ "fmov d1, x2", 0x9e670041, 0, ARM64_NONE, 0, 0, 0 },
	{ "fcvtzs x1, d2", 0x9e780041, X(1), ARM64_NONE, 0, 0, 0 },
	{ "scvtf d1, x2", 0x9e620041, 0, ARM64_NONE, 0, 0, 0 },
	{ "fcvtzs x1, d2, #3", 0x9e58f441, X(1), ARM64_NONE, 0, 0, 0 },
	{ "scvtf d1, x2, #3", 0x9e42f441, 0, ARM64_NONE, 0, 0, 0 },
	{ "fadd d1, d2, d3", 0x1e632841, 0, ARM64_NONE, 0, 0, 0 },
	{ "fcmp d1, d2", 0x1e622020, 0, ARM64_NONE, 0, 0, 0 },
	{ "umov w1, v2.b[3]", 0x0e073c41, X(1), ARM64_NONE, 0, 0, 0 },
	{ "smov x1, v2.h[1]", 0x4e062c41, X(1), ARM64_NONE, 0, 0, 0 },
	{ "dup v1.4s, w2", 0x4e040c41, 0, ARM64_NONE, 0, 0, 0 },
	{ "aese v1.16b, v2.16b", 0x4e284841, 0, ARM64_NONE, 0, 0, 0 },
	{ "udf #0", 0, ARM64_ALL, ARM64_NONE, 0, 0, 0 },
};

static const struct {
	const char *text;
	uint32_t word;
	bool branches, ends;
	int64_t to;
} branches[] = {
	{ "b .+0x100", 0x14000040, true, true, 0x100 },
	{ "bl .+0x100", 0x94000040, true, false, 0x100 },
	{ "b.eq .-8", 0x54ffffc0, true, false, -8 },
	{ "cbz x0, .+12", 0xb4000060, true, false, 12 },
	{ "cbnz w0, .+12", 0x35000060, true, false, 12 },
	{ "tbz w0, #3, .+16", 0x36180080, true, false, 16 },
	{ "tbnz x0, #33, .-16", 0xb70fff80, true, false, -16 },
	{ "br x1", 0xd61f0020, false, true, 0 },
	{ "blr x1", 0xd63f0020, false, false, 0 },
	{ "ret", 0xd65f03c0, false, true, 0 },
	{ "nop", 0xd503201f, false, false, 0 },
};
/* clang-format on */

static void instructions_are_what_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct arm64_insn got = arm64_decode(r->word);
		bool forms = r->use == ARM64_PAGE || r->use == ARM64_ADR || r->use == ARM64_ADD;
		bool based = r->use == ARM64_ADD || r->use == ARM64_ACCESS;

		if (got.use != r->use || got.writes != r->writes || got.imm != r->imm ||
		    (forms && got.rd != r->rd) || (based && got.rn != r->rn))
			fail_msg("%s: use %d, rd %u, rn %u, imm %lld, writes %#x", r->text, got.use,
				 got.rd, got.rn, (long long)got.imm, got.writes);
		if (got.branches || got.ends)
			fail_msg("%s: branches", r->text);
	}
	for (size_t i = 0; i < COUNT(branches); i++) {
		struct arm64_insn got = arm64_decode(branches[i].word);

		if (got.branches != branches[i].branches || got.ends != branches[i].ends ||
		    got.to != branches[i].to || got.use != ARM64_NONE)
			fail_msg("%s: branches %d to %lld, ends %d", branches[i].text, got.branches,
				 (long long)got.to, got.ends);
	}
}

#define PC UINT64_C(0x401ff8)
#define CODE_MAX 6

/* A stretch of code and what it refers to, in order. */
struct stretch {
	const char *text;
	uint32_t code[CODE_MAX];
	unsigned n;
	uint8_t targets;
	uint64_t refs[3];
	bool address[3];
};

#define ADRP_X27 0xb000001b	 /* adrp x27, .+0x1000: of PC it is 0x402000 … */
#define ADD_X27 0x91048f7b	 /* add x27, x27, #0x123 */
#define LOAD_X27 0xf9400f60	 /* ldr x0, [x27, #24] */
#define STORE_X27 0xf9000f60	 /* str x0, [x27, #24] */
#define LOAD_INTO_X27 0xf9400f7b /* ldr x27, [x27, #24] */
#define NOP 0xd503201f

/* clang-format off */
static const struct stretch stretches[] = {
	{ "address", { ADRP_X27, ADD_X27 }, 2, 0, { 0x402123 }, { true } },
	{ "load", { ADRP_X27, LOAD_X27 }, 2, 0, { 0x402018 }, { false } },
	{ "twice", { ADRP_X27, STORE_X27, NOP, LOAD_X27 }, 4, 0, { 0x402018, 0x402018 }, { false } },
	{ "the sum is no page", { ADRP_X27, ADD_X27, LOAD_X27 }, 3, 0, { 0x402123 }, { true } },
	{ "overwritten by itself", { ADRP_X27, LOAD_INTO_X27, LOAD_X27 }, 3, 0, { 0x402018 }, { false } },
	{ "overwritten", { ADRP_X27, 0xaa0203fb, LOAD_X27 }, 3, 0, { 0 }, { false } },
	{ "after a call", { ADRP_X27, 0x94000040, LOAD_X27 }, 3, 0, { 0 }, { false } },
	{ "behind a branch", { ADRP_X27, 0x54000040, LOAD_X27 }, 3, 0, { 0x402018 }, { false } },
	{ "behind a jump", { ADRP_X27, 0x14000002, LOAD_X27 }, 3, 0, { 0 }, { false } },
	{ "branched to", { ADRP_X27, NOP, LOAD_X27 }, 3, 1 << 2, { 0 }, { false } },
	{ "branched to before", { NOP, ADRP_X27, LOAD_X27 }, 3, 1 << 1, { 0x402018 }, { false } },
	{ "the page is that of the instruction", { NOP, NOP, ADRP_X27, LOAD_X27 }, 4, 0, { 0x403018 }, { false } },
	{ "no page", { LOAD_X27, ADD_X27 }, 2, 0, { 0 }, { false } },
	{ "beside the code", { 0x10000043, 0x58000205 }, 2, 0, { PC + 8, PC + 4 + 0x40 }, { true, false } },
	{ "to nowhere", { 0xb000001f, 0x910043ff }, 2, 0, { 0 }, { false } },
};
/* clang-format on */

static void pages_are_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stretches); i++) {
		const struct stretch *s = &stretches[i];
		struct arm64_pages pages = { .targets = &s->targets };
		struct arm64_ref ref;
		unsigned n = 0;

		for (unsigned k = 0; k < s->n; k++) {
			if (!arm64_step(&pages, k, PC + 4 * k, s->code[k], &ref))
				continue;
			if (n == COUNT(s->refs) || ref.target != s->refs[n] ||
			    ref.address != s->address[n])
				fail_msg("%s: %#llx", s->text, (unsigned long long)ref.target);
			n++;
		}
		if (n < COUNT(s->refs) && s->refs[n])
			fail_msg("%s: %u references", s->text, n);
	}
}

/* Every word may come: no register number past the last, no offset past what the fields hold. */
static void check_bounds(uint32_t word, const struct arm64_insn *i)
{
	int64_t most = i->use == ARM64_PAGE ? INT64_C(1) << 32 : INT64_C(1) << 24;

	if (i->writes & ~ARM64_ALL || i->rd > 31 || i->rn > 31 || i->imm < -most || i->imm > most ||
	    i->to < -(INT64_C(1) << 27) || i->to > INT64_C(1) << 27 ||
	    (i->use == ARM64_PAGE && i->rd < 31 && i->writes != X(i->rd)) ||
	    (!i->branches && i->to))
		fail_msg("%08x: out of bounds", word);
}

static bool overlooks(const struct arm64_insn *i, const struct oracle_insn *o)
{
	if (o->writes & ~i->writes)
		return true;
	if (i->branches != o->branches || (o->branches && i->to != o->to))
		return true;
	if (o->adr || o->adrp)
		return i->use != (o->adr ? ARM64_ADR : ARM64_PAGE) || i->imm != o->imm ||
		       i->rd != o->rd;
	if (o->add)
		return i->use != ARM64_ADD || i->imm != o->imm || i->rd != o->rd || i->rn != o->rn;
	return false;
}

static uint32_t next(uint64_t *seed)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *seed;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(z ^ z >> 31);
}

/* The instructions that this is about, with any operands. */
static const struct {
	uint32_t fixed, mask;
} classes[] = {
	{ 0, 0 },
	{ 0x10000000, 0x1f000000 },
	{ 0x91000000, 0xff800000 },
	{ 0x39000000, 0x3b000000 },
	{ 0x38000000, 0x3b200000 },
	{ 0x28000000, 0x3a000000 },
	{ 0x18000000, 0x3b000000 },
	{ 0x14000000, 0x7c000000 },
	{ 0x34000000, 0x7e000000 },
	{ 0x36000000, 0x7e000000 },
	{ 0x54000000, 0xff000010 },
	{ 0x1e200000, 0x7f200000 },
};

static void a_disassembler_agrees(void **state)
{
	uint64_t seed = 1;
	size_t known = 0;

	(void)state;
	if (!oracle_open())
		skip_test("without libcapstone");
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t fixed = classes[i % COUNT(classes)].fixed;
		uint32_t word = (next(&seed) & ~classes[i % COUNT(classes)].mask) | fixed;
		struct arm64_insn got = arm64_decode(word);
		struct oracle_insn o;

		check_bounds(word, &got);
		if (!oracle_decode(word, &o))
			continue;
		known++;
		if (overlooks(&got, &o))
			fail_msg("%s: use %d, rd %u, rn %u, imm %lld, writes %#x (%#x), to %lld",
				 o.text, got.use, got.rd, got.rn, (long long)got.imm, got.writes,
				 o.writes, (long long)got.to);
		if (o.access && o.rn < 31 &&
		    (got.use != ARM64_ACCESS || got.rn != o.rn ||
		     (got.imm != o.imm && !(got.writes & X(o.rn)))))
			fail_msg("%s: use %d, rn %u, imm %lld", o.text, got.use, got.rn,
				 (long long)got.imm);
	}
	oracle_close();
	assert_true(known > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_what_they_are),
		cmocka_unit_test(pages_are_followed),
		cmocka_unit_test(a_disassembler_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
