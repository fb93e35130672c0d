/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/globals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "heap/global_symbols.h"

#define BUDGET ((size_t)1 << 30)
#define REFS_MAX 4096 /* of one function that are looked at */
#define USES_MAX ((size_t)16 << 20)
#define NAMED 3 /* functions in a name */
#define NAME_TEXT 1024

struct use {
	uint64_t addr;
	uint32_t insn; /* from the beginning of the text */
};

struct heap_globals {
	const struct goruntime *rt;
	struct mem *m;
	struct arena a;
	struct global_symbol *symbols;
	size_t n_symbols;
	struct buf uses; /* of struct use, by address */
	bool have_uses;
};

int heap_globals(const struct goruntime *rt, struct mem *m, int exe_fd, struct heap_globals **ret,
		 struct err *err)
{
	struct heap_globals *g = calloc(1, sizeof(*g));
	int r = 0;

	if (!g)
		return err_set(err, -ENOMEM, "no memory for the names of variables");
	g->rt = rt;
	g->m = m;
	arena_init(&g->a, BUDGET);
	buf_init(&g->uses, USES_MAX * sizeof(struct use));
	if (exe_fd >= 0)
		r = global_symbols_read(rt->img, exe_fd, &g->a, &g->symbols, &g->n_symbols, err);
	if (r < 0) {
		heap_globals_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

void heap_globals_free(struct heap_globals *g)
{
	if (!g)
		return;
	arena_release(&g->a);
	buf_release(&g->uses);
	free(g);
}

static void add_uses(struct heap_globals *g, const struct image_func *f, struct image_ref *refs)
{
	struct err err;
	int n = image_refs(g->rt->img, g->m, f, refs, REFS_MAX, &err);

	for (int i = 0; i < n && i < REFS_MAX; i++) {
		struct use u = { refs[i].target,
				 (uint32_t)(refs[i].insn - image_module(g->rt->img)->text.from) };

		if (refs[i].segment == SEG_DATA || refs[i].segment == SEG_BSS)
			buf_add(&g->uses, &u, sizeof(u));
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->insn > y->insn) - (x->insn < y->insn);
}

/* Functions lie one behind the other from the beginning of the text. */
static void find_uses(struct heap_globals *g)
{
	_cleanup_(free_ptr) struct image_ref *refs = calloc(REFS_MAX, sizeof(*refs));
	const struct span64 text = image_module(g->rt->img)->text;
	size_t left = image_n_funcs(g->rt->img);
	struct image_func f;

	g->have_uses = true;
	for (uint64_t pc = text.from; refs && left && pc < text.to; left--) {
		if (!image_func_at(g->rt->img, pc, &f) || f.end <= pc)
			break;
		add_uses(g, &f, refs);
		pc = f.end;
	}
	qsort(g->uses.p, g->uses.n / sizeof(struct use), sizeof(struct use), by_addr);
}

static bool is_runtimes(const char *name)
{
	return !strncmp(name, "runtime.", 8);
}

/*
 * Of those that refer to one address: the program's own before libraries, init late, the
 * runtime last. What was inlined is no work of the function that it stands in: a library
 * that asks for the number of goroutines does not own the runtime's lists.
 */
static int worth(const struct heap_globals *g, const struct image_func *f, uint64_t insn)
{
	const char *module = image_module_of(g->rt->img, f->name);
	bool init = strstr(f->name, ".init") != NULL;
	bool own = !strncmp(f->name, "main.", 5) ||
		   (module[0] && !strcmp(module, image_main_module(g->rt->img)));
	struct image_frame inner;

	image_frame_innermost(g->rt->img, insn, &inner);
	if (is_runtimes(inner.function))
		return 0;
	return (init ? 1 : 4) + (own ? 2 : strcmp(module, "std") != 0);
}

struct best {
	struct image_func of[NAMED];
	int worth[NAMED]; /* the greatest first */
	int n;
};

/* Takes out what is there of the same function; false: that was worth as much. */
static bool outdo(struct best *b, uint64_t entry, int worth)
{
	for (int i = 0; i < b->n; i++) {
		if (b->of[i].entry != entry)
			continue;
		if (b->worth[i] >= worth)
			return false;
		for (b->n--; i < b->n; i++) {
			b->of[i] = b->of[i + 1];
			b->worth[i] = b->worth[i + 1];
		}
	}
	return true;
}

static void consider(struct best *b, const struct image_func *f, int worth)
{
	int at;

	if (!outdo(b, f->entry, worth))
		return;
	for (at = b->n; at && b->worth[at - 1] < worth;)
		at--;
	if (at == NAMED)
		return;
	b->n += b->n < NAMED;
	for (int k = b->n - 1; k > at; k--) {
		b->of[k] = b->of[k - 1];
		b->worth[k] = b->worth[k - 1];
	}
	b->of[at] = *f;
	b->worth[at] = worth;
}

static void name_by(struct heap_globals *g, const struct use *v, size_t n, struct heap_global *ret)
{
	BUF(text, NAME_TEXT);
	struct best b = { .n = 0 };
	struct image_func f;

	for (size_t i = 0; i < n; i++) {
		uint64_t insn = image_module(g->rt->img)->text.from + v[i].insn;

		if (image_func_at(g->rt->img, insn, &f))
			consider(&b, &f, worth(g, &f, insn));
	}
	ret->by_reference = true;
	if (!b.n)
		return;
	for (int k = 0; k < b.n; k++)
		buf_printf(&text, "%s%s", k ? ", " : "(used by ", b.of[k].name);
	buf_printf(&text, ")");
	ret->name = text.failed ? b.of[0].name
				: arena_str(&g->a, (struct str){ (const char *)text.p, text.n }).p;
	ret->module = image_module_of(g->rt->img, b.of[0].name);
	/* The runtime's own come last: there are no others. */
	ret->of_runtime = !b.worth[0];
}

/* The uses of the nearest address at or below @addr. */
static bool by_uses(struct heap_globals *g, uint64_t addr, struct heap_global *ret)
{
	const struct use *v;
	size_t n, lo = 0, hi, from;

	if (!g->have_uses)
		find_uses(g);
	v = (const struct use *)(const void *)g->uses.p;
	n = hi = g->uses.n / sizeof(*v);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo ||
	    image_segment_of(g->rt->img, v[lo - 1].addr) != image_segment_of(g->rt->img, addr))
		return false;
	for (from = lo - 1; from && v[from - 1].addr == v[lo - 1].addr;)
		from--;
	*ret = (struct heap_global){ .addr = v[from].addr };
	ret->size = lo < n ? v[lo].addr - ret->addr : addr + 8 - ret->addr;
	name_by(g, v + from, lo - from, ret);
	return true;
}

static bool by_symbol(const struct heap_globals *g, uint64_t addr, struct heap_global *ret)
{
	size_t lo = 0, hi = g->n_symbols;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->symbols[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || addr - g->symbols[lo - 1].addr >= g->symbols[lo - 1].size)
		return false;
	*ret = (struct heap_global){ .addr = g->symbols[lo - 1].addr,
				     .size = g->symbols[lo - 1].size,
				     .name = g->symbols[lo - 1].name };
	ret->module = image_module_of(g->rt->img, ret->name);
	ret->of_runtime = is_runtimes(ret->name);
	return true;
}

bool heap_global_at(struct heap_globals *g, uint64_t addr, struct heap_global *ret)
{
	enum image_segment seg = image_segment_of(g->rt->img, addr);

	if (seg != SEG_DATA && seg != SEG_BSS)
		return false;
	return g->n_symbols ? by_symbol(g, addr, ret) : by_uses(g, addr, ret);
}
