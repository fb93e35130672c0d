/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict/headline.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "verdict/confirm.h"

/* What became of the process, as far as the first words go. */
enum fate {
	FATE_KILLED_BY_KERNEL,
	FATE_KILLED_BY_OTHER,
	FATE_KILLED_BY_ADMINISTRATOR,
	FATE_RUNTIME_DIED,
	FATE_KILL_NOT_CONFIRMED,
	FATE_ALIVE,
	FATE_NOT_FOR_MEMORY, /* ended by itself, or by a signal that was not for memory */
	FATE_NOT_SEEN,
	FATE_COUNT
};

static enum fate fate_of(const struct verdict *v)
{
	const struct case_end *end = &v->c->end;

	if (v->oom.kind == OOM_GO_RUNTIME)
		return FATE_RUNTIME_DIED;
	if (v->oom.status == TRI_YES) {
		if (v->oom.kind == OOM_SYSRQ)
			return FATE_KILLED_BY_ADMINISTRATOR;
		return v->oom.killer == KILLER_KERNEL ? FATE_KILLED_BY_KERNEL
						      : FATE_KILLED_BY_OTHER;
	}
	if (end->alive)
		return FATE_ALIVE;
	if (v->oom.status == TRI_NO)
		return FATE_NOT_FOR_MEMORY;
	return confirm_sigkill(end) ? FATE_KILL_NOT_CONFIRMED : FATE_NOT_SEEN;
}

static const struct finding *primary(const struct verdict *v)
{
	return v->n_yes ? v->yes[0] : NULL;
}

static bool only_not_oom(const struct verdict *v)
{
	return v->n_yes == 1 && strcmp(v->yes[0]->cause->id, "not-oom") == 0;
}

/* How long was looked at, in seconds; NAN if there is no record. */
static double record_seconds(const struct whycase *c)
{
	int64_t length;

	if (c->n_samples < 2 ||
	    __builtin_sub_overflow(c->samples[c->n_samples - 1].t, c->samples[0].t, &length))
		return NAN;
	return (double)length / (double)NS_PER_S;
}

static bool has_limit(const struct verdict *v)
{
	return known(v->oom.limit) && v->oom.limit != CASE_NO_LIMIT;
}

/*
 * A live process without a cause: was enough seen to say that nothing is wrong? That what
 * the limit counts is flat is not enough: of a process that has no group of its own it is
 * the whole host, beside which a leak is small.
 */
static bool looked_enough(const struct verdict *v)
{
	const struct pattern *p = &v->base.pattern;

	return p->kind == PATTERN_PLATEAU || p->kind == PATTERN_SAWTOOTH;
}

static bool of_core(const struct whycase *c)
{
	return c->run.mode && strcmp(c->run.mode, "core") == 0;
}

static struct text alive(const struct verdict *v, struct arena *a)
{
	const struct pattern *p = &v->base.pattern;
	double seconds = record_seconds(v->c);

	if (primary(v) && isfinite(p->seconds_to_limit))
		return text_new(a, "headline.alive.cause.forecast",
				ARG_STR("cause", primary(v)->cause->title),
				ARG_SECONDS("seconds", p->seconds_to_limit), ARG_END);
	if (primary(v))
		return text_new(a, "headline.alive.cause",
				ARG_STR("cause", primary(v)->cause->title), ARG_END);
	if (looked_enough(v) && has_limit(v) && known(v->oom.usage))
		return text_new(a, "headline.alive.healthy", ARG_SECONDS("seconds", seconds),
				ARG_BYTES("usage", v->oom.usage), ARG_BYTES("limit", v->oom.limit),
				ARG_END);
	if (looked_enough(v))
		return text_new(a, "headline.alive.healthy.no-limit",
				ARG_SECONDS("seconds", seconds), ARG_END);
	if (of_core(v->c))
		return text_new(a, "headline.core.moment", ARG_END);
	if (p->more_cycles)
		return text_new(a, "headline.alive.unclear.cycles", ARG_SECONDS("seconds", seconds),
				ARG_COUNT("cycles", p->more_cycles), ARG_END);
	return text_new(a, "headline.alive.unclear", ARG_SECONDS("seconds", seconds), ARG_END);
}

static struct text not_for_memory(const struct verdict *v, struct arena *a)
{
	const struct case_end *end = &v->c->end;

