/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: another address space behind one callback.
 *
 * A live process, a process held at its exit, a core file, a capture and a
 * test buffer are all a `struct mem`; whoever walks Go's structures cannot tell
 * them apart. The rules that keep the target from harm are kept here and
 * nowhere else:
 *
 * - A page that the target never touched is not read (a remote read would fault
 *   it in and charge it to the target). Private anonymous: it reads as the zeros
 *   that the target itself would see. Backed by a file: it is read from the file.
 *   Swapped out: not readable.
 * - No write, no signal, no stop.
 * - All content is untrusted: it may change between two reads and may lie.
 *
 * Not thread-safe: one thread uses a mem at a time.
 */
#ifndef TARGET_MEM_H
#define TARGET_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One range wanted. @ok is the answer: all of it was had (never a part). */
struct mem_piece {
	uint64_t addr;
	void *dst;
	size_t len;
	bool ok;
};

enum mem_prot { MEM_R = 1, MEM_W = 2, MEM_X = 4 };

/* A mapping, in address order. */
struct mem_region {
	uint64_t start, end;
	unsigned prot;	      /* enum mem_prot */
	bool exe;	      /* of the file that /proc/PID/exe names, or of --exe */
	bool anonymous;	      /* backed by no file (heap, stacks, bss tails, packed code) */
	uint64_t file_offset; /* where @start lies in its file, if it has one */
	char name[64]; /* as maps shows it ("[stack]", "[anon: Go: heap]", the file's last part) */
};

struct mem;

struct mem_ops {
	/*
	 * Fills the pieces and sets @ok of each. 0 when every piece was looked at (also where some
	 * are not ok); -ESRCH when the process is gone or is another one by now; -EPERM; -ETIME
	 * past the deadline; -EIO. On failure too a piece is @ok only when all of it was had.
	 */
	int (*read)(struct mem *m, struct mem_piece *v, size_t n, struct err *err);
	/* Re-reads the mappings. */
	int (*refresh)(struct mem *m, struct err *err);
	void (*close)(struct mem *m);
};

struct mem {
	const struct mem_ops *ops;
	const char *name; /* for messages: "PID 4242", "core.4242" */
	/*
	 * As of the open or the last mem_refresh(), which alone changes it: a read that meets a
	 * new mapping learns of it for itself, so a list being walked stays.
	 */
	const struct mem_region *regions; /* owned by the mem */
	size_t n_regions;
	bool still; /* of a core file: nothing changes, and this host's clock is not its own */
	int64_t deadline; /* CLOCK_MONOTONIC ns after which reads fail with -ETIME; 0: none */
	uint64_t bytes_read, calls; /* what it cost so far */
};

void mem_close(struct mem *m); /* NULL is fine */
#define _cleanup_mem_ _cleanup_(mem_closep)
void mem_closep(struct mem **m);

/*
 * As mem_ops.read. In any order, but sorted by address is faster. len 0 is ok
 * everywhere. Many pieces in one call cost a fraction of many calls.
 */
int mem_readv(struct mem *m, struct mem_piece *v, size_t n, struct err *err) _must_use_;

/* One range; -EFAULT "NAME: 0x… +N: cannot be read" when it was not had. */
int mem_read(struct mem *m, uint64_t addr, void *dst, size_t len, struct err *err) _must_use_;
int mem_u64(struct mem *m, uint64_t addr, uint64_t *ret, struct err *err) _must_use_;
int mem_u32(struct mem *m, uint64_t addr, uint32_t *ret, struct err *err) _must_use_;

/* 0, or -ETIME "NAME: out of time": for those who read, and between reads. */
int mem_in_time(const struct mem *m, struct err *err) _must_use_;

int mem_refresh(struct mem *m, struct err *err) _must_use_;

/* The mapping that holds @addr, or NULL. */
const struct mem_region *mem_region_at(const struct mem *m, uint64_t addr);

/* The same over any ascending list that does not overlap. */
const struct mem_region *mem_region_find(const struct mem_region *v, size_t n, uint64_t addr);

#endif /* TARGET_MEM_H */
