/* SPDX-License-Identifier: Apache-2.0 */
#include "case/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "case/ledger_heap.h"

#define OTHERS_MAX 64 /* other processes with a node, the largest; the rest is unexplained */
/* More than any machine has, and no sum of nodes overflows, whatever a file says. */
#define LEAF_MAX (UINT64_C(1) << 50)
#define BYTES_MAX (UINT64_C(1) << 56)

/* A look so long before the last sample is of another state, if the charge has changed as well. */
#define STALE_NS (5 * NS_PER_S)
#define STALE_SHARE 20

struct maker {
	const struct whycase *c;
	struct arena *a;
	struct ledger *l;
};

/* The target's anonymous memory by owner; UNKNOWN_U64 where not known. */
struct parts {
	uint64_t spans, absent, free, stacks, meta, native, threads;
	bool exact, meta_exact; /* pages were looked at; meta is not the runtime's own sums */
	struct ledger_heap heap;
};

static int64_t capped(uint64_t v)
{
	return v < BYTES_MAX ? (int64_t)v : (int64_t)BYTES_MAX;
}

static uint64_t leaf(uint64_t v)
{
	return known(v) && v > LEAF_MAX ? LEAF_MAX : v;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	if (!known(a) || !known(b))
		return known(a) ? a : b;
	return (uint64_t)(capped(a) + capped(b));
}

/* No node for what is not known: its bytes are then unexplained, not 0. */
static struct ledger_node *put(struct maker *m, const char *id, const char *parent, uint64_t bytes,
			       bool exact, const char *source)
{
	struct ledger_node *n = &m->l->nodes[m->l->n];

	if (!known(bytes) || m->l->n == LEDGER_NODES_MAX)
		return NULL;
	*n = (struct ledger_node){ id, parent, capped(bytes), exact, source };
	m->l->n++;
	return n;
}

static int64_t children_of(const struct ledger *l, const char *parent, bool *exact)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < l->n; i++) {
		if (l->nodes[i].parent && strcmp(l->nodes[i].parent, parent) == 0) {
			sum += l->nodes[i].bytes;
			*exact = *exact && l->nodes[i].exact;
		}
	}
	return sum;
}

static void put_heap(struct maker *m, const struct parts *p)
{
	const struct ledger_heap *h = &p->heap;
	uint64_t free = known(p->free) ? p->free : 0;

	if (!known(p->spans))
		return;
	put(m, "go.heap", "go", plus(p->spans, free), p->exact && known(p->free),
	    p->exact ? "pagemap over the runtime's arenas" : "gcController.heapInUse, heapFree");
	if (!h->known || !known(p->free))
		return; /* a node without children: what it is made of is not known */
	put(m, "go.heap.live", "go.heap", (uint64_t)h->live, h->counted, h->from);
	put(m, "go.heap.new", "go.heap", (uint64_t)h->fresh, h->counted, h->from);
	put(m, "go.heap.dead", "go.heap", (uint64_t)h->dead, h->counted, h->from);
	put(m, "go.heap.slack", "go.heap", (uint64_t)h->slack, h->counted, h->from);
	put(m, "go.heap.free", "go.heap", free, p->exact,
	    p->exact ? "pagemap over arenas, in no span" : "gcController.heapFree");
}

static void put_target(struct maker *m, const struct parts *p)
{
	struct ledger_node *go = put(m, "go", "charge", 0, true, "sum of the parts below");
	unsigned n = m->l->n;

	put_heap(m, p);
	put(m, "go.stacks", "go", p->stacks, p->exact,
	    p->exact ? "pagemap over stack spans" : "memstats StackInuse");
	put(m, "go.meta", "go", p->meta, p->exact && p->meta_exact,
	    p->exact && p->meta_exact ? "pagemap over the runtime's mappings and the binary's data"
				      : "memstats *_sys and the binary's data");
	if (m->l->n == n)
		m->l->n--; /* no part of it is known: no node */
	else
		go->bytes = children_of(m->l, "go", &go->exact);
	put(m, "native", "charge", p->native, p->exact && p->meta_exact,
	    p->exact ? "pagemap over anonymous mappings that are not Go's"
		     : "RssAnon less the Go runtime's sums");
	put(m, "threads", "charge", p->threads, p->exact, "pagemap over thread stacks");
}

static struct parts parts_of_snapshot(const struct case_snapshot *s)
{
	const struct case_resident *r = s->resident;
	int64_t absent = known(r->heap_nonresident) ? (int64_t)leaf(r->heap_nonresident) : 0;
	struct parts p = {
		.spans = leaf(r->heap_spans),
		.free = leaf(r->heap_free),
		.stacks = leaf(r->go_stacks),
		.meta = known(r->go_meta) ? plus(leaf(r->go_meta), leaf(r->image_anon))
					  : UNKNOWN_U64,
		.native = leaf(r->native),
		.threads = leaf(r->thread_stacks),
		.exact = true,
		.meta_exact = r->go_meta_exact,
	};

	if (known(p.spans))
		p.heap = ledger_heap_of_snapshot(s, capped(p.spans), absent);
	return p;
}

