/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader PROGRAM [ARG…]: what a packed program's stub does: the segments of a
 * static executable are put into anonymous memory at their addresses, no file
 * behind any page, and it is started. /proc/PID/exe is this loader.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static void die(const char *what)
{
	perror(what);
	exit(127);
}

static int prot_of(const Elf64_Phdr *p)
{
	return ((p->p_flags & PF_R) ? PROT_READ : 0) | ((p->p_flags & PF_W) ? PROT_WRITE : 0) |
	       ((p->p_flags & PF_X) ? PROT_EXEC : 0);
}

static void load(int fd, const Elf64_Phdr *p)
{
	uintptr_t from = p->p_vaddr & ~(PAGE - 1);
	uintptr_t to = (p->p_vaddr + p->p_memsz + PAGE - 1) & ~(PAGE - 1);
	void *at = mmap((void *)from, to - from, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	if (pread(fd, (void *)p->p_vaddr, p->p_filesz, (off_t)p->p_offset) != (ssize_t)p->p_filesz)
		die("pread");
	if (mprotect(at, to - from, prot_of(p)) < 0)
		die("mprotect");
}

static void tell_program(Elf64_auxv_t *aux, const Elf64_Ehdr *eh, uintptr_t headers)
{
	for (; aux->a_type != AT_NULL; aux++) {
		if (aux->a_type == AT_PHDR)
			aux->a_un.a_val = headers;
		if (aux->a_type == AT_PHNUM)
			aux->a_un.a_val = eh->e_phnum;
		if (aux->a_type == AT_ENTRY)
			aux->a_un.a_val = eh->e_entry;
	}
}

/*
 * The kernel's block: argc, arguments, NULL, environment, NULL, auxiliary
 * vector. The loader's own name is taken out, the rest moves up; argc stays in
 * its place, for the stack pointer's alignment.
 */
static uintptr_t *drop_first(char **argv, char **envp, const Elf64_Ehdr *eh, uintptr_t headers)
{
	Elf64_auxv_t *aux;

	while (*envp)
		envp++;
	aux = (Elf64_auxv_t *)(envp + 1);
	tell_program(aux, eh, headers);
	while (aux->a_type != AT_NULL)
		aux++;
	memmove(argv, argv + 1, (size_t)((char *)(aux + 1) - (char *)(argv + 1)));
	argv[-1] = (char *)((uintptr_t)argv[-1] - 1);
	return (uintptr_t *)(argv - 1);
}

int main(int argc, char **argv, char **envp)
{
	static char file[PAGE] __attribute__((aligned(16)));
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *p;
	uintptr_t headers = 0, *sp;

	if (fd < 0 || pread(fd, file, sizeof(file), 0) < (ssize_t)sizeof(*eh))
		die("program");
	p = (const Elf64_Phdr *)(file + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD || !p[i].p_memsz)
			continue;
		if (!headers)
			headers = p[i].p_vaddr + eh->e_phoff;
		load(fd, &p[i]);
	}
	close(fd);
	sp = drop_first(argv, envp, eh, headers);
#if defined(__x86_64__)
	__asm__ volatile("mov %0, %%rsp; xor %%edx, %%edx; jmp *%1" : : "r"(sp), "r"(eh->e_entry));
#elif defined(__aarch64__)
	__asm__ volatile("mov sp, %0; mov x0, #0; br %1" : : "r"(sp), "r"(eh->e_entry));
#endif
	__builtin_unreachable();
}
