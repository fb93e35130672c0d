/* SPDX-License-Identifier: Apache-2.0 */
#include "image/frozen.h"

#include <errno.h>
#include <sys/mman.h>

#include "image/image_struct.h"
#include "image/moduledata.h"

#define SAMPLES 8U
#define SAMPLE 64U

static struct view *view_of(struct pclntab *t, unsigned i)
{
	struct view *v[] = {
		&t->funcnames, &t->cutab, &t->filetab, &t->pctab, &t->funcs, &t->ftab
	};

	return v[i];
}

void image_freeze(const struct image *img, struct image_frozen *ret,
		  struct frozen_part parts[FROZEN_PARTS])
{
	struct pclntab t = img->table;

	memset(ret, 0, sizeof(*ret)); /* its padding is written to disk */
	ret->module = img->module;
	ret->text = t.text;
	ret->build_block = img->build_block;
	ret->n_bytes = t.n_bytes;
	ret->n_trees = t.n_inline_trees;
	ret->n_names = (uint64_t)img->names.mask + 1;
	for (unsigned i = 0; i < 6; i++) {
		ret->view_at[i] = (uint64_t)(view_of(&t, i)->p - t.bytes);
		ret->view_n[i] = view_of(&t, i)->n;
	}
	ret->n_funcs = t.n_funcs;
	ret->magic = t.shape->magic;
	ret->quantum = t.quantum;
	ret->arch = img->arch;
	ret->wrapper_id = img->wrapper_id;
	memcpy(ret->panic_ids, img->panic_ids, sizeof(ret->panic_ids));
	ret->minor = img->build.minor;
	ret->patch = img->build.patch;
	snprintf(ret->version, sizeof(ret->version), "%s", img->build.version);
	snprintf(ret->build_id, sizeof(ret->build_id), "%s", img->build_id);
	parts[FROZEN_BYTES] = (struct frozen_part){ t.bytes, t.n_bytes + 1 };
	parts[FROZEN_TREES] = (struct frozen_part){ t.inline_trees, t.n_inline_trees };
	parts[FROZEN_FIRST] =
		(struct frozen_part){ img->names.first, ret->n_names * sizeof(uint32_t) };
	parts[FROZEN_NEXT] = (struct frozen_part){ img->names.next, t.n_funcs * sizeof(uint32_t) };
}

static int stale(const struct mem *m, const char *why, struct err *err)
{
	return err_set(err, -ESTALE, "%s: what was kept of its image does not hold: %s", m->name,
		       why);
}

/* Each part as long as the numbers say; strings end. */
static bool lengths_hold(const struct image_frozen *f, const struct frozen_part *p)
{
	const char *bytes = p[FROZEN_BYTES].p;

	if (!f->n_funcs || !f->n_bytes || f->n_bytes > PCLNTAB_MAX || !f->n_names ||
	    f->n_names > UINT32_MAX || (f->n_names & (f->n_names - 1)))
		return false;
	if (p[FROZEN_BYTES].n != f->n_bytes + 1 || p[FROZEN_TREES].n != f->n_trees ||
	    p[FROZEN_FIRST].n != f->n_names * sizeof(uint32_t) ||
	    p[FROZEN_NEXT].n != f->n_funcs * sizeof(uint32_t))
		return false;
	for (unsigned i = 0; i < 6; i++) {
		if (f->view_at[i] > f->n_bytes || f->view_n[i] > f->n_bytes - f->view_at[i])
			return false;
		/* names and files are handed out as they lie there */
		if ((i == 0 || i == 2) && f->view_n[i] &&
		    bytes[f->view_at[i] + f->view_n[i] - 1] != '\0')
			return false;
	}
	return bytes[f->n_bytes] == '\0' && memchr(f->version, '\0', sizeof(f->version)) &&
	       memchr(f->build_id, '\0', sizeof(f->build_id)) &&
	       (f->arch == ARCH_AMD64 || f->arch == ARCH_ARM64);
}

static void move(uint64_t *addr, uint64_t by)
{
	*addr += *addr ? by : 0;
}

static void move_span(struct span64 *s, uint64_t by)
{
	if (s->to) {
		s->from += by;
		s->to += by;
	}
}

static struct image_module moved_module(struct image_module m, uint64_t by)
{
	struct span64 *spans[] = { &m.text, &m.noptrdata, &m.data, &m.bss, &m.noptrbss, &m.types };
	uint64_t *addrs[] = {
		&m.addr, &m.pclntab, &m.gofunc, &m.rodata, &m.gcdatamask, &m.gcbssmask
	};

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		move_span(spans[i], by);
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++)
		move(addrs[i], by);
	return m;
}

