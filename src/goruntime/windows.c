/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/windows.h"

#include <errno.h>

void windows_init(struct windows *ws, struct mem *m)
{
	*ws = (struct windows){ .m = m };
}

void windows_release(struct windows *ws)
{
	for (size_t i = 0; i < WINDOWS; i++)
		free(ws->w[i].bytes);
	*ws = (struct windows){ .m = ws->m };
}

static bool holds(const struct window *w, uint64_t addr, size_t n)
{
	return addr >= w->from && addr - w->from <= w->n && n <= w->n - (addr - w->from);
}

static struct window *least_used(struct windows *ws)
{
	struct window *w = &ws->w[0];

	for (size_t i = 1; i < WINDOWS; i++) {
		if (ws->w[i].used < w->used)
			w = &ws->w[i];
	}
	return w;
}

/* The aligned block around @addr with its tail, as far as the mapping goes. */
static bool read_block(struct windows *ws, struct window *w, uint64_t addr, size_t n)
{
	const struct mem_region *r = mem_region_at(ws->m, addr);
	uint64_t from = addr & ~(uint64_t)(WINDOW_SIZE - 1), to;

	if (!r || __builtin_add_overflow(from, WINDOW_SIZE + WINDOW_TAIL, &to))
		return false;
	if (from < r->start)
		from = r->start;
	if (to > r->end)
		to = r->end;
	if (to < addr || to - addr < n)
		return false;
	if (mem_read(ws->m, from, w->bytes, (size_t)(to - from), NULL) < 0)
		return false;
	w->from = from;
	w->n = (size_t)(to - from);
	return true;
}

static int fill(struct windows *ws, struct window *w, uint64_t addr, size_t n, struct err *err)
{
	int r;

	w->n = 0;
	if (!w->bytes)
		w->bytes = malloc(WINDOW_SIZE + WINDOW_TAIL);
	if (!w->bytes)
		return err_set(err, -ENOMEM, "out of memory");
	if (read_block(ws, w, addr, n))
		return 0;
	r = mem_read(ws->m, addr, w->bytes, n, err);
	if (r < 0)
		return r;
	w->from = addr;
	w->n = n;
	return 0;
}

int windows_at(struct windows *ws, uint64_t addr, size_t n, const uint8_t **ret, struct err *err)
{
	struct window *w = NULL;
	int r;

	if (n > WINDOW_TAIL)
		return err_set(err, -E2BIG, "0x%llx +%zu: too large", (unsigned long long)addr, n);
	for (size_t i = 0; i < WINDOWS && !w; i++) {
		if (holds(&ws->w[i], addr, n))
			w = &ws->w[i];
	}
	if (!w) {
		w = least_used(ws);
		r = fill(ws, w, addr, n, err);
		if (r < 0)
			return r;
	}
	w->used = ++ws->clock;
	*ret = w->bytes + (addr - w->from);
	return 0;
}
