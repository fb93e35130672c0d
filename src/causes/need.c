/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/need.h"

#include <math.h>

#include "base/buf.h"

#define MIB 1048576.0

/* What the limit counts and the Go runtime does not govern. */
static double not_go(const struct evidence_base *e)
{
	const struct ledger_node *go = ledger_find(&e->ledger, "go");
	const struct case_snapshot *s = case_last_with_stats(e->c);
	uint64_t charge = case_charge_bytes(e->c);

	if (e->ledger.known && go)
		return fmax((double)e->ledger.total - (double)go->bytes, 0);
	if (s && known(s->stats->mapped_ready) && known(charge))
		return fmax((double)charge - (double)s->stats->mapped_ready, 0);
	return NAN;
}

static void settings(const struct whycase *c, struct need *n)
{
	const struct case_snapshot *s = case_last_with_stats(c);

	n->gogc = n->memory_limit = NAN;
	if (!s)
		return;
	if (s->stats->gogc != UNKNOWN_I64)
		n->gogc = s->stats->gogc < 0 ? INFINITY : (double)s->stats->gogc;
	if (s->stats->memory_limit == CASE_MEMORY_LIMIT_OFF)
		n->memory_limit = INFINITY;
	else if (s->stats->memory_limit != UNKNOWN_I64)
		n->memory_limit = (double)s->stats->memory_limit;
}

const char *need_of(const struct evidence_base *e, struct need *ret)
{
	const struct pattern *p = &e->pattern;
	uint64_t limit = case_limit_bytes(e->c);
	struct need n = { 0 };

	if (!known(limit))
		return "need.unknown.limit";
	if (!known(p->tight_need) || !known(p->last_floor) || !known(p->predicted_peak))
		return "need.unknown.live";
	n.limit = limit == CASE_NO_LIMIT ? INFINITY : (double)limit;
	n.tight = (double)p->tight_need;
	n.peak = p->predicted_peak == CASE_NO_LIMIT ? INFINITY : (double)p->predicted_peak;
	/* tight = non-heap + 1.25 live, floor = non-heap + live */
	n.live = 4 * (n.tight - (double)p->last_floor);
	n.non_heap = (double)p->last_floor - n.live;
	n.fits = n.tight <= NEED_LIMIT_SHARE * n.limit;
	n.not_go = not_go(e);
	settings(e->c, &n);
	*ret = n;
	return NULL;
}

bool need_floor_is_flat(const struct pattern *p)
{
	if (p->kind == PATTERN_PEAK)
		return p->floor.known && p->floor.flat; /* calm until the jump */
	return p->kind == PATTERN_PLATEAU || p->kind == PATTERN_SAWTOOTH;
}

static const char *mib(double v, struct arena *a)
{
	BUF(size, 64);
	const char *kept;

	buf_printf(&size, "%.0fMiB", v);
	kept = arena_str(a, buf_view(&size)).p;
	return kept ? kept : "?";
}

const char *need_size_up(double bytes, struct arena *a)
{
	double v = ceil(bytes / MIB), step = v <= 256 ? 16 : v <= 2048 ? 64 : 256;

	return mib(ceil(v / step) * step, a);
}

const char *need_size_down(double bytes, struct arena *a)
{
	double v = floor(bytes / MIB);

	return v >= 1 ? mib(v, a) : NULL;
}
