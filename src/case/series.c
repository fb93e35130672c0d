/* SPDX-License-Identifier: Apache-2.0 */
#include "case/series.h"

#include <math.h>

#include "base/clock.h"

/* A sample this far from a GC cycle no longer says what the cycle's moment was like. */
#define NEAR_NS (30 * NS_PER_S)

static double bytes(uint64_t v)
{
	return known(v) && v != CASE_NO_LIMIT ? (double)v : (double)NAN;
}

static bool nearly_all(size_t n, size_t of)
{
	return n > 0 && n >= of - of / 10;
}

struct demand demand_of_record(const struct whycase *c)
{
	size_t charge = 0, file = 0, anon = 0, shmem = 0, others = 0;
	struct demand d = { .basis = DEMAND_NONE };

	for (size_t i = 0; i < c->n_samples; i++) {
		const struct case_sample *s = &c->samples[i];

		charge += known(s->charge);
		file += known(s->charge) && known(s->charge_file);
		anon += known(s->rss_anon);
		shmem += known(s->rss_anon) && known(s->rss_shmem);
		others += known(s->rss_anon) && known(s->others_anon);
	}
	d.with_shmem = nearly_all(shmem, anon);
	d.with_others = nearly_all(others, anon);
	if (nearly_all(file, c->n_samples))
		d.basis = DEMAND_CHARGE_LESS_FILE;
	else if (nearly_all(anon, c->n_samples))
		d.basis = DEMAND_RSS;
	else if (charge)
		d.basis = DEMAND_CHARGE;
	return d;
}

static double rss_demand(const struct demand *d, const struct case_sample *s)
{
	double v = bytes(s->rss_anon);

	if (d->with_shmem)
		v += bytes(s->rss_shmem);
	if (d->with_others)
		v += bytes(s->others_anon);
	return v;
}

double demand_at(const struct demand *d, const struct case_sample *s)
{
	switch (d->basis) {
	case DEMAND_CHARGE_LESS_FILE:
		return fmax(bytes(s->charge) - bytes(s->charge_file), 0);
	case DEMAND_RSS:
		return rss_demand(d, s);
	case DEMAND_CHARGE:
		return bytes(s->charge);
	default:
		return (double)NAN;
	}
}

double non_heap_at(const struct demand *d, const struct case_sample *s)
{
	double v = demand_at(d, s) - bytes(s->heap_inuse) - bytes(s->heap_free);

	/* spans in use may have pages that were never touched: less than nothing is nothing */
	return v < 0 ? 0 : v;
}

double others_at(const struct demand *d, const struct case_sample *s)
{
	(void)d;
	return bytes(s->others_anon);
}

static size_t window_of(int64_t t, int64_t from, int64_t to, size_t windows)
{
	double share = ((double)t - (double)from) / fmax((double)to - (double)from, 1);

	if (!(share > 0))
		return 0;
	return share < 1 ? (size_t)(share * (double)windows) : windows - 1;
}

static void windows_of(const struct whycase *c, const struct demand *d, sample_value *value,
		       int64_t from, int64_t to, size_t windows, double sign, struct series *ret)
{
	struct point best[SERIES_MAX];

	if (windows > SERIES_MAX)
		windows = SERIES_MAX;
	for (size_t w = 0; w < windows; w++)
		best[w].v = (double)NAN;
	for (size_t i = 0; i < c->n_samples; i++) {
		const struct case_sample *s = &c->samples[i];
		double v = s->t < from || s->t > to ? (double)NAN : value(d, s);
		struct point *b = &best[window_of(s->t, from, to, windows)];

		if (isfinite(v) && !(sign * b->v <= sign * v))
			*b = (struct point){ s->t, v };
	}
	ret->n = 0;
	for (size_t w = 0; w < windows; w++) {
		if (isfinite(best[w].v))
			ret->p[ret->n++] = best[w];
	}
}

void lowest_in_windows(const struct whycase *c, const struct demand *d, sample_value *value,
		       int64_t from, int64_t to, size_t windows, struct series *ret)
{
	windows_of(c, d, value, from, to, windows, 1, ret);
}

void highest_in_windows(const struct whycase *c, const struct demand *d, sample_value *value,
			int64_t from, int64_t to, size_t windows, struct series *ret)
{
	windows_of(c, d, value, from, to, windows, -1, ret);
}