static bool take_table(struct image *img, const struct image_frozen *f, const struct frozen_part *p,
		       uint64_t moved)
{
	struct pclntab *t = &img->table;

	/* the tables are never written after they were loaded */
	t->bytes = (uint8_t *)(uintptr_t)p[FROZEN_BYTES].p;
	t->n_bytes = (size_t)f->n_bytes;
	t->inline_trees = f->n_trees ? (uint8_t *)(uintptr_t)p[FROZEN_TREES].p : NULL;
	t->n_inline_trees = (size_t)f->n_trees;
	t->text = f->text + moved;
	t->n_funcs = f->n_funcs;
	t->quantum = f->quantum;
	for (unsigned i = 0; i < n_func_shapes; i++) {
		if (func_shapes[i].magic == f->magic)
			t->shape = &func_shapes[i];
	}
	for (unsigned i = 0; i < 6; i++)
		*view_of(t, i) = (struct view){ t->bytes + f->view_at[i], (size_t)f->view_n[i] };
	img->names.first = (uint32_t *)(uintptr_t)p[FROZEN_FIRST].p;
	img->names.next = (uint32_t *)(uintptr_t)p[FROZEN_NEXT].p;
	img->names.mask = (uint32_t)(f->n_names - 1);
	return t->shape && f->quantum == (f->arch == ARCH_ARM64 ? 4U : 1U) &&
	       t->funcs.n / (8U + t->shape->size) >= t->n_funcs;
}

/* Samples of the tables that the copy has as they are in the process: not the names. */
static int same_tables(const struct image *img, struct mem *m, struct err *err)
{
	const struct view *funcs = &img->table.funcs;
	uint8_t had[SAMPLES][SAMPLE];
	struct mem_piece v[SAMPLES];
	int r;

	if (funcs->n < SAMPLE)
		return stale(m, "no functions", err);
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t at = (funcs->n - SAMPLE) / (SAMPLES - 1) * i;
		uint64_t addr = img->module.pclntab + (uint64_t)(funcs->p - img->table.bytes) + at;

		v[i] = (struct mem_piece){ addr, had[i], SAMPLE, false };
	}
	r = mem_readv(m, v, SAMPLES, err);
	for (size_t i = 0; r >= 0 && i < SAMPLES; i++) {
		if (!v[i].ok ||
		    memcmp(had[i], funcs->p + (funcs->n - SAMPLE) / (SAMPLES - 1) * i, SAMPLE) != 0)
			return stale(m, "its functions are others", err);
	}
	return r;
}

/* The process's own module data, read anew, says the same. */
static int same_module(const struct image *img, struct mem *m, struct err *err)
{
	struct image_module now, then = img->module;
	struct pclntab_header h;
	uint8_t head[PCLNTAB_HEADER];
	struct moduledata d;
	int r = mem_read(m, then.pclntab, head, sizeof(head), err);

	if (r >= 0 && (!pclntab_header_parse(head, &h) || h.magic != img->table.shape->magic ||
		       h.n_funcs != img->table.n_funcs))
		return stale(m, "its function table is another", err);
	if (r >= 0)
		r = moduledata_read(m, then.addr, then.pclntab, &h, img->build.minor, &d, err);
	if (r == -EBADMSG || r == -EFAULT)
		return stale(m, "no module data there", err);
	if (r < 0)
		return r;
	now = d.module;
	now.next = then.next = 0; /* plugins come and go */
	return memcmp(&now, &then, sizeof(now)) == 0 ? same_tables(img, m, err)
						     : stale(m, "its module data", err);
}

static int read_build(struct image *img, const struct image_frozen *f, uint64_t block,
		      struct mem *m, struct err *err)
{
	int r = 0;

	if (block)
		r = build_info_read(m, block, &img->build, err);
	else
		memcpy(img->build.version, f->version, sizeof(f->version));
	img->build.minor = f->minor;
	img->build.patch = f->patch;
	if (r == -EBADMSG || r == -EFAULT || strcmp(img->build.version, f->version) != 0)
		return stale(m, "its build info", err);
	return r;
}

static int thaw(struct image *img, const struct image_frozen *f, const struct frozen_part *parts,
		uint64_t moved, struct mem *m, struct err *err)
{
	int r;

	snprintf(img->name, sizeof(img->name), "%s", m->name);
	img->arch = (enum image_arch)f->arch;
	img->module = moved_module(f->module, moved);
	img->build_block = f->build_block ? f->build_block + moved : 0;
	img->wrapper_id = f->wrapper_id;
	memcpy(img->panic_ids, f->panic_ids, sizeof(img->panic_ids));
	memcpy(img->build_id, f->build_id, sizeof(img->build_id));
	if (!take_table(img, f, parts, moved))
		return stale(m, "its tables", err);
	r = read_build(img, f, img->build_block, m, err);
	return r < 0 ? r : same_module(img, m, err);
}

int image_thaw(const struct image_frozen *f, const struct frozen_part parts[FROZEN_PARTS],
	       void *map, size_t n_map, uint64_t moved, struct mem *m, struct image **ret,
	       struct err *err)
{
	struct image *img;
	int r;

	if (!lengths_hold(f, parts))
		return stale(m, "its lengths", err);
	img = calloc(1, sizeof(*img));
	if (!img)
		return err_set(err, -ENOMEM, "%s: no memory for its image", m->name);
	build_info_init(&img->build);
	r = thaw(img, f, parts, moved, m, err);
	if (r < 0) {
		build_info_release(&img->build);
		free(img);
		return r;
	}
	img->map = map;
	img->n_map = n_map;
	*ret = img;
	return 0;
}

uint64_t image_exe_start(const struct mem *m, uint64_t within)
{
	const struct mem_region *r = mem_region_at(m, within);

	if (!r || !r->exe)
		return 0;
	for (size_t i = 0; i < m->n_regions; i++) {
		if (m->regions[i].exe && m->regions[i].file_offset == 0)
			return m->regions[i].start;
	}
	return 0;
}
