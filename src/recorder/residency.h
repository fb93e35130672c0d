/* SPDX-License-Identifier: Apache-2.0 */
/*
 * residency: whose each resident page of a Go process is.
 *
 * Walks the mappings with their pagemap, never touching a page: the heap's
 * arenas (split by the spans into heap, stacks and free), the runtime's other
 * mappings, the binary's data, thread stacks, and what is left: native memory.
 *
 * The runtime's own mappings are told apart by name where the kernel keeps one
 * (Go >= 1.25 and CONFIG_ANON_VMA_NAME), by elimination in a program without
 * cgo, else by the runtime's sums (then go_meta_exact is false).
 */
#ifndef RECORDER_RESIDENCY_H
#define RECORDER_RESIDENCY_H

#include "case/case.h"
#include "goruntime/spans.h"
#include "recorder/subject.h"

/*
 * @stats may be NULL: then the runtime's unnamed mappings count as native.
 * Also fills @spans (it walks them once for both). On failure *ret holds what was
 * had before it, and @spans whether it was read is told by @ret_have_spans.
 */
int residency_read(struct subject *s, const struct gostats *stats, size_t max_large,
		   struct arena *a, struct gospans *spans, bool *ret_have_spans,
		   struct case_resident *ret, struct err *err) _must_use_;

#endif /* RECORDER_RESIDENCY_H */