	if (primary(v) && !only_not_oom(v))
		return text_new(a, "headline.ended.cause",
				ARG_STR("cause", primary(v)->cause->title), ARG_END);
	if (confirm_sigkill(end))
		return text_new(a, "headline.not-oom", ARG_END);
	if (end->signal > 0)
		return text_new(a, "headline.ended.signal", ARG_INT("signal", end->signal),
				ARG_END);
	return text_new(a, "headline.ended.status", ARG_INT("status", end->exit_status), ARG_END);
}

/* A kill whose cause is not known: who, what limit, and how much is missing to know. */
static struct text without_cause(const struct verdict *v, enum fate fate, struct arena *a)
{
	const struct case_kill *k = verdict_kill(v);
	const char *comm = k && k->comm ? k->comm : v->c->subject.comm;
	int pid = k && k->pid ? k->pid : v->c->subject.pid;

	if (fate == FATE_KILLED_BY_OTHER)
		return text_new(a, "headline.killed.other.unknown", ARG_STR("comm", comm),
				ARG_INT("pid", pid),
				ARG_STR("killer", oom_killer_name(v->oom.killer)), ARG_END);
	if (v->oom.kind == OOM_GLOBAL)
		return text_new(a, "headline.killed.host.unknown", ARG_STR("comm", comm),
				ARG_INT("pid", pid), ARG_END);
	if (!has_limit(v))
		return text_new(a, "headline.killed.unknown", ARG_STR("comm", comm),
				ARG_INT("pid", pid), ARG_END);
	return text_new(a, "headline.killed.limit.unknown", ARG_STR("comm", comm),
			ARG_INT("pid", pid), ARG_BYTES("limit", v->oom.limit), ARG_END);
}

static struct text killed(const struct verdict *v, enum fate fate, struct arena *a)
{
	const char *cause;

	if (!primary(v))
		return without_cause(v, fate, a);
	cause = primary(v)->cause->title;
	if (fate == FATE_KILLED_BY_OTHER)
		return text_new(a, "headline.killed.other", ARG_STR("cause", cause),
				ARG_STR("killer", oom_killer_name(v->oom.killer)), ARG_END);
	return text_new(a, "headline.killed", ARG_STR("cause", cause), ARG_END);
}

static struct text runtime_died(const struct verdict *v, struct arena *a)
{
	if (primary(v))
		return text_new(a, "headline.runtime.cause",
				ARG_STR("cause", primary(v)->cause->title), ARG_END);
	return text_new(a, "headline.runtime", ARG_STR("words", v->c->end.go_fatal), ARG_END);
}

static struct text not_confirmed(const struct verdict *v, struct arena *a)
{
	if (primary(v))
		return text_new(a, "headline.unconfirmed.cause",
				ARG_STR("cause", primary(v)->cause->title), ARG_END);
	return text_new(a, "headline.unconfirmed", ARG_END);
}

struct text headline_of(const struct verdict *v, struct arena *a)
{
	enum fate fate = fate_of(v);

	switch (fate) {
	case FATE_ALIVE:
		return alive(v, a);
	case FATE_NOT_FOR_MEMORY:
		return not_for_memory(v, a);
	case FATE_RUNTIME_DIED:
		return runtime_died(v, a);
	case FATE_KILLED_BY_ADMINISTRATOR:
		return text_new(a, "headline.sysrq", ARG_END);
	case FATE_KILL_NOT_CONFIRMED:
		return not_confirmed(v, a);
	case FATE_KILLED_BY_KERNEL:
	case FATE_KILLED_BY_OTHER:
		return killed(v, fate, a);
	case FATE_NOT_SEEN:
	case FATE_COUNT:
		break;
	}
	if (!primary(v) && of_core(v->c) && v->c->end.signal > 0)
		return text_new(a, "headline.core.signal", ARG_INT("signal", v->c->end.signal),
				ARG_END);
	return text_new(a, primary(v) ? "headline.not-seen.cause" : "headline.not-seen",
			ARG_STR("cause", primary(v) ? primary(v)->cause->title : "?"), ARG_END);
}

int exit_status_of(const struct verdict *v)
{
	enum fate fate = fate_of(v);

	if (primary(v) && !only_not_oom(v))
		return 1;
	if (fate == FATE_ALIVE)
		return looked_enough(v) ? 0 : 3;
	if (fate == FATE_NOT_FOR_MEMORY || fate == FATE_KILLED_BY_ADMINISTRATOR)
		return 0;
	return 3;
}
