/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goroutines: all g's in rounds of batches.
 *
 * A batch reads the g's, the top of each stack, and the g's again: who is the
 * same before and after did not run, so its stack is what its registers say.
 * Who needs more of its stack, or moved, goes to the next round. Most parked
 * stacks are shallow, so the first round reads little of each.
 */
#include "goruntime/goroutines.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/cur.h"
#include "goruntime/goroutine_groups.h"
#include "goruntime/last_time.h"
#include "goruntime/start_func.h"
#include "goruntime/unwind.h"

#define TRIES 3
#define BATCH ((size_t)2048)
/* Stack bytes of one batch; touched only as far as the stacks are deep. */
#define BATCH_BYTES ((size_t)4 << 20)
/* The step of a walk through a stack deeper than the largest window. */
#define DEEP_STEP ((size_t)4096)

/* How much of a stack is read at once, by level; the last level walks on demand. */
static const size_t window[] = { 2048, 8192, 0 };
#define LEVELS (sizeof(window) / sizeof(window[0]))
#define DEEP (LEVELS - 1)

struct todo {
	uint64_t addr;
	uint8_t level, tries;
};

struct job {
	const struct goruntime *rt;
	struct mem *m;
	struct unwinder u;
	struct start_funcs starts;
	struct goroutine_groups groups;
	struct goroutines *sum;

	/* of one batch */
	struct g before[BATCH], after[BATCH];
	struct mem_piece pieces[BATCH];
	struct stack_bytes stacks[BATCH]; /* p is NULL where none was read */
	uint8_t *bytes;			  /* BATCH_BYTES */
	struct stack_walk walk;
	uint8_t deep[DEEP_STEP];

	struct buf now, next; /* of struct todo: this round's and the next one's */
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "goroutines: out of memory");
}

static bool is_dead(const struct g *g)
{
	return g->status == G_IDLE || g->status == G_DEAD || g->status == G_DEADEXTRA;
}

/* The saved registers say where it is. */
static bool is_parked(const struct g *g)
{
	return g->status == G_RUNNABLE || g->status == G_SYSCALL || g->status == G_WAITING ||
	       g->status == G_PREEMPTED || g->status == G_LEAKED;
}

static bool has_stack(const struct g *g)
{
	return is_parked(g) && g->sp >= g->stack_lo && g->sp < g->stack_hi;
}

/* isSystemGoroutine(gp, false) of Go's traceback.go. */
static bool is_system(struct job *j, const struct g *g, const struct stack_walk *w)
{
	switch (start_func_kind(&j->starts, g->startpc)) {
	case START_RUNTIME:
		return true;
	case START_FINALIZERS:
		return !start_funcs_in_program(&j->starts, w->pcs, w->n);
	case START_CLEANUPS:
		return !g->running_cleanups;
	default:
		return false;
	}
}

/* @w is where it stands, or NULL where that is unknown. */
static int count(struct job *j, const struct g *g, const struct stack_walk *w, struct err *err)
{
	static const struct stack_walk unknown = { .cut = true };
	struct goroutine_shown shown = { .g = g };
	uint64_t stack = g->stack_hi > g->stack_lo ? g->stack_hi - g->stack_lo : 0;

	if (!w)
		w = &unknown;
	shown.system = is_system(j, g, w);
	shown.cut = w->cut;
	shown.n_pcs = w->n;
	shown.pcs = w->pcs;
	if (shown.system)
		j->sum->system++;
	else
		j->sum->total++;
	if (__builtin_add_overflow(j->sum->stack_bytes, stack, &j->sum->stack_bytes))
		j->sum->stack_bytes = UINT64_MAX;
	return groups_add(&j->groups, &shown, err);
}

static int again(struct job *j, const struct todo *t, unsigned level, unsigned tries,
		 struct err *err)
{
	struct todo next = { .addr = t->addr, .level = (uint8_t)level, .tries = (uint8_t)tries };

	buf_add(&j->next, &next, sizeof(next));
	return j->next.failed ? no_memory(err) : 0;
}

