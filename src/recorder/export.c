/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/export.h"

#include <errno.h>

#include "goruntime/goroutine_stacks.h"
#include "goruntime/heap_stacks.h"
#include "profile/pprof_write.h"

static const struct pprof_type heap_types[] = {
	{ "alloc_objects", "count" },
	{ "alloc_space", "bytes" },
	{ "inuse_objects", "count" },
	{ "inuse_space", "bytes" },
};

static const struct pprof_type goroutine_types[] = { { "goroutine", "count" } };

static struct pprof_writer *begin(struct subject *s, const struct pprof_type *types, unsigned n,
				  struct pprof_type period_type, int64_t period, int64_t wall_ns)
{
	struct pprof_writer *w = pprof_new(types, n, period_type, period);
	const struct image_module *m = image_module(s->img);
	const struct mem_region *text = mem_region_at(s->mem, m->text.from);

	if (!w)
		return NULL;
	pprof_set_time(w, wall_ns, 0);
	pprof_set_mapping(w, m->text.from, m->text.to, text ? text->file_offset : 0,
			  text ? text->name : "", image_build_id(s->img));
	pprof_comment(w, "read from outside by whyoom " WHYOOM_VERSION);
	return w;
}

/* As runtime/pprof does: frames inlined into one another share a location, a line each. */
static size_t heap_locations(struct subject *s, struct pprof_writer *w, const struct heap_bucket *b,
			     struct heap_frame *found, uint64_t *ids)
{
	struct pprof_frame lines[HEAP_STACK_MAX];
	size_t n = heap_stack(s->img, b, found, HEAP_STACK_MAX), n_ids = 0;

	for (size_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && (k == i || found[k].joined); k++)
			lines[k - i] =
				(struct pprof_frame){ found[k].frame.function, found[k].frame.file,
						      found[k].frame.line };
		ids[n_ids++] = pprof_location(w, found[i].address, lines, k - i);
	}
	return n_ids;
}

static int add_buckets(struct subject *s, struct pprof_writer *w, const struct heap_profile *p,
		       bool latest)
{
	_cleanup_(free_ptr) struct heap_frame *found = calloc(HEAP_STACK_MAX, sizeof(*found));
	uint64_t ids[HEAP_STACK_MAX];

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		const struct heap_bucket *b = &p->buckets[i];
		int64_t values[4], label;

		label = heap_sample(s->img, b, latest ? &b->latest : &b->published, p->rate,
				    values);
		pprof_sample(w, ids, heap_locations(s, w, b, found, ids), values, label);
	}
	return 0;
}

int export_heap(struct subject *s, const struct heap_profile *p, const struct export_options *opt,
		struct buf *out, struct err *err)
{
	_cleanup_(pprof_freep) struct pprof_writer *w = begin(
		s, heap_types, 4, (struct pprof_type){ "space", "bytes" }, p->rate, opt->wall_ns);

	if (!w)
		return err_set(err, -ENOMEM, "no memory for the profile");
	if (opt->default_type)
		pprof_set_default(w, opt->default_type);
	if (add_buckets(s, w, p, opt->latest) < 0)
		return err_set(err, -ENOMEM, "no memory for the profile");
	return pprof_finish(w, out, err);
}

static size_t goroutine_locations(struct subject *s, struct pprof_writer *w,
				  const struct goroutine_group *g, struct goroutine_frame *found,
				  uint64_t *ids)
{
	struct pprof_frame lines[GOROUTINE_STACK_MAX];
	size_t n = goroutine_stack(s->img, g, found, GOROUTINE_STACK_MAX), n_ids = 0;

	for (size_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && (k == i || found[k].joined); k++)
			lines[k - i] =
				(struct pprof_frame){ found[k].frame.function, found[k].frame.file,
						      found[k].frame.line };
		ids[n_ids++] = pprof_location(w, found[i].address, lines, k - i);
	}
	return n_ids;
}

int export_goroutines(struct subject *s, const struct goroutines *g,
		      const struct export_options *opt, struct buf *out, struct err *err)
{
	_cleanup_(pprof_freep) struct pprof_writer *w =
		begin(s, goroutine_types, 1, (struct pprof_type){ "goroutine", "count" }, 1,
		      opt->wall_ns);
	_cleanup_(free_ptr) struct goroutine_frame *found =
		calloc(GOROUTINE_STACK_MAX, sizeof(*found));
	uint64_t ids[GOROUTINE_STACK_MAX];

	if (!w || !found)
		return err_set(err, -ENOMEM, "no memory for the profile");
	for (size_t i = 0; i < g->n; i++) {
		int64_t count = (int64_t)g->groups[i].count;

		if (!g->groups[i].system)
			pprof_sample(w, ids, goroutine_locations(s, w, &g->groups[i], found, ids),
				     &count, 0);
	}
	return pprof_finish(w, out, err);
}
