/* SPDX-License-Identifier: Apache-2.0 */
#include "case/ledger.h"

#include <stdio.h>

#define OTHERS_MAX 64 /* processes with a node of their own, the largest; the rest is unexplained \
		       */

struct maker {
	const struct whycase *c;
	struct arena *a;
	struct ledger *l;
};

static void add(struct maker *m, const char *id, const char *parent, int64_t bytes, bool exact,
		const char *source)
{
	if (m->l->n < LEDGER_NODES_MAX)
		m->l->nodes[m->l->n++] = (struct ledger_node){ id, parent, bytes, exact, source };
}

static int64_t or_zero(uint64_t v)
{
	return known(v) ? (int64_t)v : 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The heap's spans in use, by what is in them; bytes, as the runtime counts them. */
struct heap {
	int64_t live, fresh, dead, slack;
	bool exact;
};

static struct heap heap_of(const struct case_snapshot *s, int64_t spans)
{
	struct heap h = { .exact = s->have_spans && s->stats && s->torn_bytes == 0 };
	int64_t objects = s->have_spans ? (int64_t)s->object_bytes : spans;

	objects = least(objects, spans);
	h.dead = s->have_spans ? least((int64_t)s->dead_bytes, objects) : 0;
	h.live = s->stats ? least(or_zero(s->stats->heap_marked), objects - h.dead) : 0;
	h.fresh = objects - h.dead - h.live;
	h.slack = spans - objects;
	return h;
}

/*
 * Pages of spans that were never touched (or were swapped out) are in no one's
 * resident memory: taken off what was allocated last, then off empty slots,
 * then off the rest, since which object lies on them is not looked at.
 */
static void take_off(struct heap *h, int64_t absent)
{
	int64_t *const from[] = { &h->fresh, &h->slack, &h->dead, &h->live };

	for (unsigned i = 0; i < 4 && absent > 0; i++) {
		int64_t part = least(absent, *from[i]);

		*from[i] -= part;
		absent -= part;
		h->exact = false;
	}
}

static void add_go(struct maker *m, const struct case_snapshot *s)
{
	const struct case_resident *r = s->resident;
	int64_t present = or_zero(r->heap_spans), absent = or_zero(r->heap_nonresident);
	int64_t free = or_zero(r->heap_free), stacks = or_zero(r->go_stacks);
	int64_t meta = or_zero(r->go_meta) + or_zero(r->image_anon);
	struct heap h = heap_of(s, present + absent);

	take_off(&h, absent);
	add(m, "go", "charge", present + free + stacks + meta, true, "sum of the parts below");
	add(m, "go.heap", "go", present + free, true, "pagemap over the runtime's arenas");
	add(m, "go.heap.live", "go.heap", h.live, h.exact, "gcController.heapMarked");
	add(m, "go.heap.new", "go.heap", h.fresh, h.exact, "mheap_.allspans less heapMarked");
	add(m, "go.heap.dead", "go.heap", h.dead, h.exact, "mark bits of unswept spans");
	add(m, "go.heap.slack", "go.heap", h.slack, h.exact, "mheap_.allspans less objects");
	add(m, "go.heap.free", "go.heap", free, true, "pagemap over arenas, in no span");
	add(m, "go.stacks", "go", stacks, true, "pagemap over stack spans");
	add(m, "go.meta", "go", meta, r->go_meta_exact,
	    r->go_meta_exact ? "pagemap over the runtime's mappings and the binary's data"
			     : "memstats *_sys and the binary's data");
}

static const char *other_id(struct arena *a, int pid)
{
	char id[32];
	const char *kept;

	snprintf(id, sizeof(id), "other.%d", pid);
	kept = arena_str(a, str_from(id)).p;
	return kept ? kept : "other";
}

/* Shared memory is not added: the group's own statistics have it once, however many map it. */
static void add_others(struct maker *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->c->n_processes && n < OTHERS_MAX; i++) {
		const struct case_process *p = &m->c->processes[i];

		if (p->target || !known(p->rss_anon) || p->rss_anon == 0)
			continue;
		add(m, other_id(m->a, p->pid), "charge", (int64_t)p->rss_anon, true,
		    "/proc/PID/status RssAnon");
		n++;
	}
}

