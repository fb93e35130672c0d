/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/large_path.h"

#include <math.h>
#include <string.h>

#include "causes/frames.h"
#include "causes/large_new.h"

#define LINES_MAX                                                                      \
	32 /* of the program, that make large objects: further ones are not told apart \
	    */

/* The profile nearest to the begin of the last seconds; NULL: there is only one. */
static const struct case_snapshot *profile_before(const struct whycase *c,
						  const struct case_snapshot *last)
{
	const struct case_snapshot *found = NULL;

	for (const struct case_snapshot *s = c->snapshots; s < last; s++) {
		if (s->have_sites && (!found || last->t - s->t >= LARGE_LATE_NS))
			found = s;
	}
	return found;
}

static bool same_site(const struct case_site *a, const struct case_site *b)
{
	if (a->object_bytes != b->object_bytes || a->stack.n != b->stack.n)
		return false;
	for (uint32_t i = 0; i < a->stack.n; i++) {
		const struct case_frame *x = a->stack.frames[i], *y = b->stack.frames[i];

		if (x != y && (x->line != y->line || strcmp(x->function, y->function) != 0))
			return false;
	}
	return true;
}

/* A bucket has one size; a site that sums several up (0) has a mean one. */
static double object_size(const struct case_site *s)
{
	if (s->object_bytes)
		return (double)s->object_bytes;
	return s->latest_alloc_objects > 0
		       ? (double)s->latest_alloc_bytes / (double)s->latest_alloc_objects
		       : 0;
}

static int64_t allocated_before(const struct case_snapshot *before, const struct case_site *site)
{
	for (size_t i = 0; before && i < before->n_sites; i++) {
		if (same_site(&before->sites[i], site))
			return before->sites[i].latest_alloc_bytes;
	}
	return 0;
}

static struct large_path *line_of(struct large_path *lines, unsigned *n, const struct case_frame *f)
{
	for (unsigned i = 0; i < *n; i++) {
		if (lines[i].frame->line == f->line &&
		    strcmp(lines[i].frame->function, f->function) == 0)
			return &lines[i];
	}
	if (*n == LINES_MAX)
		return NULL;
	lines[*n] = (struct large_path){ .frame = f };
	return &lines[(*n)++];
}

struct large_path large_path_of(const struct whycase *c, double object_min)
{
	const struct case_snapshot *last = case_last_with_sites(c);
	const struct case_snapshot *before = last ? profile_before(c, last) : NULL;
	struct large_path lines[LINES_MAX], best = { 0 };
	unsigned n = 0;

	for (size_t i = 0; last && i < last->n_sites; i++) {
		const struct case_site *s = &last->sites[i];
		const struct case_frame *frame = frame_of_program(&s->stack);
		double made = (double)s->latest_alloc_bytes - (double)allocated_before(before, s);
		struct large_path *line;

		if (object_size(s) < object_min || made <= 0 || !frame)
			continue;
		line = line_of(lines, &n, frame);
		if (!line)
			continue;
		line->bytes += made;
		line->objects += made / object_size(s);
		line->largest = fmax(line->largest, object_size(s));
	}
	for (unsigned i = 0; i < n; i++) {
		if (lines[i].bytes > best.bytes)
			best = lines[i];
	}
	return best;
}
