/* SPDX-License-Identifier: Apache-2.0 */
/* Goroutines, threads and processors point at each other as they should. */
#include "goruntime/checks.h"

#include <string.h>

#include "base/cur.h"
#include "goruntime/slice.h"

#define SAMPLE 64
#define THREADS_MAX 4096
#define THREADS_LOOKED_AT 64
#define THREAD_ID_MAX (1u << 22) /* PID_MAX_LIMIT */
#define G_RECORD_MAX 1024

struct g_sample {
	struct check_run *c;
	uint64_t addr[SAMPLE];
	uint64_t max_goid;
	unsigned stacks; /* of goroutines that are parked and sound */
	bool failed;
};

static bool is_parked(const struct layout *lay, uint32_t status)
{
	return status == lay->at[L_GRUNNABLE] || status == lay->at[L_GWAITING] ||
	       status == lay->at[L_GPREEMPTED];
}

/* One whose registers are saved: it must be its own, on its own stack. */
static bool parked_is_sane(struct g_sample *s, const uint8_t *g, uint64_t addr)
{
	const uint32_t *at = s->c->rt->lay->at;
	uint64_t lo = le64(g + at[L_G_STACK_LO]), hi = le64(g + at[L_G_STACK_HI]);
	uint64_t sp = le64(g + at[L_G_SCHED_SP]), pc = le64(g + at[L_G_SCHED_PC]);
	uint64_t goid = le64(g + at[L_G_GOID]);

	if (goid > s->max_goid)
		s->max_goid = goid;
	return le64(g + at[L_G_SCHED_G]) == addr && lo < sp && sp <= hi && goid &&
	       (!s->c->rt->img || image_in_text(s->c->rt->img, pc));
}

static void look_at_g(void *arg, uint32_t tag, const uint8_t *g)
{
	struct g_sample *s = arg;
	const struct layout *lay = s->c->rt->lay;
	uint32_t status;

	if (!g) {
		s->failed = true;
		return;
	}
	status = le32(g + lay->at[L_G_ATOMICSTATUS]);
	if (status & ~(lay->at[L_GSCAN] | 15u))
		s->failed = true;
	if (!is_parked(lay, status))
		return;
	if (parked_is_sane(s, g, s->addr[tag]))
		s->stacks++;
	else
		s->failed = true;
}

/* allglen first: the array that is read after it has at least as many. */
static int sample_allgs(struct check_run *c, struct gather_want wants[SAMPLE], struct g_sample *s,
			size_t *ret_n)
{
	uint64_t len, ptr, n, first;
	struct go_slice allgs;
	uint8_t raw[SAMPLE * 8];
	int r = mem_u64(c->m, c->rt->at.allglen, &len, c->err);

	if (r >= 0)
		r = mem_u64(c->m, c->rt->at.allgptr, &ptr, c->err);
	if (r >= 0)
		r = go_slice_read(c->m, c->rt->at.allgs, 8, &allgs, c->err);
	if (r < 0)
		return r;
	*ret_n = 0;
	if (!len || len > allgs.len || ptr != allgs.array)
		return 0; /* no sample: failed */
	n = len < SAMPLE ? len : SAMPLE;
	first = len - n;
	r = mem_read(c->m, allgs.array + first * 8, raw, n * 8, c->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		s->addr[i] = le64(raw + 8 * i);
		wants[i] =
			(struct gather_want){ s->addr[i], c->rt->lay->at[L_SIZEOF_G], (uint32_t)i };
	}
	*ret_n = (size_t)n;
	return 0;
}

int check_goroutines(struct check_run *c, unsigned which)
{
	struct gather_want wants[SAMPLE];
	struct g_sample s = { .c = c };
	uint64_t goidgen = UINT64_MAX;
	size_t n;
	int r = sample_allgs(c, wants, &s, &n);

	(void)which;
	if (r >= 0 && !n)
		return CHECK_FAILED;
	if (r >= 0)
		r = gather_read(c->gather, c->m, wants, n, look_at_g, &s, c->err);
	/* after the goroutines: an id is given out before its goroutine is in allgs */
	if (r >= 0 && c->rt->at.sched)
		r = mem_u64(c->m, layout_addr(c->rt->lay, c->rt->at.sched, L_SCHED_GOIDGEN),
			    &goidgen, c->err);
	if (r < 0)
		return check_read_failed(r);
	return s.failed || s.max_goid > goidgen ? CHECK_FAILED
	       : s.stacks			? CHECK_HOLDS
						: CHECK_NOTHING;
}

/* m.g0.m == m, and the thread's id is one. */
static int thread_is_sane(struct check_run *c, uint64_t m, const uint8_t *raw)
{
	const uint32_t *at = c->rt->lay->at;
	uint64_t g0 = le64(raw + at[L_M_G0]), back;
	int r;

	if (le64(raw + at[L_M_PROCID]) > THREAD_ID_MAX)
		return CHECK_FAILED;
	r = mem_u64(c->m, g0 + at[L_G_M], &back, c->err);
	if (r < 0)
		return check_read_failed(r);
	return back == m ? CHECK_HOLDS : CHECK_FAILED;
}

/* The chain of all threads: as many as sched says were made and not freed. */
int check_threads(struct check_run *c, unsigned which)
{
	const uint32_t *at = c->rt->lay->at;
	uint8_t raw[2048];
	uint64_t m = 0, made = 0, freed = 0, n = 0;
	int r;

	(void)which;
	if (!c->rt->at.allm || !c->rt->at.sched || at[L_M_ALLLINK] > sizeof(raw) - 8)
		return CHECK_NOTHING;
	r = mem_u64(c->m, c->rt->at.allm, &m, c->err);
	for (; r >= 0 && m && n < THREADS_MAX; n++) {
		r = mem_read(c->m, m, raw, at[L_M_ALLLINK] + 8, c->err);
		if (r >= 0 && n < THREADS_LOOKED_AT) {
			r = thread_is_sane(c, m, raw);
			if (r == CHECK_FAILED)
				return r;
		}
		m = le64(raw + at[L_M_ALLLINK]);
	}
	if (r >= 0)
		r = mem_u64(c->m, c->rt->at.sched + at[L_SCHED_MNEXT], &made, c->err);
	if (r >= 0)
		r = mem_u64(c->m, c->rt->at.sched + at[L_SCHED_NMFREED], &freed, c->err);
	if (r < 0)
		return check_read_failed(r);
	return (m || n == made - freed) && n ? CHECK_HOLDS : CHECK_FAILED;
}

/* allp[i].id == i, and each has a cache. */
int check_processors(struct check_run *c, unsigned which)
{
	const uint32_t *at = c->rt->lay->at;
	struct go_slice allp;
	uint8_t raw[SAMPLE * 8], p[1024];
	size_t n, len = at[L_P_MCACHE] + 8;
	int r = go_slice_read(c->m, c->rt->at.allp, 8, &allp, c->err);

	(void)which;
	if (r < 0)
		return check_read_failed(r);
	if (!allp.len || len > sizeof(p))
		return CHECK_FAILED;
	n = allp.len < SAMPLE ? (size_t)allp.len : SAMPLE;
	r = mem_read(c->m, allp.array, raw, n * 8, c->err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = mem_read(c->m, le64(raw + 8 * i), p, len, c->err);
		if (r >= 0 && (le32(p + at[L_P_ID]) != i || !le64(p + at[L_P_MCACHE])))
			return CHECK_FAILED;
	}
	return r < 0 ? check_read_failed(r) : CHECK_HOLDS;
}
