/* SPDX-License-Identifier: Apache-2.0 */
/* live_private: what the files live*.c share. */
#ifndef TARGET_LIVE_PRIVATE_H
#define TARGET_LIVE_PRIVATE_H

#include <sys/uio.h>

#include "target/live.h"

/* What stands behind a page that is not there. */
enum live_backing {
	LIVE_NONE,  /* nothing that may be read from outside */
	LIVE_ZEROS, /* private anonymous: the target would see zeros */
	LIVE_FILE,  /* private, of a file: the target would see the file */
};

/* The mappings as they were at @when. regions[i] and backing[i] tell of the same one. */
struct live_table {
	struct mem_region *regions;
	enum live_backing *backing;
	size_t n;
	int64_t when, cost; /* CLOCK_MONOTONIC ns; ns that reading it took */
};

struct live {
	struct mem mem;
	char name[32];
	pid_t pid, tid; /* @tid is given to process_vm_readv; the leader's unless by way of a thread
			 */
	uint64_t start_time, thread_start;
	size_t page_size;
	int proc;    /* /proc/PID, opened once: never another process */
	int task;    /* /proc/PID/task/TID, or -1: by way of the leader */
	int pagemap; /* stays with the memory: 0 entries once that is gone */
	int mem_fd;  /* /proc/PID/mem; -1 where refused */
	int exe;
	dev_t exe_dev;
	ino_t exe_ino;
	char *exe_path;		  /* as maps names it */
	struct live_table *shown; /* mem.regions: changed by mem_refresh() alone */
	struct live_table *table; /* the newest; may be the same */
	struct {
		uint64_t start, end;
		int fd; /* -1: may not be read */
	} file;		/* of the mapping that was last read from its file; end 0: none */
	bool held;
	uint64_t canary[2]; /* see live_hold.c; 0: none */
};

/* The directory that stands for the process now. */
static inline int live_dir(const struct live *l)
{
	return l->task >= 0 ? l->task : l->proc;
}

/* 0, or -ESRCH "PID N: ..." when the process is gone or is another one. */
int live_same(struct live *l, struct err *err) _must_use_;

/* Whether its memory is still there, by one word of pagemap: as live_same(), but cheap. */
int live_there(struct live *l, struct err *err) _must_use_;

/* For a failed open, read or parse of one of the process's files: -ESRCH if that explains it. */
int live_failed(struct live *l, int code, struct err *err) _must_use_;

/* live_table.c */
int live_table_read(struct live *l, struct live_table **ret, struct err *err) _must_use_;
void live_table_free(struct live_table *t);
/* Makes @table anew; @shown stays. */
int live_reread(struct live *l, struct err *err) _must_use_;
/* mem_ops.refresh */
int live_refresh(struct mem *m, struct err *err) _must_use_;

/* live_file.c: @len bytes at @addr of mapping @i of the table as its file has them. */
bool live_from_file(struct live *l, size_t i, uint64_t addr, void *dst, size_t len);
int live_exe_open(struct live *l, const char *path, struct err *err) _must_use_;
void live_file_forget(struct live *l);

/* live_read.c: mem_ops.read */
int live_read(struct mem *m, struct mem_piece *v, size_t n, struct err *err) _must_use_;

/*
 * process_vm_readv(). Returns how many bytes were had, in order; 0 also where
 * the first may not be read. -ESRCH, -EPERM, -EIO.
 */
ssize_t live_vm_read(struct live *l, const struct iovec *local, size_t n_local,
		     const struct iovec *remote, size_t n_remote, struct err *err) _must_use_;

/* live_hold.c: chooses the pages to watch. */
int live_watch(struct live *l, struct err *err) _must_use_;

/* 0 while nothing of the held memory was taken away; else -ESRCH. */
int live_intact(struct live *l, struct err *err) _must_use_;

#endif /* TARGET_LIVE_PRIVATE_H */
