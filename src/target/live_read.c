/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_read: many pieces of a live process, each page by the way that does no harm.
 *
 * The pieces are taken in the order of their addresses, so that pagemap is read
 * in runs and neighbours become one remote range. What is there is gathered for
 * one process_vm_readv() (live_batch.c). A page may vanish in between: then its
 * piece is looked at once more at the end.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "host/pagemap.h"
#include "target/live_private.h"
#include "target/live_work.h"

/* Pieces closer than this (in pages) share a read of pagemap: a word costs far less than a call. */
#define NEAR 64

/* Mappings older than this are read again before an absent page is answered from them. */
#define STALE (100 * NS_PER_MS)

/* So has an unknown address, once a call; but it may take 1/20 of the time at most. */
#define REREAD_SHARE 20
#define REREAD_WAIT (50 * NS_PER_MS)

enum page {
	PAGE_OWN,      /* there, and the process's alone or a file's */
	PAGE_BORROWED, /* there, copied on write and not yet copied */
	PAGE_SWAPPED,
	PAGE_ABSENT,
};

static enum page page_kind(uint64_t word)
{
	if (word & PAGEMAP_PRESENT)
		return word & (PAGEMAP_FILE | PAGEMAP_EXCLUSIVE) ? PAGE_OWN : PAGE_BORROWED;
	return word & PAGEMAP_SWAPPED ? PAGE_SWAPPED : PAGE_ABSENT;
}

/* process_vm_readv() would have the kernel copy such a page for the process, and charge it. */
static int read_borrowed(struct work *w, const struct part *p, struct err *err)
{
	ssize_t n;

	(void)err;
	if (w->l->mem_fd < 0)
		return 0;
	n = pread(w->l->mem_fd, p->dst, p->len, (off_t)p->addr);
	w->l->mem.calls++;
	w->l->mem.bytes_read += n > 0 ? (uint64_t)n : 0;
	w->again |= n != (ssize_t)p->len;
	return n == (ssize_t)p->len;
}

static int read_swapped(struct work *w, const struct part *p, struct err *err)
{
	(void)p, (void)err;
	w->again = true; /* it may only be on the move */
	return 0;
}

static int read_absent(struct work *w, const struct part *p, struct err *err)
{
	enum live_backing backing = w->l->table->backing[w->hit];

	(void)err;
	if (backing == LIVE_ZEROS)
		memset(p->dst, 0, p->len);
	if (backing == LIVE_FILE)
		return live_from_file(w->l, w->hit, p->addr, p->dst, p->len);
	return backing == LIVE_ZEROS;
}

/* Each: 1 done or will be; 0 cannot be had; negative errno. */
static int (*const read_page[])(struct work *, const struct part *, struct err *) = {
	[PAGE_OWN] = batch_add,
	[PAGE_BORROWED] = read_borrowed,
	[PAGE_SWAPPED] = read_swapped,
	[PAGE_ABSENT] = read_absent,
};

static bool hit(const struct work *w, size_t i, uint64_t addr)
{
	const struct live_table *t = w->l->table;

	return i < t->n && t->regions[i].start <= addr && addr < t->regions[i].end;
}

static bool find_region(struct work *w, uint64_t addr)
{
	const struct live_table *t = w->l->table;
	const struct mem_region *r;

	if (hit(w, w->hit, addr))
		return true;
	if (hit(w, w->hit + 1, addr)) {
		w->hit++;
		return true;
	}
	r = mem_region_find(t->regions, t->n, addr);
	w->hit = r ? (size_t)(r - t->regions) : 0;
	return r;
}

static bool worth_reread(struct work *w, uint64_t addr)
{
	const struct live_table *t = w->l->table;
	int64_t wait = t->cost * REREAD_SHARE;

	if (w->reread || w->l->held || addr < w->l->page_size || addr >> 63)
		return false;
	return clock_mono() - t->when >= (wait < REREAD_WAIT ? wait : REREAD_WAIT);
}

static bool readable(struct work *w, uint64_t addr)
{
	return find_region(w, addr) && (w->l->table->regions[w->hit].prot & MEM_R);
}

/*
 * 1: w->hit is the mapping of @addr and may be read; 0: there is none. An
 * address in PROT_NONE may be of a heap that has grown into its reservation.
 */
static int region_for(struct work *w, uint64_t addr, struct err *err)
{
	int r;

	if (readable(w, addr))
		return 1;
	if (!worth_reread(w, addr))
		return 0;
	w->reread = true;
	r = live_reread(w->l, err);
	return r < 0 ? r : readable(w, addr);
}

