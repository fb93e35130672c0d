/* SPDX-License-Identifier: Apache-2.0 */
#include "host/other_killers.h"
#include "host/kernlog_take.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

/* What a line says beside who killed. */
struct said {
	int pid;
	struct str comm, target;
};

static void until_quote(struct str s, struct str *ret)
{
	struct str in;

	if (str_take_until(&s, '"', &in))
		*ret = in;
}

/* "oomd attempting to kill 63 with KILL" (systemd, src/oom/oomd-util.c) */
static bool oomd_pid(struct str msg, struct said *said)
{
	return take_past(&msg, STR("attempting to kill ")) && take_pid(&msg, &said->pid);
}

/* "Killed /a.slice/b.service due to memory pressure for …" (src/oom/oomd-manager.c) */
static bool oomd_cgroup(struct str msg, struct said *said)
{
	ptrdiff_t end;

	if (!take_past(&msg, STR("Killed /")))
		return false;
	end = str_find(msg, STR(" due to memory "));
	if (end < 0)
		return false;
	said->target = (struct str){ msg.p - 1, (size_t)end + 1 };
	return true;
}

/* "b.service: systemd-oomd killed 2 process(es) in this unit." and pid 1's other words */
static bool unit(struct str msg, struct said *said)
{
	return str_take_until(&msg, ':', &said->target) && said->target.n &&
	       str_find(said->target, STR(" ")) < 0;
}

/* 'sending SIGTERM to process 696 uid 1001 "ipfs": badness 757, VmRSS 637 MiB' */
static bool earlyoom(struct str msg, struct said *said)
{
	if (!take_past(&msg, STR("sending SIG")) || !take_past(&msg, STR(" to process ")) ||
	    !take_pid(&msg, &said->pid))
		return false;
	if (take_past(&msg, STR(" \"")))
		until_quote(msg, &said->comm);
	return true;
}

/* "Killing process 'bash' with signal 15, pid: 123, …" (earlyoom before 1.2) */
static bool earlyoom_old(struct str msg, struct said *said)
{
	if (!take_past(&msg, STR("Killing process ")))
		return false;
	if (str_take_prefix(&msg, STR("'")) && !str_take_until(&msg, '\'', &said->comm))
		return false;
	return take_past(&msg, STR("pid: ")) && take_pid(&msg, &said->pid);
}

static bool anything(struct str msg, struct said *said)
{
	(void)msg;
	(void)said;
	return true;
}

/* 'pod="default/api-0"' of structured klog lines; "pod api-0_default(…)" of older ones */
static bool evicted(struct str msg, struct said *said)
{
	if (take_past(&msg, STR("pod=\"")))
		until_quote(msg, &said->target);
	return true;
}

/* '[talos] Sending SIGKILL to cgroup {… "cgroup": "/sys/fs/cgroup/…"}' */
static bool talos(struct str msg, struct said *said)
{
	if (take_past(&msg, STR("\"cgroup\": \"")))
		until_quote(msg, &said->target);
	return true;
}

struct rule {
	struct str ident; /* empty: whoever says it */
	struct str text;  /* must be in the message */
	const char *killer;
	bool (*read)(struct str msg, struct said *said);
	bool begins_eviction, in_eviction;
};

/* clang-format off */
static const struct rule rules[] = {
	{ STR_INIT("systemd-oomd"), STR_INIT("attempting to kill "), "systemd-oomd", oomd_pid, 0, 0 },
	{ STR_INIT("systemd-oomd"), STR_INIT(" due to memory "), "systemd-oomd", oomd_cgroup, 0, 0 },
	{ STR_INIT("systemd"), STR_INIT(": systemd-oomd killed "), "systemd-oomd", unit, 0, 0 },
	{ STR_INIT("systemd"), STR_INIT("has been killed by the OOM killer"), "kernel", unit, 0, 0 },
	{ STR_INIT("systemd"), STR_INIT("Failed with result 'oom-kill'"), "kernel", unit, 0, 0 },
	{ STR_INIT("earlyoom"), STR_INIT("sending SIG"), "earlyoom", earlyoom, 0, 0 },
	{ STR_INIT("earlyoom"), STR_INIT("Killing process "), "earlyoom", earlyoom_old, 0, 0 },
	{ STR_INIT(""), STR_INIT(" uid "), "earlyoom", earlyoom, 0, 0 },
	{ STR_INIT(""), STR_INIT("The node was low on resource: memory"), "kubelet", anything, 0, 0 },
	{ STR_INIT(""), STR_INIT("must evict pod(s) to reclaim"), NULL, anything, 1, 0 },
	{ STR_INIT(""), STR_INIT("is evicted successfully"), "kubelet", evicted, 0, 1 },
	{ STR_INIT(""), STR_INIT("[talos] Sending SIGKILL to cgroup "), "talos", talos, 0, 0 },
};
/* clang-format on */