static void begin_walk(struct stack_walk *w, const struct g *g)
{
	w->pc = g->pc;
	w->sp = g->sp;
	w->lo = g->stack_lo;
	w->hi = g->stack_hi;
	w->lr = g->lr;
	w->in_syscall = g->in_syscall;
	w->cut = false;
	w->n = 0;
}

/* The last level: pieces of the stack as the walk asks for them. */
static int walk_deep(struct job *j, const struct g *g, struct stack_walk *w, struct err *err)
{
	struct stack_bytes b = { .p = j->deep };

	begin_walk(w, g);
	while (stack_walk_on(&j->u, w, &b) == WALK_MORE) {
		int r;

		b.from = w->need;
		b.n = g->stack_hi - w->need < DEEP_STEP ? (size_t)(g->stack_hi - w->need)
							: DEEP_STEP;
		r = mem_read(j->m, b.from, j->deep, b.n, err);
		if (r == -EFAULT) {
			w->cut = true;
			return 0;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int moved(struct job *j, const struct todo *t, const struct g *g, struct err *err)
{
	if (t->tries + 1 < TRIES)
		return again(j, t, t->level, t->tries + 1u, err);
	j->sum->unstable++;
	return count(j, g, NULL, err);
}

static int one_deep(struct job *j, const struct todo *t, const struct g *g, struct err *err)
{
	struct g after = { .addr = t->addr };
	int r = walk_deep(j, g, &j->walk, err);

	if (r >= 0)
		r = g_read(j->rt->lay, j->m, &after, 1, err);
	if (r < 0)
		return r;
	if (!g_same(g, &after))
		return moved(j, t, &after, err);
	return count(j, g, &j->walk, err);
}

static int one(struct job *j, const struct todo *t, size_t i, struct err *err)
{
	const struct g *before = &j->before[i], *g = &j->after[i];

	if (!g->had) {
		j->sum->unread++;
		return 0;
	}
	if (is_dead(g)) {
		j->sum->dead++;
		return 0;
	}
	if (g->status == G_RUNNING || (is_parked(g) && !has_stack(g)))
		return count(j, g, NULL, err);
	if (!is_parked(g) || !g_same(before, g))
		return moved(j, t, g, err);
	if (t->level == DEEP)
		return one_deep(j, t, g, err);
	begin_walk(&j->walk, g);
	if (stack_walk_on(&j->u, &j->walk, &j->stacks[i]) == WALK_MORE)
		return again(j, t, t->level + 1u, t->tries, err);
	return count(j, g, &j->walk, err);
}

static int read_stacks(struct job *j, const struct todo *t, size_t n, struct err *err)
{
	size_t used = 0, n_pieces = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct g *g = &j->before[i];
		size_t len = window[t[i].level];

		j->stacks[i] = (struct stack_bytes){ 0 };
		if (!g->had || !has_stack(g) || !len)
			continue;
		if (len > g->stack_hi - g->sp)
			len = (size_t)(g->stack_hi - g->sp);
		j->stacks[i] = (struct stack_bytes){ g->sp, len, j->bytes + used };
		j->pieces[n_pieces++] = (struct mem_piece){ g->sp, j->bytes + used, len, false };
		used += len;
	}
	r = mem_readv(j->m, j->pieces, n_pieces, err);
	for (size_t i = n, k = n_pieces; r >= 0 && i-- > 0;) {
		if (j->stacks[i].p && !j->pieces[--k].ok)
			j->stacks[i].n = 0;
	}
	return r;
}

/* Reading keeps to the deadline by itself; the work in between must too. */
static int in_time(const struct job *j, struct err *err)
{
	if (j->m->deadline && clock_mono() >= j->m->deadline)
		return err_set(err, -ETIME, "%s: out of time", j->m->name);
	return 0;
}

static int batch(struct job *j, const struct todo *t, size_t n, struct err *err)
{
	int r;

	for (size_t i = 0; i < n; i++)
		j->before[i].addr = j->after[i].addr = t[i].addr;
	r = g_read(j->rt->lay, j->m, j->before, n, err);
	if (r >= 0)
		r = read_stacks(j, t, n, err);
	if (r >= 0)
		r = g_read(j->rt->lay, j->m, j->after, n, err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = in_time(j, err);
		if (r >= 0)
			r = one(j, &t[i], i, err);
	}
	return r;
}

static int round_of(struct job *j, struct err *err)
{
	const struct todo *t = (const struct todo *)(const void *)j->now.p;
	size_t n = j->now.n / sizeof(*t);

	for (size_t i = 0, k; i < n; i += k) {
		size_t bytes = 0;
		int r;

		for (k = 0; i + k < n && k < BATCH && bytes <= BATCH_BYTES - window[1]; k++)
			bytes += window[t[i + k].level];
		r = batch(j, t + i, k, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* At most LEVELS + TRIES - 1 rounds: each todo that is left rises in one of them. */
static int all_rounds(struct job *j, struct err *err)
{
	while (j->now.n) {
		struct buf done = j->now;
		int r = round_of(j, err);

		if (r < 0)
			return r;
		j->now = j->next;
		j->next = done;
		buf_clear(&j->next);
	}
	return 0;
}

static int by_addr(const void *a, const void *b)
{
	const struct todo *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* allglen before allgptr: the array is copied when it grows, never shortened. */
static int list_all(struct job *j, size_t max, struct err *err)
{
	uint64_t n = 0, list = 0;
	_cleanup_(free_ptr) uint8_t *raw = NULL;
	int r = mem_u64(j->m, j->rt->at.allglen, &n, err);

	if (r >= 0)
		r = mem_u64(j->m, j->rt->at.allgptr, &list, err);
	if (r < 0)
		return r;
	if (n > max)
		return err_set(err, -E2BIG, "goroutines: %llu of them, more than %zu",
			       (unsigned long long)n, max);
	raw = malloc(n ? (size_t)n * 8 : 1);
	if (!raw)
		return no_memory(err);
	r = mem_read(j->m, list, raw, (size_t)n * 8, err);
	if (r < 0)
		return r;
	for (uint64_t i = 0; i < n; i++) {
		struct todo t = { .addr = le64(raw + 8 * i) };

		buf_add(&j->now, &t, sizeof(t));
	}
	if (j->now.failed)
		return no_memory(err);
	if (n)
		qsort(j->now.p, (size_t)n, sizeof(struct todo), by_addr);
	return 0;
}

static int job_init(struct job *j, const struct goruntime *rt, struct mem *m, size_t max,
		    struct arena *a, struct goroutines *sum, struct err *err)
{
	size_t bytes;

	if (!rt->at.allglen || !rt->at.allgptr)
		return err_set(err, -ENOTSUP, "goroutines: the runtime's variables were not found");
	if (__builtin_mul_overflow(max, sizeof(struct todo), &bytes))
		return err_set(err, -E2BIG, "goroutines: more than %zu", max);
	j->rt = rt;
	j->m = m;
	j->sum = sum;
	sum->now = m->still ? go_last_time(rt, m) : clock_mono();
	start_funcs_init(&j->starts, rt->img);
	groups_init(&j->groups, rt->lay, a, sum->now, max);
	buf_init(&j->now, bytes);
	buf_init(&j->next, bytes);
	j->bytes = malloc(BATCH_BYTES);
	if (!j->bytes)
		return no_memory(err);
	return unwinder_init(&j->u, rt->img, err);
}

static void job_free(struct job **j)
{
	if (!*j)
		return;
	unwinder_release(&(*j)->u);
	groups_release(&(*j)->groups);
	buf_release(&(*j)->now);
	buf_release(&(*j)->next);
	free((*j)->bytes);
	free(*j);
}

int goroutines_read(const struct goruntime *rt, struct mem *m, size_t max_goroutines,
		    struct arena *a, struct goroutines *ret, struct err *err)
{
	_cleanup_(job_free) struct job *j = calloc(1, sizeof(*j));
	struct goroutines sum = { 0 };
	int r = j ? job_init(j, rt, m, max_goroutines, a, &sum, err) : no_memory(err);

	if (r >= 0)
		r = list_all(j, max_goroutines, err);
	if (r >= 0)
		r = all_rounds(j, err);
	if (r >= 0)
		r = groups_finish(&j->groups, &sum.groups, &sum.n, err);
	if (r >= 0)
		*ret = sum;
	return r;
}
