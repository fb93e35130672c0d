/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: the judgement on one case.
 *
 * Confirms the kill (causes.md §0: tracepoint, group counters, kernel log by pid
 * and time; exit status 137 alone proves nothing), judges every cause, shares
 * the bytes out so that none is claimed twice, and ranks those judged YES by
 * share x confidence. Same case, same verdict.
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include "base/err.h"
#include "causes/cause.h"

enum oom_killer {
	KILLER_NONE,
	KILLER_KERNEL,
	KILLER_OOMD,
	KILLER_EARLYOOM,
	KILLER_KUBELET,
	KILLER_OTHER,
	KILLER_SELF,
	KILLER_UNKNOWN,
	KILLER_COUNT
};

struct oom { /* the confirmed facts of the kill */
	enum tri status;
	enum oom_kind kind;
	enum oom_killer killer;
	uint64_t limit, usage; /* UNKNOWN_U64, CASE_NO_LIMIT */
	const char *limit_source;
	const char *evidence[8]; /* the kernel's own lines, counters read; in the arena */
	unsigned n_evidence;
};

struct verdict {
	const struct whycase *c;
	struct oom oom;
	struct evidence_base base;	     /* pattern, ledger */
	struct finding findings[CAUSES_MAX]; /* order of causes.def */
	size_t n_findings;
	const struct finding *yes[CAUSES_MAX]; /* primary first */
	size_t n_yes;
	struct text headline; /* the first line of a report */
	int exit_status;      /* of diagnose: 0, 1 or 3 */
};

/*
 * -ENOMEM only, and then @ret is not to be used. It points into @c, @a and
 * itself: it must not be moved or copied.
 */
int verdict_make(const struct whycase *c, struct arena *a, struct verdict *ret, struct err *err)
	_must_use_;

/* The kernel log's report of this kill, or NULL: of a log alone the last one stands for it. */
const struct case_kill *verdict_kill(const struct verdict *v);

const char *oom_kind_name(enum oom_kind k);
const char *oom_killer_name(enum oom_killer k); /* NULL: not known */

#endif /* VERDICT_VERDICT_H */