/* The runtime counts spans, resident or not: what exceeds RssAnon cannot have been resident. */
static struct parts parts_of_sample(const struct case_sample *s)
{
	struct parts p = {
		.spans = leaf(s->heap_inuse),
		.free = leaf(s->heap_free),
		.stacks = leaf(s->stack_inuse),
		.meta = leaf(s->meta),
		.native = UNKNOWN_U64,
		.threads = UNKNOWN_U64,
	};
	uint64_t all = plus(plus(p.spans, p.free), plus(p.stacks, p.meta));

	if (!known(p.spans) || !known(p.free) || !known(s->rss_anon))
		return p;
	p.absent = all > s->rss_anon ? all - s->rss_anon : 0;
	p.absent = p.absent < p.spans ? p.absent : p.spans;
	p.spans -= p.absent;
	p.native = all > s->rss_anon ? 0 : s->rss_anon - all;
	p.heap = ledger_heap_of_sample(s, capped(p.spans), capped(p.absent));
	return p;
}

static const char *other_id(struct arena *a, int pid)
{
	char id[32];
	const char *kept;

	snprintf(id, sizeof(id), "other.%d", pid);
	kept = arena_str(a, str_from(id)).p;
	return kept ? kept : "other";
}

static uint64_t anon_of(const struct case_process *p)
{
	return p->target || !known(p->rss_anon) ? 0 : p->rss_anon;
}

/* The largest that is smaller than the one before (@below, in their order by size and place). */
static const struct case_process *next_largest(const struct whycase *c,
					       const struct case_process *before)
{
	const struct case_process *best = NULL;

	for (size_t i = 0; i < c->n_processes; i++) {
		const struct case_process *p = &c->processes[i];

		if (before && (anon_of(p) > anon_of(before) ||
			       (anon_of(p) == anon_of(before) && p <= before)))
			continue;
		if (anon_of(p) && (!best || anon_of(p) > anon_of(best)))
			best = p;
	}
	return best;
}

/* A list of the whole host's processes is not of this charge: they would not fit into it. */
static bool others_fit(const struct maker *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->c->n_processes; i++)
		sum = plus(sum, anon_of(&m->c->processes[i]));
	return sum <= m->l->total;
}

/* Shared memory is not added: the group's own statistics have it once, however many map it. */
static void put_others(struct maker *m)
{
	const struct case_process *p = others_fit(m) ? next_largest(m->c, NULL) : NULL;

	for (unsigned n = 0; n < OTHERS_MAX && p; n++, p = next_largest(m->c, p)) {
		put(m, other_id(m->a, p->pid), "charge", p->rss_anon, true,
		    "/proc/PID/status RssAnon");
	}
}

static void put_kernel(struct maker *m, const struct case_charge *g)
{
	bool v2 = m->c->host.cgroup_version == 2;

	if (known(g->kernel))
		put(m, "kernel", "charge", g->kernel, true,
		    v2 ? "memory.stat kernel" : "memory.kmem.usage_in_bytes");
	else if (v2) /* before 5.18: the parts that it names */
		put(m, "kernel", "charge", plus(plus(g->kernel_stack, g->pagetables), g->slab),
		    false, "memory.stat kernel_stack, pagetables, slab");
	if (v2) /* on version 1 a counter of its own, beside the charge */
		put(m, "sock", "charge", g->sock, true, "memory.stat sock");
}

static void put_group(struct maker *m, const struct case_charge *g)
{
	bool v2 = m->c->host.cgroup_version == 2;

	put(m, "file", "charge", g->file, true,
	    v2 ? "memory.stat file less shmem" : "memory.stat cache less shmem");
	put(m, "shmem", "charge", g->shmem, true, "memory.stat shmem");
	put_kernel(m, g);
}

static void open_sum(struct maker *m, uint64_t total, bool exact, const char *source)
{
	m->l->total = (uint64_t)capped(total);
	put(m, "charge", NULL, total, exact, source);
}

/* What the children of the root leave of it. */
static void close_sum(struct maker *m)
{
	bool exact = true;
	int64_t left = (int64_t)m->l->total - children_of(m->l, "charge", &exact);

	m->l->unexplained = left;
	if (m->l->n < LEDGER_NODES_MAX)
		m->l->nodes[m->l->n++] = (struct ledger_node){ "unexplained", "charge", left, exact,
							       "what is left of the charge" };
	m->l->known = true;
}

static const char *usage_file(const struct maker *m)
{
	static const char *const names[] = { "the group's usage", "memory.usage_in_bytes",
					     "memory.current" };

	return names[(unsigned)m->c->host.cgroup_version % 3];
}

/* Much was charged or given back since: the pages as they were then say little of the end. */
static bool stale(const struct maker *m, const struct case_snapshot *s)
{
	int64_t now = capped(case_charge_bytes(m->c)), then = capped(s->charge->usage);
	int64_t most = then / STALE_SHARE;

	return m->c->n_samples &&
	       m->c->samples[m->c->n_samples - 1].t / 2 - s->t / 2 > STALE_NS / 2 &&
	       (now - then > most || then - now > most);
}

