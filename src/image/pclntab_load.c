/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "base/cur.h"
#include "image/moduledata.h"
#include "image/pclntab.h"

#define INLINE_TREES_MAX (UINT64_C(64) << 20)

static const struct func_shape *func_shape_of(uint32_t magic)
{
	for (unsigned i = 0; i < n_func_shapes; i++)
		if (func_shapes[i].magic == magic)
			return &func_shapes[i];
	return NULL;
}

/* The part @s of the copy; false if it is not in it. */
static bool view_of(const struct pclntab *t, uint64_t base, struct span64 s, struct view *ret)
{
	if (s.from < base || s.to < s.from || s.to - base > t->n_bytes)
		return false;
	*ret = (struct view){ t->bytes + (s.from - base), (size_t)(s.to - s.from) };
	return true;
}

static bool take_views(struct pclntab *t, const struct moduledata *d)
{
	uint64_t base = d->module.pclntab;

	return view_of(t, base, d->funcnames, &t->funcnames) &&
	       view_of(t, base, d->cutab, &t->cutab) && view_of(t, base, d->filetab, &t->filetab) &&
	       view_of(t, base, d->pctab, &t->pctab) && view_of(t, base, d->funcs, &t->funcs) &&
	       view_of(t, base, d->ftab, &t->ftab);
}

/* Strings are handed out as they lie in the copy: see to it that the last one ends. */
static void end_strings(struct pclntab *t, const struct view *v)
{
	if (v->n)
		t->bytes[(size_t)(v->p - t->bytes) + v->n - 1] = '\0';
}

/*
 * Since Go 1.21 the table has generic functions' full names, "F[go.shape.int]";
 * everywhere the runtime shows "F[...]" (funcNameForPrint), and so does an image.
 * Where "..." is longer than what it stands for (no type argument is that short,
 * but "type:.eq.[8]T" is one) the name stays.
 */
static void shorten_generic(char *name, size_t n)
{
	char *open = memchr(name, '[', n), *close = open ? memrchr(name, ']', n) : NULL;
	static const char dots[] = "...";
	size_t rest;

	if (!close || close < open + sizeof(dots))
		return;
	memcpy(open + 1, dots, sizeof(dots) - 1);
	rest = (size_t)(name + n - close);
	memmove(open + sizeof(dots), close, rest);
	memset(open + sizeof(dots) + rest, 0, (size_t)(close - open) - sizeof(dots));
}

static void shorten_names(struct pclntab *t)
{
	char *p = (char *)t->bytes + (t->funcnames.p - t->bytes), *end = p + t->funcnames.n;

	while (p < end) {
		size_t n = strlen(p);

		shorten_generic(p, n);
		p += n + 1;
	}
}

static int copy_tables(struct mem *m, const struct moduledata *d, struct pclntab *t,
		       struct err *err)
{
	uint64_t base = d->module.pclntab, n = d->funcs.to - base;
	int r;

	if (n > PCLNTAB_MAX)
		return err_set(err, -EFBIG, "%s: its function table has %" PRIu64 " bytes", m->name,
			       n);
	t->bytes = malloc(n + 1);
	if (!t->bytes)
		return err_set(err, -ENOMEM, "%s: no memory for its function table", m->name);
	t->bytes[n] = '\0';
	t->n_bytes = n;
	r = mem_read(m, base, t->bytes, n, err);
	if (r < 0)
		return r;
	if (!take_views(t, d))
		return err_set(err, -EBADMSG, "%s: its function table is torn", m->name);
	end_strings(t, &t->funcnames);
	end_strings(t, &t->filetab);
	shorten_names(t);
	return 0;
}

/* What is wrong with the rows, NULL if nothing. @ret_max: the row whose inline tree is the last. */
static const char *rows_disproof(const struct pclntab *t, const struct moduledata *d,
				 uint32_t *ret_trees_end)
{
	uint32_t last = 0, last_row = UINT32_MAX, off;
	uint64_t before = d->minpc;
	struct func_row f;

	for (uint32_t i = 0; i < t->n_funcs; i++) {
		if (!pclntab_row(t, i, &f))
			return "a record is not whole";
		if (f.entry < before || f.end < f.entry)
			return "its functions are not in order";
		if (le32(t->funcs.p + f.at) + t->text != f.entry)
			return "a record is of another function";
		before = f.entry;
		if (pclntab_funcdata(t, &f, t->shape->funcdata_inline_tree, &off) && off >= last) {
			last = off;
			last_row = i;
		}
	}
	if (pclntab_row(t, 0, &f) && f.entry != d->minpc)
		return "its first function is not the lowest";
	if (pclntab_row(t, t->n_funcs - 1, &f) && f.end != d->maxpc)
		return "its last function is not the highest";
	*ret_trees_end = 0;
	if (last_row != UINT32_MAX && pclntab_row(t, last_row, &f) &&
	    pclntab_pcdata(t, &f, t->shape->pcdata_inline_index, &off)) {
		int64_t end =
			last + (pclntab_value_max(t, off) + INT64_C(1)) * t->shape->inlined_size;

		*ret_trees_end = end > 0 && end < INT32_MAX ? (uint32_t)end : 0;
	}
	return NULL;
}

/*
 * The inline trees lie among the FUNCDATA behind moduledata.gofunc, whose
 * length is nowhere said: up to the end of the last tree. Without them only
 * physical frames are known, which is no reason to fail.
 */
static int copy_inline_trees(struct mem *m, uint64_t gofunc, uint32_t n, struct pclntab *t,
			     struct err *err)
{
	int r;

	if (!n || n > INLINE_TREES_MAX)
		return 0;
	t->inline_trees = malloc(n);
	if (!t->inline_trees)
		return err_set(err, -ENOMEM, "%s: no memory for its inline trees", m->name);
	r = mem_read(m, gofunc, t->inline_trees, n, err);
	if (r >= 0)
		t->n_inline_trees = n;
	return r == -EFAULT ? 0 : r;
}

static int load(struct mem *m, const struct moduledata *d, struct pclntab *t, struct err *err)
{
	uint32_t trees_end = 0;
	const char *why;
	int r = copy_tables(m, d, t, err);

	if (r < 0)
		return r;
	/* Records are distinct: so many must fit. Bounds what is built over them. */
	if (t->funcs.n / (8U + t->shape->size) < t->n_funcs)
		return err_set(err, -EBADMSG, "%s: its function table has no room for %u functions",
			       m->name, t->n_funcs);
	why = rows_disproof(t, d, &trees_end);
	if (why)
		return err_set(err, -EBADMSG, "%s: its function table does not hold: %s", m->name,
			       why);
	return copy_inline_trees(m, d->module.gofunc, trees_end, t, err);
}

int pclntab_load(struct mem *m, const struct moduledata *d, const struct pclntab_header *h,
		 uint32_t quantum, struct pclntab *ret, struct err *err)
{
	struct pclntab t = {
		.shape = func_shape_of(h->magic),
		.text = d->module.text.from,
		.n_funcs = (uint32_t)h->n_funcs,
		.quantum = quantum,
	};
	int r;

	if (!t.shape)
		return err_set(err, -ENOTSUP, "%s: pclntab magic %#x is of no Go release known",
			       m->name, h->magic);
	r = load(m, d, &t, err);
	if (r < 0) {
		pclntab_release(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void pclntab_release(struct pclntab *t)
{
	free(t->bytes);
	free(t->inline_trees);
	*t = (struct pclntab){ .bytes = NULL };
}
