/* SPDX-License-Identifier: Apache-2.0 */
#include "packed.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STACK_SIZE (1U << 20)
#define PAGE UINT64_C(4096)

static int prot_of(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

static void *at_address(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static int load_segment(const uint8_t *file, const Elf64_Phdr *p)
{
	uint64_t from = p->p_vaddr & ~(PAGE - 1);
	size_t len = (size_t)(p->p_vaddr + p->p_memsz - from);

	if (mmap(at_address(from), len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return -1;
	memcpy(at_address(p->p_vaddr), file + p->p_offset, p->p_filesz);
	return mprotect(at_address(from), len, prot_of(p->p_flags));
}

/* As the kernel leaves it: argc, argv, environment, auxiliary vector. */
static uint64_t *fill_stack(uint8_t *stack)
{
	static const uint64_t kept[] = { AT_PAGESZ, AT_HWCAP, AT_CLKTCK, AT_SYSINFO_EHDR,
					 AT_RANDOM };
	static char name[] = "packed";
	uint64_t *sp = (uint64_t *)(void *)(stack + STACK_SIZE - 4096), *p = sp;

	*p++ = 1;
	*p++ = (uint64_t)(uintptr_t)name;
	*p++ = 0;
	*p++ = 0;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		*p++ = kept[i];
		*p++ = getauxval(kept[i]);
	}
	*p++ = AT_NULL;
	*p = 0;
	return sp;
}

static const uint8_t *map_file(const char *exe)
{
	int fd = open(exe, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void packed_become(const char *exe)
{
	uint8_t *stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint8_t *file = map_file(exe);
	Elf64_Phdr p;
	Elf64_Ehdr e;

	if (!file || stack == MAP_FAILED)
		return;
	memcpy(&e, file, sizeof(e));
	for (unsigned i = 0; i < e.e_phnum; i++) {
		memcpy(&p, file + e.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_LOAD && load_segment(file, &p) < 0)
			return;
	}
	__asm__ volatile("mov %0, %%rsp\n\txor %%edx, %%edx\n\tjmp *%1"
			 :
			 : "r"(fill_stack(stack)), "r"(e.e_entry)
			 : "memory");
	__builtin_unreachable();
}
