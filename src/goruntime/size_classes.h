/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size_classes: bytes of a slot in each of the allocator's size classes.
 *
 * The same 68 numbers in 1.18 to 1.27 (Go src/runtime/sizeclasses.go, from 1.25
 * src/internal/runtime/gc/sizeclasses.go); class 0 is a large object. They are
 * not taken on trust: attach refuses a process whose spans say otherwise.
 */
#ifndef GORUNTIME_SIZE_CLASSES_H
#define GORUNTIME_SIZE_CLASSES_H

#include <stdint.h>

#define GO_SIZE_CLASSES 68
#define GO_PAGE_SIZE 8192u

extern const uint16_t go_class_to_size[GO_SIZE_CLASSES];

#endif /* GORUNTIME_SIZE_CLASSES_H */
