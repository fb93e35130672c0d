/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict/verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "verdict/confirm.h"
#include "verdict/headline.h"

const char *oom_kind_name(enum oom_kind k)
{
	static const char *const names[OOM_KIND_COUNT] = {
		[OOM_UNKNOWN] = "unknown",	 [OOM_NONE] = "none",
		[OOM_MEMCG] = "memcg",		 [OOM_GLOBAL] = "global",
		[OOM_CPUSET] = "cpuset",	 [OOM_MEMPOLICY] = "mempolicy",
		[OOM_SYSRQ] = "sysrq",		 [OOM_NO_KILLABLE] = "no-killable",
		[OOM_GO_RUNTIME] = "go-runtime", [OOM_USERSPACE] = "userspace",
	};

	return (unsigned)k < OOM_KIND_COUNT ? names[k] : "unknown";
}

const char *oom_killer_name(enum oom_killer k)
{
	static const char *const names[KILLER_COUNT] = {
		[KILLER_NONE] = "none",		[KILLER_KERNEL] = "kernel",
		[KILLER_OOMD] = "systemd-oomd", [KILLER_EARLYOOM] = "earlyoom",
		[KILLER_KUBELET] = "kubelet",	[KILLER_OTHER] = "other",
		[KILLER_SELF] = "self",		[KILLER_UNKNOWN] = NULL,
	};

	return (unsigned)k < KILLER_COUNT ? names[k] : NULL;
}

const struct case_kill *verdict_kill(const struct verdict *v)
{
	return confirm_kill(v->c);
}

static int judge_all(struct verdict *v, struct arena *a)
{
	v->base.earlier = v->findings;
	for (const struct cause *const *c = all_causes; *c && v->n_findings < CAUSES_MAX; c++) {
		struct finding *f = &v->findings[v->n_findings];

		finding_init(f, *c);
		v->base.n_earlier = v->n_findings;
		(*c)->judge(&v->base, f, a);
		/* A text without a key: the arena was spent while it was written. */
		if (!(f->answer == ANSWER_YES ? f->summary.key : f->why.key))
			return -ENOMEM;
		v->n_findings++;
	}
	v->base.n_earlier = v->n_findings;
	return 0;
}

/*
 * No byte twice: judges leave out what earlier findings claim, and where their
 * estimates still sum to more than there is to explain the later ones get what is left.
 */
static void share_out(struct verdict *v)
{
	uint64_t whole = v->base.pattern.to_explain, left = whole;

	if (!known(whole) || whole == 0)
		return;
	for (size_t i = 0; i < v->n_findings; i++) {
		struct finding *f = &v->findings[i];

		if (f->answer != ANSWER_YES || !known(f->bytes))
			continue;
		if (f->bytes > left)
			f->bytes = left;
		left -= f->bytes;
		f->share = (double)f->bytes / (double)whole;
	}
}

/*
 * Share x confidence, which is bytes x confidence: the whole is the same for
 * all. A finding without bytes is about the kill itself (it was no OOM kill) and
 * comes first, for nothing else explains the death then.
 */
static double weight(const struct finding *f)
{
	return known(f->bytes) ? (double)f->bytes * f->confidence : 2e19 * f->confidence;
}

static int by_weight(const void *x, const void *y)
{
	const struct finding *f = *(const struct finding *const *)x;
	const struct finding *g = *(const struct finding *const *)y;
	double d = weight(g) - weight(f);

	if (d != 0)
		return d < 0 ? -1 : 1;
	return f < g ? -1 : f > g; /* order of causes.def */
}

static void rank(struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		if (v->findings[i].answer == ANSWER_YES)
			v->yes[v->n_yes++] = &v->findings[i];
	}
	qsort(v->yes, v->n_yes, sizeof(v->yes[0]), by_weight);
}

int verdict_make(const struct whycase *c, struct arena *a, struct verdict *ret, struct err *err)
{
	*ret = (struct verdict){ .c = c, .base = { .c = c } };
	confirm(c, &ret->oom);
	ret->base.killed_for_memory = confirm_for_memory(&ret->oom);
	pattern_of(c, &ret->base.pattern);
	ledger_of(c, a, &ret->base.ledger);
	if (judge_all(ret, a) < 0)
		return err_set(err, -ENOMEM, "no memory left for the verdict");
	share_out(ret);
	rank(ret);
	ret->headline = headline_of(ret, a);
	ret->exit_status = exit_status_of(ret);
	if (!ret->headline.key)
		return err_set(err, -ENOMEM, "no memory left for the verdict");
	return 0;
}
