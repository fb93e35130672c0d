/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/residency.h"

#include <errno.h>
#include <unistd.h>

#include "host/fds.h"
#include "host/file.h"
#include "host/pagemap.h"
#include "host/proc_status.h"
#include "host/zero_page.h"

/* What the map of the heap is kept in; a page of the machine is one or more of them. */
#define UNIT ((uint64_t)4096)
#define GO_PAGE ((uint64_t)8192)
#define ARENA_BYTES ((uint64_t)64 << 20)
#define ARENAS_MAX ((size_t)16384)     /* 1 TiB of heap */
#define WINDOW 8192		       /* pagemap entries read at once */
#define REGION_MAX ((uint64_t)1 << 40) /* larger ones are reservations, not memory */

/* What of the heap is present, a bit a unit, arena by arena in address order. */
struct heap_map {
	struct span64 arenas[ARENAS_MAX];
	size_t n;
	uint64_t *bits;
	uint64_t present; /* units */
};

struct walk {
	struct subject *s;
	int pagemap;
	uint64_t page_size; /* the machine's */
	struct zero_page zero;
	struct heap_map *heap;
	struct case_resident *ret;
	uint64_t entries[WINDOW];
	uint64_t go_named, other;   /* bytes of anonymous mappings: with Go's names, without */
	uint64_t heap_spans_wanted; /* bytes of spans in use */
};

static struct span64 *arena_of(struct heap_map *h, uint64_t addr)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (addr >= h->arenas[mid].to)
			low = mid + 1;
		else
			high = mid;
	}
	return low < h->n && addr >= h->arenas[low].from ? &h->arenas[low] : NULL;
}

static uint64_t bit_index(const struct heap_map *h, const struct span64 *arena, uint64_t addr)
{
	return (uint64_t)(arena - h->arenas) * (ARENA_BYTES / UNIT) + (addr - arena->from) / UNIT;
}

/* One present unit: of an arena it sets its bit, else it is counted. */
static uint64_t count_unit(struct heap_map *h, uint64_t addr)
{
	struct span64 *arena = arena_of(h, addr);
	uint64_t at;

	if (!arena)
		return 1;
	at = bit_index(h, arena, addr);
	h->bits[at / 64] |= UINT64_C(1) << (at % 64);
	h->present++;
	return 0;
}

/* Bytes of present anonymous pages of [from, to) that lie in no arena. */
static uint64_t count_pages(struct walk *w, uint64_t from, uint64_t to, bool anonymous_only)
{
	uint64_t units = 0, page = w->page_size;

	while (from < to) {
		uint64_t want = (to - from) / page;
		ssize_t n = pagemap_read(w->pagemap, from, page, w->entries,
					 want < WINDOW ? (size_t)want : WINDOW, NULL);

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			uint64_t e = w->entries[i];

			if (!(e & PAGEMAP_PRESENT) || (anonymous_only && (e & PAGEMAP_FILE)) ||
			    zero_page_is(&w->zero, e))
				continue;
			for (uint64_t at = 0; at < page; at += UNIT)
				units += count_unit(w->heap, from + (uint64_t)i * page + at);
		}
		from += (uint64_t)n * page;
	}
	return units * UNIT;
}

