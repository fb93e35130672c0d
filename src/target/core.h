/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: the memory of a process that is no more, from an ELF core file.
 *
 * The kernel's, gcore's, and any that keeps to their form: PT_LOAD segments and
 * one PT_NOTE. What a segment holds less than its size was left out by whoever
 * wrote it; it is not zeros, except private anonymous memory of which nothing
 * was written, where the core does hold other such memory: the kernel leaves it
 * out because nobody ever touched it.
 *
 * Read-only ranges of files that were left out come from the binary: --exe, or
 * the file at the path that the core names, if its build id is the same. What
 * lies behind the end of a truncated core cannot be had.
 *
 * Sources: core(5), elf(5), Linux fs/coredump.c (vma_dump_size), fs/binfmt_elf.c.
 */
#ifndef TARGET_CORE_H
#define TARGET_CORE_H

#include <sys/types.h>

#include "base/str.h"
#include "target/mem.h"

struct core_options {
	const char *exe; /* NULL: where the core says it was */
};

struct core_thread {
	pid_t tid;
	int signal;	 /* that it was stopped by, 0 if none */
	uint64_t pc, sp; /* user registers */
	uint64_t g;	 /* R14 of amd64, R28 of arm64: Go's g while it runs Go code */
};

/* Valid as long as the mem. */
struct core_facts {
	uint16_t machine; /* EM_X86_64, EM_AARCH64 */
	pid_t pid;	  /* 0 if unknown */
	char comm[17];	  /* "" if unknown */
	char args[81];	  /* the command line, cut by the kernel at 80 */
	int signal;	  /* that it died of; 0: none (gcore) or unknown */
	const struct core_thread *threads;
	size_t n_threads;
	const char *exe;    /* as the core names it, "" if unknown */
	char build_id[160]; /* of the executable; "" if unknown */
	uint64_t file_bytes;
	uint64_t missing_bytes; /* so much lies behind the end of the file: it is truncated */
};

/* Whether the first bytes of a file are those of a core file. */
bool core_is(struct str head);

/*
 * *ret is released with mem_close(); its name is @path's last part. -EBADMSG
 * "NAME: …" with the offset: no core file, or truncated in its headers;
 * -ENOTSUP: of another machine; -EINVAL: @opt->exe is another binary than the
 * process's; else as open(2), -ENOMEM.
 */
int core_open(const char *path, const struct core_options *opt, struct mem **ret, struct err *err)
	_must_use_;

/* As core_open() for a file that is open already (a memfd, an unpacked capture); takes @fd. */
int core_open_fd(int fd, const char *name, const struct core_options *opt, struct mem **ret,
		 struct err *err) _must_use_;

/* NULL if @m is no core. */
const struct core_facts *core_facts_of(const struct mem *m);

/*
 * Whether read-only parts of the executable are neither in the core nor in a
 * binary at hand: the words for it, "… not in it: --exe FILE is needed (…)".
 */
bool core_wants_exe(const struct mem *m, struct err *ret);

#endif /* TARGET_CORE_H */
