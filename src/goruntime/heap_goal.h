/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_goal: the heap size at which the running or next collection aims to end.
 *
 * The runtime stores no goal, it computes one from GOGC's and GOMEMLIMIT's each
 * time it needs it (Go src/runtime/mgcpacer.go: heapGoalInternal,
 * memoryLimitHeapGoal). 1.19 and 1.20 keep 1 MiB of the limit back, 1.21 on 3 %
 * and at least 1 MiB.
 */
#ifndef GORUNTIME_HEAP_GOAL_H
#define GORUNTIME_HEAP_GOAL_H

#include "goruntime/counters.h"

/* In bytes; UINT64_MAX or nearly: no collection will be (GOGC=off and no limit). */
uint64_t go_heap_goal(const struct layout *lay, const struct go_counters *c);

#endif /* GORUNTIME_HEAP_GOAL_H */
