/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_limits: /proc/PID/limits, what the process may have at most.
 *
 *	Max open files            1024                 524288               files
 */
#ifndef HOST_PROC_LIMITS_H
#define HOST_PROC_LIMITS_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "host/unknown.h"

enum proc_limit {
	PROC_LIMIT_AS,	    /* bytes of address space */
	PROC_LIMIT_DATA,    /* bytes */
	PROC_LIMIT_STACK,   /* bytes, of the main thread */
	PROC_LIMIT_RSS,	    /* bytes; without effect since 2.4.30 */
	PROC_LIMIT_MEMLOCK, /* bytes */
	PROC_LIMIT_CORE,    /* bytes */
	PROC_LIMIT_NOFILE,  /* descriptors */
	PROC_LIMIT_NPROC,   /* processes and threads of the user */
	PROC_LIMIT_COUNT,
};

struct proc_limits {
	struct {
		uint64_t soft, hard; /* HOST_UNKNOWN, HOST_NO_LIMIT ("unlimited") */
	} of[PROC_LIMIT_COUNT];
};

int proc_limits_parse(struct str text, struct proc_limits *ret, struct err *err) _must_use_;
int proc_limits_read(int procfd, struct proc_limits *ret, struct err *err) _must_use_;

#endif /* HOST_PROC_LIMITS_H */
