/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include "image/amd64.h"

struct row {
	const char *text, *bytes;
	uint8_t n; /* of @bytes; the instruction is all of them */
	bool rip, lea;
	int32_t disp;
};

/* clang-format off */
#define INSN(text, bytes) { text, bytes, sizeof(bytes) - 1, false, false, 0 }
#define RIP(text, bytes, disp) { text, bytes, sizeof(bytes) - 1, true, false, disp }
#define LEA(text, bytes, disp) { text, bytes, sizeof(bytes) - 1, true, true, disp }

static const struct row rows[] = {
	INSN("ret", "\xc3"),
	INSN("int3", "\xcc"),
	INSN("push %rbp", "\x55"),
	INSN("mov %rsp,%rbp", "\x48\x89\xe5"),
	INSN("cmp 0x10(%r14),%rsp", "\x49\x3b\x66\x10"),
	INSN("jbe rel8", "\x76\x20"),
	INSN("jbe rel32", "\x0f\x86\x20\x01\x00\x00"),
	INSN("call rel32", "\xe8\x00\x01\x00\x00"),
	INSN("mov $imm64,%rax", "\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"),
	INSN("mov $imm32,%eax", "\xb8\x01\x02\x03\x04"),
	INSN("mov $imm16,%ax", "\x66\xb8\x01\x02"),
	INSN("mov 0x8(%rsp),%rax", "\x48\x8b\x44\x24\x08"),
	INSN("mov 0x123(%rsp),%rax", "\x48\x8b\x84\x24\x23\x01\x00\x00"),
	INSN("mov (,%rcx,8),%rax", "\x48\x8b\x04\xcd\x00\x00\x00\x00"),
	INSN("mov %fs:0xfffffffffffffff8,%r14", "\x64\x4c\x8b\x34\x25\xf8\xff\xff\xff"),
	INSN("nopw 0x0(%rax,%rax,1)", "\x66\x0f\x1f\x44\x00\x00"),
	INSN("data16 cs nopw", "\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00"),
	INSN("lock xadd %rax,(%rcx)", "\xf0\x48\x0f\xc1\x01"),
	INSN("testb $1,(%rax)", "\xf6\x00\x01"),
	INSN("notb (%rax)", "\xf6\x10"),
	INSN("testl $imm32,(%rax)", "\xf7\x00\x01\x02\x03\x04"),
	INSN("testw $imm16,(%rax)", "\x66\xf7\x00\x01\x02"),
	INSN("neg %rax", "\x48\xf7\xd8"),
	INSN("movabs 0x…,%al", "\xa0\x01\x02\x03\x04\x05\x06\x07\x08"),
	INSN("addr32 mov 0x…,%al", "\x67\xa0\x01\x02\x03\x04"),
	INSN("enter $16,$1", "\xc8\x10\x00\x01"),
	INSN("shl $4,%rax", "\x48\xc1\xe0\x04"),
	INSN("imul $imm32,%rax,%rcx", "\x48\x69\xc8\x01\x02\x03\x04"),
	INSN("movups %xmm15,0x10(%rsp)", "\x44\x0f\x11\x7c\x24\x10"),
	INSN("pshufb %xmm1,%xmm0", "\x66\x0f\x38\x00\xc1"),
	INSN("pclmulqdq $0x11,%xmm1,%xmm0", "\x66\x0f\x3a\x44\xc1\x11"),
	INSN("vzeroupper", "\xc5\xf8\x77"),
	INSN("vmovdqu (%rsi),%ymm0", "\xc5\xfe\x6f\x06"),
	INSN("vpshufb %ymm1,%ymm0,%ymm2", "\xc4\xe2\x7d\x00\xd1"),
	INSN("vpalignr $8,%ymm1,%ymm0,%ymm2", "\xc4\xe3\x7d\x0f\xd1\x08"),
	INSN("vpshufd $0x4e,%ymm1,%ymm0", "\xc5\xfd\x70\xc1\x4e"),
	INSN("vmovdqu64 0x40(%rsi),%zmm0", "\x62\xf1\xfe\x48\x6f\x46\x01"),
	INSN("vpternlogd $0x96,%zmm2,%zmm1,%zmm0", "\x62\xf3\x75\x48\x25\xc2\x96"),
	RIP("mov 0x100(%rip),%rax", "\x48\x8b\x05\x00\x01\x00\x00", 0x100),
	RIP("mov -0x100(%rip),%rax", "\x48\x8b\x05\x00\xff\xff\xff", -0x100),
	RIP("cmpl $0,0x10(%rip)", "\x83\x3d\x10\x00\x00\x00\x00", 0x10),
	RIP("movl $imm32,0x10(%rip)", "\xc7\x05\x10\x00\x00\x00\x01\x02\x03\x04", 0x10),
	RIP("movw $imm16,0x10(%rip)", "\x66\xc7\x05\x10\x00\x00\x00\x01\x02", 0x10),
	RIP("testb $1,0x10(%rip)", "\xf6\x05\x10\x00\x00\x00\x01", 0x10),
	RIP("lock incl 0x10(%rip)", "\xf0\xff\x05\x10\x00\x00\x00", 0x10),
	RIP("jmp *0x10(%rip)", "\xff\x25\x10\x00\x00\x00", 0x10),
	RIP("movsd 0x10(%rip),%xmm0", "\xf2\x0f\x10\x05\x10\x00\x00\x00", 0x10),
	RIP("vmovdqu 0x10(%rip),%ymm0", "\xc5\xfe\x6f\x05\x10\x00\x00\x00", 0x10),
	RIP("vpshufb 0x10(%rip),%ymm0,%ymm2", "\xc4\xe2\x7d\x00\x15\x10\x00\x00\x00", 0x10),
	RIP("vmovdqu64 0x10(%rip),%zmm0", "\x62\xf1\xfe\x48\x6f\x05\x10\x00\x00\x00", 0x10),
	LEA("lea 0x10(%rip),%rax", "\x48\x8d\x05\x10\x00\x00\x00", 0x10),
	LEA("lea 0x10(%rip),%r9", "\x4c\x8d\x0d\x10\x00\x00\x00", 0x10),
	INSN("lea 0x10(%rax),%rax", "\x48\x8d\x40\x10"),
};

