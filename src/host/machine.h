/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine: what the host has: memory, processors, kernel, boot time.
 *
 * @rootfd is the machine's root folder (of this one: "/").
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "host/unknown.h"

struct meminfo { /* bytes; /proc/meminfo */
	uint64_t total, free, available, buffers, cached, swap_total, swap_free;
	uint64_t anon_pages, shmem, slab, slab_reclaimable, kernel_stack, page_tables;
	uint64_t dirty, writeback, commit_limit, committed, huge_pages, anon_huge_pages;
};

struct machine {
	char kernel[66];      /* release, "6.1.0-18-amd64"; "" unknown */
	uint64_t page_size;   /* bytes */
	uint64_t ticks_per_s; /* of start times in /proc/PID/stat */
	uint64_t n_cpus;      /* online */
	uint64_t boot_time_s; /* since 1970, UTC, whole seconds; as the clock is set now */
	struct meminfo mem;
};

int meminfo_parse(struct str text, struct meminfo *ret, struct err *err) _must_use_;
int meminfo_read(int rootfd, struct meminfo *ret, struct err *err) _must_use_;

/* 0 also where some of it is HOST_UNKNOWN; an error only when nothing could be read. */
int machine_read(int rootfd, struct machine *ret, struct err *err) _must_use_;

/* A process's start on the wall clock, ns since 1970; INT64_MIN unknown. Exact to a second. */
int64_t machine_start_wall_ns(const struct machine *m, uint64_t start_ticks);

#endif /* HOST_MACHINE_H */