/* The last look at the target's pages, and of the same moment the group's charge. */
static bool from_snapshot(struct maker *m)
{
	for (size_t i = m->c->n_snapshots; i-- > 0;) {
		const struct case_snapshot *s = &m->c->snapshots[i];
		struct parts p;

		if (!s->resident || !s->charge || !known(s->charge->usage))
			continue;
		if (stale(m, s))
			return false;
		p = parts_of_snapshot(s);
		open_sum(m, s->charge->usage, true, usage_file(m));
		put_target(m, &p);
		put_others(m);
		put_group(m, s->charge);
		close_sum(m);
		return true;
	}
	return false;
}

/* The host was full: what it counted is all that is not available. */
static bool from_host(struct maker *m)
{
	const struct case_host *h = &m->c->host;
	const struct case_snapshot *s = NULL;
	struct parts p;

	for (size_t i = m->c->n_snapshots; i-- > 0 && !s;)
		s = m->c->snapshots[i].resident ? &m->c->snapshots[i] : NULL;
	if (!s || !m->c->end.kill || m->c->end.kill->kind != OOM_GLOBAL || !known(h->mem_total) ||
	    !known(h->mem_available) || h->mem_available > h->mem_total)
		return false;
	p = parts_of_snapshot(s);
	open_sum(m, h->mem_total - h->mem_available, true,
		 "/proc/meminfo MemTotal less MemAvailable");
	put_target(m, &p);
	put_others(m);
	close_sum(m);
	return true;
}

/* No group was seen: the process alone. */
static bool from_process(struct maker *m)
{
	for (size_t i = m->c->n_snapshots; i-- > 0;) {
		const struct case_resident *r = m->c->snapshots[i].resident;
		struct parts p;

		if (!r || !known(r->rss_anon))
			continue;
		p = parts_of_snapshot(&m->c->snapshots[i]);
		open_sum(m, plus(r->rss_anon, plus(r->rss_file, r->rss_shmem)), true,
			 "/proc/PID/status RssAnon, RssFile, RssShmem (no memory group seen)");
		put_target(m, &p);
		put(m, "file", "charge", r->rss_file, true, "/proc/PID/status RssFile");
		put(m, "shmem", "charge", r->rss_shmem, true, "/proc/PID/status RssShmem");
		close_sum(m);
		return true;
	}
	return false;
}

/* Its pages were never looked at, or not at the end: the last sample, by the runtime's own sums. */
static bool from_sample(struct maker *m)
{
	for (size_t i = m->c->n_samples; i-- > 0;) {
		const struct case_sample *s = &m->c->samples[i];
		const struct case_charge *g = case_last_charge(m->c);
		struct parts p;

		if (!known(s->charge) || !known(s->heap_inuse))
			continue;
		p = parts_of_sample(s);
		open_sum(m, s->charge, true, usage_file(m));
		put_target(m, &p);
		put_others(m);
		put(m, "file", "charge", s->charge_file, true, "memory.stat, last sample");
		if (g)
			put_kernel(m, g);
		close_sum(m);
		return true;
	}
	return false;
}

/* A kernel log alone: its task table, in the group whose limit was hit. */
static bool from_log(struct maker *m)
{
	const struct case_kill *k = m->c->end.kill;
	uint64_t usage = UNKNOWN_U64;
	unsigned n = 0;

	if (k && k->kind == OOM_MEMCG)
		usage = known(k->usage) ? k->usage : k->limit;
	if (!known(usage) || usage == CASE_NO_LIMIT)
		return false;
	open_sum(m, usage, known(k->usage),
		 known(k->usage) ? "kernel log: usage" : "kernel log: limit");
	if (known(k->anon_rss)) /* the victim; its row of the table has file pages too */
		put(m, other_id(m->a, k->pid), "charge", plus(k->anon_rss, k->shmem_rss), false,
		    "kernel log: kill line, anon-rss and shmem-rss");
	for (size_t i = 0; i < k->n_tasks && n < OTHERS_MAX; i++) {
		if (known(k->anon_rss) && k->tasks[i].pid == k->pid)
			continue;
		if (known(k->tasks[i].rss_bytes) && k->tasks[i].rss_bytes &&
		    put(m, other_id(m->a, k->tasks[i].pid), "charge", k->tasks[i].rss_bytes, false,
			"kernel log: task table, rss with file pages"))
			n++;
	}
	close_sum(m);
	return true;
}

void ledger_of(const struct whycase *c, struct arena *a, struct ledger *ret)
{
	/* the first that can be had; each either fills the ledger or leaves it empty */
	static bool (*const makers[])(struct maker * m) = { from_host, from_snapshot, from_sample,
							    from_process, from_log };
	struct maker m = { c, a, ret };

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (makers[i](&m))
			return;
	}
}

const struct ledger_node *ledger_find(const struct ledger *l, const char *id)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (strcmp(l->nodes[i].id, id) == 0)
			return &l->nodes[i];
	}
	return NULL;
}
