/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/goroutine_groups.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "goruntime/wait_reasons.h"

#define FIRST_ROOM ((size_t)1024)

struct group_slot {
	uint64_t hash;
	size_t group; /* its number + 1; 0: free */
	uint8_t wait_reason;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "goroutines: out of memory");
}

void groups_init(struct goroutine_groups *t, const struct layout *lay, struct arena *a, int64_t now,
		 size_t max_groups)
{
	size_t bytes;

	if (__builtin_mul_overflow(max_groups, sizeof(struct goroutine_group), &bytes))
		bytes = SIZE_MAX / 2;
	*t = (struct goroutine_groups){ .lay = lay, .a = a, .now = now, .seed = hash_seed() };
	buf_init(&t->groups, bytes);
}

void groups_release(struct goroutine_groups *t)
{
	buf_release(&t->groups);
	free(t->slots);
	t->slots = NULL;
	t->room = 0;
}

static struct goroutine_group *group_at(const struct goroutine_groups *t, size_t i)
{
	return (struct goroutine_group *)(void *)t->groups.p + i;
}

static size_t n_groups(const struct goroutine_groups *t)
{
	return t->groups.n / sizeof(struct goroutine_group);
}

static bool is_parked(const struct g *g)
{
	return g->status == G_WAITING || g->status == G_LEAKED;
}

/* Who is not parked still has the reason of the last time. */
static uint8_t reason_of(const struct g *g)
{
	return is_parked(g) ? g->wait_reason : 0;
}

static uint64_t hash_of(const struct goroutine_groups *t, const struct goroutine_shown *s)
{
	uint64_t h =
		hash_word(t->seed, (uint64_t)s->g->status << 16 | (uint64_t)reason_of(s->g) << 8 |
					   (uint64_t)s->system << 1 | (uint64_t)s->cut);

	h = hash_word(h, s->g->gopc);
	h = hash_word(h, s->g->startpc);
	return hash_bytes(h, s->pcs, s->n_pcs * sizeof(*s->pcs));
}

static bool is_group(const struct goroutine_groups *t, const struct group_slot *slot, uint64_t hash,
		     const struct goroutine_shown *s)
{
	const struct goroutine_group *g = group_at(t, slot->group - 1);

	return slot->hash == hash && slot->wait_reason == reason_of(s->g) &&
	       g->status == s->g->status && g->system == s->system && g->cut == s->cut &&
	       g->gopc == s->g->gopc && g->startpc == s->g->startpc && g->n_pcs == s->n_pcs &&
	       (!s->n_pcs || !memcmp(g->pcs, s->pcs, s->n_pcs * sizeof(*s->pcs)));
}

static int grow(struct goroutine_groups *t)
{
	size_t room = t->room ? t->room * 2 : FIRST_ROOM;
	struct group_slot *slots;

	if (n_groups(t) < t->room / 2)
		return 0;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->room; i++) {
		size_t at = t->slots[i].hash & (room - 1);

		if (!t->slots[i].group)
			continue;
		while (slots[at].group)
			at = (at + 1) & (room - 1);
		slots[at] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->room = room;
	return 0;
}

/* goroutineheader() in Go's traceback.go. */
static const char *state_words(const struct goroutine_groups *t, const struct g *g)
{
	static const char *const words[] = {
		[G_IDLE] = "idle",	     [G_RUNNABLE] = "runnable",
		[G_RUNNING] = "running",     [G_SYSCALL] = "syscall",
		[G_WAITING] = "waiting",     [G_DEAD] = "dead",
		[G_COPYSTACK] = "copystack", [G_PREEMPTED] = "preempted",
		[G_LEAKED] = "leaked",	     [G_DEADEXTRA] = "waiting for cgo callback",
	};
	const char *text = NULL;
	BUF(leaked, 256);

	if (g->status < sizeof(words) / sizeof(words[0]))
		text = words[g->status];
	if (reason_of(g))
		text = wait_reason_words(t->lay, g->wait_reason);
	if (!text)
		return "???";
	if (g->status != G_LEAKED)
		return text;
	buf_printf(&leaked, "%s (leaked)", text);
	return arena_str(t->a, buf_view(&leaked)).p;
}