/* The last page that the coming pieces want, as long as they are near each other. */
static uint64_t last_page(const struct work *w, uint64_t page, uint64_t end)
{
	size_t ps = w->l->page_size;
	uint64_t last = (end - 1) / ps;

	for (size_t i = w->at + 1; i < w->n_order; i++) {
		uint64_t addr = w->order[i].addr;
		uint64_t to = (addr + w->v[w->order[i].piece].len - 1) / ps;

		if (addr / ps > last + NEAR || last - page >= w->room_words)
			break;
		if (to > last)
			last = to;
	}
	return last;
}

/* Has the words of the pages from @addr on, at least of the first. */
static int look(struct work *w, uint64_t addr, uint64_t end, struct err *err)
{
	uint64_t page = addr / w->l->page_size, n;
	ssize_t got;
	int r;

	if (page >= w->first && page - w->first < w->n_words)
		return 0;
	r = mem_in_time(&w->l->mem, err);
	if (r < 0)
		return r;
	w->now = clock_mono();
	n = last_page(w, page, end) - page + 1;
	if (n > w->room_words)
		n = w->room_words;
	got = pagemap_read(w->l->pagemap, addr, w->l->page_size, w->words, (size_t)n, err);
	w->l->mem.calls++;
	w->first = page;
	w->n_words = got > 0 ? (size_t)got : 0;
	if (got < 0)
		return err_wrap(err, (int)got, "%s", w->l->name);
	if (got > 0)
		return 0;
	r = live_there(w->l, err);
	return r < 0 ? r : err_set(err, -EIO, "%s: pagemap ends early", w->l->name);
}

/* The end of the pages of the same kind as that of @addr, as far as they were looked at. */
static uint64_t run_end(const struct work *w, uint64_t addr, uint64_t end, enum page *ret_kind)
{
	size_t ps = w->l->page_size, i = (size_t)(addr / ps - w->first);
	enum page kind = page_kind(w->words[i]);
	uint64_t to;

	while (++i < w->n_words && (w->first + i) * ps < end && page_kind(w->words[i]) == kind)
		;
	to = (w->first + i) * ps;
	*ret_kind = kind;
	return to < end ? to : end;
}

/* As much of the piece from @at on as is of one kind. */
static int read_run(struct work *w, struct part *p, uint64_t end, struct err *err)
{
	enum page kind;
	uint64_t to;
	int r = region_for(w, p->addr, err);

	if (r <= 0)
		return r;
	to = w->l->table->regions[w->hit].end;
	end = end < to ? end : to;
	r = look(w, p->addr, end, err);
	if (r < 0)
		return r;
	to = run_end(w, p->addr, end, &kind);
	if (kind == PAGE_ABSENT && !w->l->held && w->now - w->l->table->when > STALE) {
		p->len = 0;
		r = live_reread(w->l, err);
		return r < 0 ? r : 1;
	}
	p->len = (size_t)(to - p->addr);
	return read_page[kind](w, p, err);
}

static int read_piece(struct work *w, size_t i, struct err *err)
{
	struct mem_piece *piece = &w->v[i];
	uint64_t end = piece->addr + piece->len;
	struct part p = { .addr = piece->addr, .dst = piece->dst, .piece = i };

	piece->ok = true;
	while (p.addr < end) {
		int r = read_run(w, &p, end, err);

		if (r <= 0) {
			piece->ok = false;
			return r;
		}
		p.addr += p.len;
		p.dst += p.len;
	}
	return 0;
}

static int read_block(struct work *w, struct err *err)
{
	for (w->at = 0; w->at < w->n_order; w->at++) {
		int r = read_piece(w, w->order[w->at].piece, err);

		if (r < 0) {
			batch_drop(w);
			return r;
		}
	}
	return batch_read(w, err);
}

static int read_all(struct work *w, struct err *err)
{
	w->again = false;
	w->n_words = 0;
	for (size_t from = 0; from < w->n; from += WORK_BLOCK) {
		int r;

		work_order(w, from);
		r = read_block(w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int live_read(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	struct live *l = (struct live *)m;
	_cleanup_(work_release) struct work w;
	int r = work_init(&w, l, v, n), there;

	if (r < 0)
		return err_set(err, r, "%s: no memory to read %zu pieces", m->name, n);
	r = read_all(&w, err);
	if (r == 0 && w.again)
		r = read_all(&w, err);
	/* Out of time: what was had is good only if it was of this process. */
	there = r == 0 || r == -ETIME ? live_there(l, r ? NULL : err) : r;
	if (there == 0 && l->held)
		there = live_intact(l, r ? NULL : err);
	if (there < 0) {
		for (size_t i = 0; i < n; i++)
			v[i].ok = false;
	}
	return r < 0 ? r : there;
}