void others_init(struct others *o)
{
	*o = (struct others){ 0 };
}

static struct kernlog_other **place_of(const struct others *o, uint64_t number)
{
	return &o->at[number % OTHERS_MAX];
}

void others_release(struct others *o)
{
	for (uint64_t n = o->begin; n < o->end; n++)
		free(*place_of(o, n));
	free(o->at);
	*o = (struct others){ 0 };
}

static char *put(char **to, struct str s)
{
	char *p = *to;

	if (!s.n)
		return NULL;
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	*to += s.n + 1;
	return p;
}

static struct kernlog_other *other_new(const struct logline *line, const char *killer,
				       const struct said *said)
{
	struct str text = { line->text.p, line->text.n < TEXT_MAX ? line->text.n : TEXT_MAX };
	struct str comm = { said->comm.p, said->comm.n < 64 ? said->comm.n : 64 };
	struct str target = { said->target.p,
			      said->target.n < TEXT_MAX ? said->target.n : TEXT_MAX };
	struct kernlog_other *e = malloc(sizeof(*e) + text.n + comm.n + target.n + 3);
	char *to = (char *)(e + 1);

	if (!e)
		return NULL;
	*e = (struct kernlog_other){
		.killer = killer,
		.wall_ns = line->wall_ns,
		.uptime_ns = line->uptime_ns,
		.zone_known = line->date.zone_known,
		.pid = said->pid,
		.line = line->number,
	};
	e->comm = put(&to, comm);
	e->target = put(&to, target);
	e->text = put(&to, text);
	return e;
}

static void keep(struct others *o, struct kernlog_other *e)
{
	if (e && !o->at)
		o->at = calloc(OTHERS_MAX, sizeof(struct kernlog_other *));
	if (!e || !o->at) {
		free(e);
		o->failed = -ENOMEM;
		return;
	}
	if (o->end - o->begin == OTHERS_MAX)
		free(*place_of(o, o->begin++));
	*place_of(o, o->end++) = e;
}

static bool evicts_for_memory(struct str msg)
{
	return str_find(msg, STR("reclaim memory")) >= 0 ||
	       str_find(msg, STR("resourceName=\"memory\"")) >= 0;
}

void others_line(struct others *o, const struct logline *line)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];
		struct said said = { 0 };

		if ((r->ident.n && !str_eq(r->ident, line->ident)) ||
		    str_find(line->msg, r->text) < 0 || !r->read(line->msg, &said))
			continue;
		if (r->begins_eviction)
			o->evicting = evicts_for_memory(line->msg);
		else if (!r->in_eviction || o->evicting)
			keep(o, other_new(line, r->killer, &said));
		return;
	}
}

/* A unit's word is needless where the kernel's kills, or oomd's of that unit, are in the log. */
static bool needless(const struct others *o, const struct kernlog_other *e, bool kernel_kills)
{
	if (strcmp(e->killer, "kernel") != 0)
		return false;
	if (kernel_kills)
		return true;
	for (uint64_t n = o->begin; n < o->end; n++) {
		const struct kernlog_other *x = *place_of(o, n);

		if (x && strcmp(x->killer, "systemd-oomd") == 0 && x->target && e->target &&
		    strcmp(x->target, e->target) == 0)
			return true;
	}
	return false;
}

void others_settle(struct others *o, bool kernel_kills_known)
{
	uint64_t to = o->begin;

	for (uint64_t n = o->begin; n < o->end; n++) {
		struct kernlog_other *e = *place_of(o, n);

		if (needless(o, e, kernel_kills_known)) {
			free(e);
			*place_of(o, n) = NULL;
			continue;
		}
		*place_of(o, n) = NULL;
		*place_of(o, to++) = e;
	}
	o->end = to;
}

size_t others_count(const struct others *o)
{
	return (size_t)(o->end - o->begin);
}

const struct kernlog_other *other_killers_at(const struct others *o, size_t i)
{
	return i < o->end - o->begin ? *place_of(o, o->begin + i) : NULL;
}
