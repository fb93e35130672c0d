/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "goruntime/checks.h"
#include "goruntime/limiter.h"
#include "goruntime/locate.h"

#define LAYOUTS_MAX 64

int goruntime_oldest_minor(void)
{
	int oldest = INT_MAX;

	for (unsigned i = 0; i < n_layouts; i++)
		if (layouts[i].minor < oldest)
			oldest = layouts[i].minor;
	return oldest;
}

int goruntime_newest_minor(void)
{
	int newest = 0;

	for (unsigned i = 0; i < n_layouts; i++)
		if (layouts[i].minor > newest)
			newest = layouts[i].minor;
	return newest;
}

struct candidate {
	const struct layout *lay;
	int distance; /* from the release that the image says it is */
};

/* The patch's own table is nearest, then its minor's others, then the neighbours. */
static int distance_of(const struct layout *lay, const struct image *img)
{
	int minor = image_go_minor(img), patch = image_go_patch(img), off = 0;

	if (minor < 0)
		return 10000 * (goruntime_newest_minor() - lay->minor) + (*lay->experiment != 0);
	if (lay->minor != minor)
		return 10000 * abs(lay->minor - minor) + 2 * (lay->minor > minor) +
		       (*lay->experiment != 0);
	if (patch < lay->patch_from)
		off = lay->patch_from - patch;
	else if (patch > lay->patch_to)
		off = patch - lay->patch_to;
	if (*lay->experiment && !strstr(image_go_version(img), lay->experiment))
		off += 4000;
	else if (!*lay->experiment && strstr(image_go_version(img), "X:"))
		off += 2000;
	return off < 9999 ? off : 9999;
}

static int by_distance(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->lay < y->lay ? -1 : x->lay > y->lay;
}

static size_t rank(const struct image *img, struct candidate out[LAYOUTS_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < n_layouts && n < LAYOUTS_MAX; i++)
		if (!strcmp(layouts[i].arch, image_goarch(img)))
			out[n++] = (struct candidate){ &layouts[i], distance_of(&layouts[i], img) };
	qsort(out, n, sizeof(*out), by_distance);
	return n;
}

static int try_layout(struct mem *m, const struct go_witnesses *w, struct goruntime *rt,
		      struct err *err)
{
	int r = go_globals_locate(w, rt->lay, &rt->at, err);

	if (r >= 0)
		r = go_checks_run(rt, m, err);
	return r < 0 ? r : go_limiter_settle(rt, m, err);
}

/* The layout is not to blame: the process is gone, may not be read, or has just begun. */
static bool is_final(int r)
{
	return r != -ENOENT && r != -EBADMSG && r != -EFAULT && r != -ENOTSUP;
}

static int try_all(struct mem *m, const struct image *img, const struct go_witnesses *w,
		   struct goruntime *rt, struct err *err)
{
	struct candidate candidates[LAYOUTS_MAX];
	size_t n = rank(img, candidates);
	struct err first = { 0 };
	int r = -ENOTSUP;

	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		*rt = (struct goruntime){ .img = img, .lay = candidates[i].lay };
		r = try_layout(m, w, rt, &why);
		if (!i)
			first = why;
		if (r >= 0)
			return 0;
		if (is_final(r)) {
			if (err)
				*err = why;
			return r;
		}
	}
	/* what the nearest one failed by says most */
	return err_set(err, first.code == -ENOENT ? -ENOENT : -ENOTSUP,
		       "%s: %s: none of the %zu layouts fits: %s", m->name, image_go_version(img),
		       n, first.msg);
}

int goruntime_attach(struct mem *m, const struct image *img, struct goruntime *ret, struct err *err)
{
	struct go_witnesses witnesses;
	struct goruntime rt = { 0 };
	int r = go_witnesses_read(m, img, &witnesses, err);

	if (r >= 0)
		r = try_all(m, img, &witnesses, &rt, err);
	if (r < 0)
		return r;
	*ret = rt;
	return 0;
}

int goruntime_attach_known(struct mem *m, const struct image *img, const char *layout,
			   const struct go_globals *at, struct goruntime *ret, struct err *err)
{
	struct goruntime rt = { .img = img, .at = *at };
	int r;

	for (unsigned i = 0; i < n_layouts; i++) {
		if (!strcmp(layouts[i].name, layout) && !strcmp(layouts[i].arch, image_goarch(img)))
			rt.lay = &layouts[i];
	}
	if (!rt.lay)
		return err_set(err, -ENOTSUP, "%s: no layout %s", m->name, layout);
	r = go_checks_run(&rt, m, err);
	if (r < 0)
		return is_final(r)
			       ? r
			       : err_set(err, -ENOTSUP, "%s: %s does not hold", m->name, layout);
	*ret = rt;
	return 0;
}
