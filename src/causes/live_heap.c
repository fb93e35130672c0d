/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/live_heap.h"

#include <math.h>

static double bytes(uint64_t v)
{
	return known(v) ? (double)v : NAN;
}

static double median_of_three(double x, double y, double z)
{
	return fmax(fmin(x, y), fmin(fmax(x, y), z));
}

/* fmin and fmax pass over what is not known. */
static double first_marked(const struct whycase *c)
{
	if (c->n_cycles < 3)
		return bytes(c->cycles[0].heap_marked);
	return median_of_three(bytes(c->cycles[0].heap_marked), bytes(c->cycles[1].heap_marked),
			       bytes(c->cycles[2].heap_marked));
}

/* All that was ever allocated at time @t, from the next sample; NAN. */
static double allocated_at(const struct whycase *c, int64_t t)
{
	for (size_t i = 0; i < c->n_samples; i++) {
		if (c->samples[i].t >= t && known(c->samples[i].total_alloc))
			return (double)c->samples[i].total_alloc;
	}
	return NAN;
}

static double kept(const struct whycase *c, double grown)
{
	double from = allocated_at(c, c->cycles[0].t);
	double to = allocated_at(c, c->cycles[c->n_cycles - 1].t);

	return to > from ? fmin(fmax(grown, 0) / (to - from), 1) : 1;
}

/* Allocated since the last mark, at the very end. */
static double pending(const struct whycase *c)
{
	const struct case_snapshot *s = case_last_with_stats(c);
	const struct case_sample *m = c->n_samples ? &c->samples[c->n_samples - 1] : NULL;
	double v = NAN;

	if (m)
		v = bytes(m->heap_live) - bytes(m->heap_marked);
	if (s && (!m || s->t >= m->t) && known(s->stats->heap_live))
		v = bytes(s->stats->heap_live) - bytes(s->stats->heap_marked);
	return v > 0 ? v : 0;
}

struct live_heap live_heap_of(const struct whycase *c, bool whole)
{
	struct live_heap h = { 0 };

	if (c->n_cycles == 0)
		return h;
	h.first = whole ? 0 : first_marked(c);
	h.last = bytes(c->cycles[c->n_cycles - 1].heap_marked);
	h.known = isfinite(h.first) && isfinite(h.last);
	h.kept = kept(c, h.last - first_marked(c));
	h.pending = pending(c);
	h.growth = fmax(h.last - h.first + h.kept * h.pending, 0);
	return h;
}
