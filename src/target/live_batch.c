/* SPDX-License-Identifier: Apache-2.0 */
/* live_batch: ranges of several pieces that are read with one call. */
#include <errno.h>

#include "target/live_work.h"

/* Bytes a call: a few milliseconds, for the sake of the deadline. */
#define CALL_BYTES ((size_t)16 << 20)

static void fail_from(struct work *w, size_t from)
{
	for (; from < w->n_parts; from++) {
		if (w->parts[from].piece != NO_PIECE)
			w->v[w->parts[from].piece].ok = false;
	}
	w->n_parts = 0;
	w->bytes = 0;
}

void batch_drop(struct work *w)
{
	fail_from(w, 0);
}

static void append(struct iovec *v, size_t *n, void *base, size_t len)
{
	if (*n && (char *)v[*n - 1].iov_base + v[*n - 1].iov_len == (char *)base)
		v[*n - 1].iov_len += len;
	else
		v[(*n)++] = (struct iovec){ base, len };
}

/* Parts from @k on in one call. Returns the first that was not had. */
static ssize_t call_once(struct work *w, size_t k, struct err *err)
{
	size_t n_local = 0, n_remote = 0;
	ssize_t got;

	for (size_t i = k; i < w->n_parts; i++) {
		const struct part *p = &w->parts[i];

		append(w->local, &n_local, p->dst, p->len);
		append(w->remote, &n_remote, (void *)(uintptr_t)p->addr, p->len);
	}
	got = live_vm_read(w->l, w->local, n_local, w->remote, n_remote, err);
	if (got < 0)
		return got;
	while (k < w->n_parts && (size_t)got >= w->parts[k].len)
		got -= (ssize_t)w->parts[k++].len;
	return (ssize_t)k;
}

int batch_read(struct work *w, struct err *err)
{
	size_t k = 0;

	while (k < w->n_parts) {
		int r = mem_in_time(&w->l->mem, err);
		ssize_t next = r < 0 ? r : call_once(w, k, err);

		if (next < 0) {
			fail_from(w, k);
			return (int)next;
		}
		k = (size_t)next;
		if (k == w->n_parts)
			break;
		/* Its page vanished, or may not be read after all (a device's). */
		if (w->parts[k].piece != NO_PIECE)
			w->v[w->parts[k].piece].ok = false;
		w->again = true;
		k++;
	}
	w->n_parts = 0;
	w->bytes = 0;
	return 0;
}

/*
 * A small gap is read with its neighbours rather than have two ranges. It is
 * shorter than a page, so that it lies in pages which are read anyway.
 */
static size_t gap_before(const struct work *w, uint64_t addr)
{
	const struct part *last = w->n_parts ? &w->parts[w->n_parts - 1] : NULL;
	uint64_t end = last ? last->addr + last->len : 0;

	return last && addr > end && addr - end <= sizeof(w->waste) ? (size_t)(addr - end) : 0;
}

int batch_add(struct work *w, const struct part *p, struct err *err)
{
	size_t gap = gap_before(w, p->addr);
	int r;

	if (w->n_parts + 2 > w->room || w->bytes >= CALL_BYTES) {
		r = batch_read(w, err);
		if (r < 0)
			return r;
		gap = 0;
	}
	if (gap)
		w->parts[w->n_parts++] = (struct part){ p->addr - gap, w->waste, gap, NO_PIECE };
	w->parts[w->n_parts++] = *p;
	w->bytes += p->len;
	return 1;
}