static bool starts(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static void account(struct walk *w, const struct mem_region *r)
{
	uint64_t bytes;

	if (!(r->prot & (MEM_R | MEM_W)) || r->end - r->start > REGION_MAX)
		return;
	bytes = count_pages(w, r->start, r->end, true);
	if (starts(r->name, "[heap]"))
		w->ret->brk += bytes;
	else if (starts(r->name, "[stack"))
		w->ret->thread_stacks += bytes;
	else if (starts(r->name, "[anon: Go:"))
		w->go_named += bytes;
	else if (!r->anonymous)
		w->ret->image_anon += bytes;
	else
		w->other += bytes;
}

/* How much of one span is present; told to the walk by the span reader. */
static void visit_span(void *arg, const struct gospan *span)
{
	struct walk *w = arg;
	uint64_t units = 0, from = span->start, bytes;

	if (__builtin_mul_overflow(span->npages, GO_PAGE, &bytes) ||
	    bytes > ARENA_BYTES * ARENAS_MAX)
		return;
	for (uint64_t addr = from; addr < from + bytes; addr += UNIT) {
		struct span64 *arena = arena_of(w->heap, addr);
		uint64_t at;

		if (!arena)
			continue;
		at = bit_index(w->heap, arena, addr);
		units += w->heap->bits[at / 64] >> (at % 64) & 1;
	}
	if (span->manual) {
		w->ret->go_stacks += units * UNIT;
		return;
	}
	w->ret->heap_spans += units * UNIT;
	w->heap_spans_wanted += bytes;
}

/*
 * The runtime's own structures and native memory share the anonymous mappings
 * that have no name. Without cgo only the runtime and the program's own mmap
 * calls make any: what exceeds the runtime's sums is the program's. With cgo
 * the runtime's sums are all there is to go by.
 */
static void split_other(struct walk *w, const struct gostats *stats, bool cgo)
{
	uint64_t meta_sys, unnamed;

	if (!stats) {
		w->ret->go_meta = w->go_named;
		w->ret->native = w->other + w->ret->brk;
		return;
	}
	meta_sys = stats->mspan_sys + stats->mcache_sys + stats->buckhash_sys + stats->gc_sys +
		   stats->other_sys;
	if (w->go_named) {
		w->ret->go_meta_exact = true;
		unnamed = 0;
	} else {
		unnamed = w->other < meta_sys ? w->other : meta_sys;
		w->ret->go_meta_exact = !cgo && w->other <= meta_sys;
	}
	w->ret->go_meta = w->go_named + unnamed;
	w->ret->native = w->other - unnamed + w->ret->brk;
}

/* /proc/PID, or the held thread's directory below it; the caller closes it. */
static int task_dir(const struct subject *s, struct err *err)
{
	char name[48] = ".";

	if (s->via)
		snprintf(name, sizeof(name), "task/%d", s->via);
	return file_open_dir(s->procfd, name, err);
}

/* Status gives the counters that pagemap does not. */
static void read_status(int taskfd, struct case_resident *ret)
{
	struct proc_status status;
	struct fds fds;

	if (proc_status_read(taskfd, &status, NULL) == 0) {
		ret->rss_anon = status.rss_anon;
		ret->rss_file = status.rss_file;
		ret->rss_shmem = status.rss_shmem;
		ret->swap = status.vm_swap;
		ret->threads = status.threads;
	}
	if (fds_read(taskfd, &fds, NULL) == 0)
		ret->fds = fds.n;
}

static int walk_regions(struct walk *w, struct err *err)
{
	int r = goarenas_read(&w->s->rt, w->s->mem, w->heap->arenas, ARENAS_MAX, err);

	if (r < 0)
		return r;
	w->heap->n = (size_t)r < ARENAS_MAX ? (size_t)r : ARENAS_MAX;
	w->heap->bits = calloc(w->heap->n * (ARENA_BYTES / UNIT / 64) + 1, sizeof(uint64_t));
	if (!w->heap->bits)
		return err_set(err, -ENOMEM, "no memory for the map of the heap's pages");
	r = mem_refresh(w->s->mem, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->s->mem->n_regions; i++)
		account(w, &w->s->mem->regions[i]);
	return 0;
}

static void release_walk(struct walk **w)
{
	if (!*w)
		return;
	if ((*w)->heap)
		free((*w)->heap->bits);
	free((*w)->heap);
	if ((*w)->pagemap >= 0)
		close((*w)->pagemap);
	free(*w);
}

/* Counters start at 0 where they are sums; what status gives stays unknown until read. */
static void begin_sums(struct case_resident *r)
{
	r->heap_spans = r->heap_nonresident = r->heap_free = r->go_stacks = r->go_meta = 0;
	r->image_anon = r->thread_stacks = r->native = r->brk = 0;
}

int residency_read(struct subject *s, const struct gostats *stats, size_t max_large,
		   struct arena *a, struct gospans *spans, bool *ret_have_spans,
		   struct case_resident *ret, struct err *err)
{
	_cleanup_(release_walk) struct walk *w = calloc(1, sizeof(*w));
	struct gospan_visitor visitor = { visit_span, w };
	_cleanup_(close_fd) int taskfd = task_dir(s, err);
	struct image_func found;
	int r;

	if (taskfd < 0)
		return taskfd;
	if (!w)
		return err_set(err, -ENOMEM, "no memory to look at resident pages");
	w->pagemap = -1;
	w->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	zero_page_find(&w->zero, (size_t)w->page_size);
	w->heap = calloc(1, sizeof(*w->heap));
	if (!w->heap)
		return err_set(err, -ENOMEM, "no memory to look at resident pages");
	w->s = s;
	w->ret = ret;
	read_status(taskfd, ret);
	w->pagemap = pagemap_open(taskfd, err);
	if (w->pagemap < 0)
		return w->pagemap;
	begin_sums(ret);
	r = walk_regions(w, err);
	if (r < 0)
		return r;
	r = gospans_read(&s->rt, s->mem, max_large, &visitor, a, spans, err);
	if (r < 0)
		return r;
	*ret_have_spans = true;
	ret->heap_nonresident = w->heap_spans_wanted - ret->heap_spans;
	ret->heap_free = w->heap->present * UNIT - ret->heap_spans - ret->go_stacks;
	split_other(w, stats, image_func_named(s->img, "crosscall2", &found));
	return 0;
}
