/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: a case put together by hand, and one cause judged on it.
 *
 * The pattern and the ledger are set by the test, not worked out: what a judge
 * does with them is tested here, what they are is tests/unit/case's business.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "t.h"

#include "base/clock.h"
#include "causes/cause.h"
#include "report/report.h"

#define MIB (UINT64_C(1) << 20)
#define KIB (UINT64_C(1) << 10)
#define S(n) ((int64_t)(n)*NS_PER_S)

struct world {
	struct arena arena;
	struct whycase c;
	struct evidence_base e;
	struct finding earlier[CAUSES_MAX];
	struct finding f;
	char words[4096];
};

/* Killed by the kernel at a group limit of @limit bytes; nothing else is known. */
void world_begin(struct world *w, uint64_t limit);
void world_end(struct world *w);

#define WORLD(name, limit)                      \
	_cleanup_(world_end) struct world name; \
	world_begin(&name, (limit))

/* The pattern: kind, and what is to be explained. */
void world_pattern(struct world *w, enum pattern_kind kind, uint64_t to_explain);

/* One sample each second for @seconds, all unknown but the time; then set members as needed. */
void world_samples(struct world *w, int seconds);

/* @n cycles over @seconds, the live heap going from @first to @last. */
void world_cycles(struct world *w, size_t n, int seconds, uint64_t first, uint64_t last);

struct case_snapshot *world_snapshot(struct world *w, int64_t t, enum snapshot_why why);
struct case_gostats *world_stats(struct world *w, struct case_snapshot *s);
struct case_resident *world_resident(struct world *w, struct case_snapshot *s);

const struct case_frame *world_frame(struct world *w, const char *function, const char *file,
				     uint32_t line);
/* Frames, leaf first, NULL at the end. */
struct case_stack world_stack(struct world *w, ...);

/* @count goroutines in @state; the oldest waits since @wait_max ns. */
struct case_goroutines *world_group(struct world *w, struct case_snapshot *s, uint64_t count,
				    const char *state, int64_t wait_max, struct case_stack stack,
				    const struct case_frame *created_by);

/* In use and published alike; allocated as much. */
struct case_site *world_site(struct world *w, struct case_snapshot *s, struct case_stack stack,
			     int64_t objects, int64_t bytes);

/*
 * A leak of which nothing else is known: the floor rose from 20 to 120 MiB in 60 s,
 * killed at 256; the snapshot at the kill has no heap profile.
 */
struct case_snapshot *world_leak(struct world *w);

/* An object graph in which all is typed; then holders and pinned arrays by hand. */
struct case_objects *world_objects(struct world *w, struct case_snapshot *s, uint64_t reached);
struct case_holder *world_holder(struct case_objects *o, enum holder_kind kind, const char *name,
				 const char *path, uint64_t retained, uint64_t elements);
struct case_pinned *world_pinned(struct case_objects *o, const char *holder, uint64_t count,
				 uint64_t visible, uint64_t pinned);

/* The finding of an earlier cause. */
void world_earlier(struct world *w, const char *id, enum answer answer, uint64_t bytes,
		   uint64_t heap_bytes);

/* Judge; the answer. The finding is in @w->f. */
enum answer world_judge(struct world *w, const char *id);

/* The words of a text, good until the next call. */
const char *world_says(struct world *w, struct text t);

#define assert_says_text(w, text, part)                                        \
	do {                                                                   \
		const char *said_ = world_says((w), (text));                   \
		if (!strstr(said_, (part)))                                    \
			fail_msg("\"%s\" does not say \"%s\"", said_, (part)); \
	} while (0)

#endif /* TESTS_WORLD_H */
