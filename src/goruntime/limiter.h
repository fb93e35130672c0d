/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limiter: runtime.gcCPULimiter, proved or given up.
 *
 * Its witnesses use one member, by way of a method that is usually inlined: in a
 * build without inlining they name the struct itself. What it says of itself
 * tells which: its bucket holds one second of CPU for each P (Go
 * src/runtime/mgclimit.go: capacityPerProc).
 */
#ifndef GORUNTIME_LIMITER_H
#define GORUNTIME_LIMITER_H

#include "goruntime/runtime.h"

/*
 * Sets rt->at.gc_cpu_limiter to the place that is one, or to 0. Errors as
 * mem_readv(); memory that is not there is none.
 */
int go_limiter_settle(struct goruntime *rt, struct mem *m, struct err *err) _must_use_;

#endif /* GORUNTIME_LIMITER_H */