static void add_group(struct maker *m, const struct case_charge *g)
{
	bool v2 = m->c->host.cgroup_version == 2;

	if (known(g->file))
		add(m, "file", "charge", (int64_t)g->file, true,
		    v2 ? "memory.stat file less shmem" : "memory.stat cache less shmem");
	if (known(g->shmem))
		add(m, "shmem", "charge", (int64_t)g->shmem, true, "memory.stat shmem");
	if (known(g->kernel))
		add(m, "kernel", "charge", (int64_t)g->kernel, true,
		    v2 ? "memory.stat kernel" : "memory.kmem.usage_in_bytes");
	if (v2 && known(g->sock)) /* on version 1 a counter of its own, beside the charge */
		add(m, "sock", "charge", (int64_t)g->sock, true, "memory.stat sock");
}

/* What the children of the root leave of it. */
static void close_sum(struct maker *m)
{
	int64_t left = (int64_t)m->l->total;

	for (unsigned i = 0; i < m->l->n; i++) {
		if (m->l->nodes[i].parent && strcmp(m->l->nodes[i].parent, "charge") == 0)
			left -= m->l->nodes[i].bytes;
	}
	m->l->unexplained = left;
	add(m, "unexplained", "charge", left, true, "what is left of the charge");
	m->l->known = true;
}

static void from_snapshot(struct maker *m, const struct case_snapshot *s,
			  const struct case_charge *g)
{
	m->l->total = g->usage;
	add(m, "charge", NULL, (int64_t)g->usage, true,
	    m->c->host.cgroup_version == 2 ? "memory.current" : "memory.usage_in_bytes");
	add_go(m, s);
	add(m, "native", "charge", or_zero(s->resident->native), s->resident->go_meta_exact,
	    "pagemap over anonymous mappings that are not Go's");
	add(m, "threads", "charge", or_zero(s->resident->thread_stacks), true,
	    "pagemap over thread stacks");
	add_others(m);
	add_group(m, g);
	close_sum(m);
}

/* A kernel log alone: its task table, in the group whose limit was hit. */
static void from_log(struct maker *m, const struct case_kill *k)
{
	unsigned n = 0;

	m->l->total = k->usage;
	add(m, "charge", NULL, (int64_t)k->usage, true, "kernel log: usage");
	for (size_t i = 0; i < k->n_tasks && n < OTHERS_MAX; i++) {
		if (!known(k->tasks[i].rss_bytes) || k->tasks[i].rss_bytes == 0)
			continue;
		add(m, other_id(m->a, k->tasks[i].pid), "charge", (int64_t)k->tasks[i].rss_bytes,
		    false, "kernel log: task table, rss with file pages");
		n++;
	}
	if (n == 0 && known(k->anon_rss))
		add(m, other_id(m->a, k->pid), "charge",
		    (int64_t)k->anon_rss + or_zero(k->shmem_rss), false, "kernel log: kill line");
	close_sum(m);
}

void ledger_of(const struct whycase *c, struct arena *a, struct ledger *ret)
{
	struct maker m = { c, a, ret };
	const struct case_kill *k = c->end.kill;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = c->n_snapshots; i-- > 0;) {
		const struct case_snapshot *s = &c->snapshots[i];

		if (s->resident && s->charge && known(s->charge->usage)) {
			from_snapshot(&m, s, s->charge);
			return;
		}
	}
	if (k && known(k->usage) && k->kind == OOM_MEMCG)
		from_log(&m, k);
}

const struct ledger_node *ledger_find(const struct ledger *l, const char *id)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (strcmp(l->nodes[i].id, id) == 0)
			return &l->nodes[i];
	}
	return NULL;
}