static int new_group(struct goroutine_groups *t, const struct goroutine_shown *s, struct err *err)
{
	struct goroutine_group g = {
		.status = (uint8_t)s->g->status,
		.state = state_words(t, s->g),
		.system = s->system,
		.n_pcs = s->n_pcs,
		.cut = s->cut,
		.gopc = s->g->gopc,
		.startpc = s->g->startpc,
		.wait_min_ns = -1,
		.wait_max_ns = -1,
		.wait_mean_ns = -1,
	};
	uint64_t *pcs = arena_new_array(t->a, uint64_t, s->n_pcs);

	if (!pcs || !g.state)
		return no_memory(err);
	if (s->n_pcs)
		memcpy(pcs, s->pcs, s->n_pcs * sizeof(*pcs));
	g.pcs = pcs;
	buf_add(&t->groups, &g, sizeof(g));
	if (t->groups.failed == -EFBIG)
		return err_set(err, -E2BIG, "goroutines: too many groups");
	return t->groups.failed ? no_memory(err) : 0;
}

static int find_group(struct goroutine_groups *t, const struct goroutine_shown *s,
		      struct goroutine_group **ret, struct err *err)
{
	uint64_t hash = hash_of(t, s);
	size_t at;
	int r;

	if (grow(t) < 0)
		return no_memory(err);
	at = hash & (t->room - 1);
	while (t->slots[at].group && !is_group(t, &t->slots[at], hash, s))
		at = (at + 1) & (t->room - 1);
	if (!t->slots[at].group) {
		r = new_group(t, s, err);
		if (r < 0)
			return r;
		t->slots[at] = (struct group_slot){ .hash = hash,
						    .group = n_groups(t),
						    .wait_reason = reason_of(s->g) };
	}
	*ret = group_at(t, t->slots[at].group - 1);
	return 0;
}

/* The runtime notes the time when a collection first finds it blocked. */
static void add_wait(struct goroutine_groups *t, struct goroutine_group *group, const struct g *g)
{
	int64_t ns = t->now - g->waitsince;

	if ((!is_parked(g) && g->status != G_SYSCALL) || g->waitsince <= 0 || t->now <= 0)
		return;
	if (ns < 0)
		ns = 0;
	if (!group->wait_known || ns < group->wait_min_ns)
		group->wait_min_ns = ns;
	if (ns > group->wait_max_ns)
		group->wait_max_ns = ns;
	group->wait_known++;
	/* a running mean: sums of many old waits could overflow */
	group->wait_mean_ns = group->wait_known == 1
				      ? ns
				      : group->wait_mean_ns + (ns - group->wait_mean_ns) /
								      (int64_t)group->wait_known;
}

int groups_add(struct goroutine_groups *t, const struct goroutine_shown *s, struct err *err)
{
	uint64_t stack = s->g->stack_hi > s->g->stack_lo ? s->g->stack_hi - s->g->stack_lo : 0;
	struct goroutine_group *group = NULL;
	int r = find_group(t, s, &group, err);

	if (r < 0)
		return r;
	group->count++;
	if (__builtin_add_overflow(group->stack_bytes, stack, &group->stack_bytes))
		group->stack_bytes = UINT64_MAX;
	if (stack > group->max_stack_bytes)
		group->max_stack_bytes = stack;
	add_wait(t, group, s->g);
	return 0;
}

/* Of equal counts the one that was seen first, so that two readings of the same are the same. */
struct ranked {
	uint64_t count;
	size_t at;
};

static int by_count(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->at < y->at ? -1 : 1;
}

int groups_finish(struct goroutine_groups *t, struct goroutine_group **ret, size_t *ret_n,
		  struct err *err)
{
	size_t n = n_groups(t);
	struct goroutine_group *out = arena_new_array(t->a, struct goroutine_group, n ? n : 1);
	_cleanup_(free_ptr) struct ranked *order = calloc(n ? n : 1, sizeof(*order));

	if (!out || !order)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		order[i] = (struct ranked){ group_at(t, i)->count, i };
	qsort(order, n, sizeof(*order), by_count);
	for (size_t i = 0; i < n; i++)
		out[i] = *group_at(t, order[i].at);
	*ret = out;
	*ret_n = n;
	return 0;
}