static bool near(const struct case_sample *s, int64_t t)
{
	return fabs((double)s->t - (double)t) <= (double)NEAR_NS;
}

/* The samples just before and after @t; NULL where none is near. @hint: where the last one was. */
static void around(const struct whycase *c, int64_t t, size_t *hint,
		   const struct case_sample *ret[2])
{
	size_t i = *hint;

	while (i < c->n_samples && c->samples[i].t <= t)
		i++;
	*hint = i;
	ret[0] = i > 0 && near(&c->samples[i - 1], t) ? &c->samples[i - 1] : NULL;
	ret[1] = i < c->n_samples && near(&c->samples[i], t) ? &c->samples[i] : NULL;
}

/* Of the two samples the nearer one that has the value. */
static double nearest(const struct case_sample *const s[2], int64_t t, const struct demand *d,
		      sample_value *value)
{
	double a = s[0] ? value(d, s[0]) : (double)NAN, b = s[1] ? value(d, s[1]) : (double)NAN;

	if (!isfinite(a))
		return b;
	return isfinite(b) && s[1]->t - t < t - s[0]->t ? b : a;
}

static double total_alloc_at(const struct demand *d, const struct case_sample *s)
{
	(void)d;
	return bytes(s->total_alloc);
}

static void add_floor(const struct case_cycle *y, const struct demand *d,
		      const struct case_sample *const s[2], struct floors *ret)
{
	double non_heap = nearest(s, y->t, d, non_heap_at), marked = bytes(y->heap_marked);
	double most = fmax(s[0] ? demand_at(d, s[0]) : (double)NAN,
			   s[1] ? demand_at(d, s[1]) : (double)NAN);
	size_t i = ret->floor.n;

	if (!isfinite(marked))
		return;
	if (!isfinite(non_heap))
		non_heap = bytes(y->non_heap);
	ret->marked.p[i] = (struct point){ y->t, isfinite(most) ? fmin(marked, most) : marked };
	ret->non_heap.p[i] = (struct point){ y->t, non_heap };
	ret->load.p[i] = (struct point){ y->t, nearest(s, y->t, d, total_alloc_at) };
	marked += isfinite(non_heap) ? non_heap : 0;
	ret->floor.p[i] = (struct point){ y->t, isfinite(most) ? fmin(marked, most) : marked };
	ret->floor.n = ret->marked.n = ret->non_heap.n = ret->load.n = i + 1;
}

/* Where some cycles have no non-heap, its neighbour's stands in; where none has, floor is marked.
 */
static void fill_non_heap(struct floors *f)
{
	double last = (double)NAN;

	for (size_t i = 0; i < f->floor.n && !isfinite(last); i++)
		last = f->non_heap.p[i].v;
	f->with_non_heap = isfinite(last);
	for (size_t i = 0; f->with_non_heap && i < f->floor.n; i++) {
		if (!isfinite(f->non_heap.p[i].v)) {
			f->non_heap.p[i].v = last;
			f->floor.p[i].v += last;
		}
		last = f->non_heap.p[i].v;
	}
}

/* From bytes allocated until each cycle to bytes per second since the one before. */
static void rates(struct series *load)
{
	double before = (double)NAN;
	int64_t t = 0;

	for (size_t i = 0; i < load->n; i++) {
		double total = load->p[i].v, dt = ((double)load->p[i].t - (double)t) / NS_PER_S;

		load->p[i].v = total >= before && dt > 0 ? (total - before) / dt : (double)NAN;
		before = total;
		t = load->p[i].t;
	}
}

void floors_between(const struct whycase *c, const struct demand *d, int64_t from, int64_t to,
		    struct floors *ret)
{
	const struct case_sample *s[2];
	size_t first = 0, n = 0, want, hint = 0;

	while (first < c->n_cycles && c->cycles[first].t < from)
		first++;
	while (first + n < c->n_cycles && c->cycles[first + n].t <= to)
		n++;
	ret->cycles = n;
	ret->floor.n = ret->marked.n = ret->non_heap.n = ret->load.n = 0;
	want = n < SERIES_MAX ? n : SERIES_MAX;
	for (size_t k = 0; k < want; k++) {
		const struct case_cycle *y =
			&c->cycles[first + (want < n ? k * (n - 1) / (want - 1) : k)];

		around(c, y->t, &hint, s);
		add_floor(y, d, s, ret);
	}
	fill_non_heap(ret);
	rates(&ret->load);
}