static const struct row invalid[] = {
	INSN("push %es", "\x06"),
	INSN("daa", "\x27"),
	INSN("pusha", "\x60"),
	INSN("82 group", "\x82\xc0\x01"),
	INSN("far call", "\x9a\x01\x02\x03\x04\x05\x06"),
	INSN("aam", "\xd4\x0a"),
	INSN("0f 04", "\x0f\x04"),
	INSN("VEX map 7", "\xc4\xe7\x7d\x00\xd1"),
	INSN("VEX behind 66", "\x66\xc5\xfe\x6f\x06"),
	INSN("EVEX map 4", "\x62\xf4\xfe\x48\x6f\x06"),
	INSN("prefixes only", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
};
/* clang-format on */

static void instructions_are_as_long_as_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct amd64_insn got = { .len = 99 };
		uint8_t bytes[32];

		memset(bytes, 0x90, sizeof(bytes));
		memcpy(bytes, r->bytes, r->n);
		if (!amd64_decode(bytes, sizeof(bytes), &got))
			fail_msg("%s: not decoded", r->text);
		if (got.len != r->n || got.rip != r->rip || got.lea != r->lea ||
		    (r->rip && got.disp != r->disp))
			fail_msg("%s: length %u, rip %d %#x, lea %d", r->text, got.len, got.rip,
				 (unsigned)got.disp, got.lea);
		got.len = 99;
		for (size_t n = 0; n < r->n; n++) /* cut short */
			if (amd64_decode(bytes, n, &got) || got.len != 99)
				fail_msg("%s: decoded from %zu bytes", r->text, n);
	}
}

static void what_is_no_instruction_is_said_to_be_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(invalid); i++) {
		struct amd64_insn got = { .len = 99 };

		if (amd64_decode((const uint8_t *)invalid[i].bytes, invalid[i].n, &got))
			fail_msg("%s: decoded, length %u", invalid[i].text, got.len);
		assert_int_equal(got.len, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_as_long_as_they_are),
		cmocka_unit_test(what_is_no_instruction_is_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
