/* SPDX-License-Identifier: Apache-2.0 */
/*
 * last_time: the newest moment that the runtime itself noted.
 *
 * For a process that is no more: "now" is then, as its own clock had it, not
 * when somebody reads its core file. sysmon notes each P's last scheduling
 * while there is any, collections and polls are noted at their end, so an age
 * against it is at most as long as the program had stood still too short.
 * Source: Go src/runtime/proc.go (retake, findRunnable), mgc.go (gcMarkTermination).
 */
#ifndef GORUNTIME_LAST_TIME_H
#define GORUNTIME_LAST_TIME_H

#include "goruntime/runtime.h"

/* CLOCK_MONOTONIC of the target's machine, ns; 0: nothing noted, or not to be read. */
int64_t go_last_time(const struct goruntime *rt, struct mem *m);

#endif /* GORUNTIME_LAST_TIME_H */
