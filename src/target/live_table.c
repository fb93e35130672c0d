/* SPDX-License-Identifier: Apache-2.0 */
/* live_table: the mappings of a live process, with what stands behind each. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "host/maps.h"
#include "target/live_private.h"

#define MAPS_BUDGET ((size_t)128 << 20)

/* Above, addresses are the kernel's; pagemap knows nothing of them ([vsyscall]). */
#define USER_END (UINT64_C(1) << 63)

void live_table_free(struct live_table *t)
{
	if (!t)
		return;
	free(t->regions);
	free(t->backing);
	free(t);
}

static void table_freep(struct live_table **t)
{
	live_table_free(*t);
}

static bool is_exe(const struct live *l, const struct mapping *m)
{
	if (m->inode == 0)
		return false;
	return str_eq(m->name, str_from(l->exe_path)) ||
	       (m->inode == l->exe_ino && m->dev_major == major(l->exe_dev) &&
		m->dev_minor == minor(l->exe_dev));
}

/* Not [vdso], [vvar] and their like: those are the kernel's own pages. */
static bool is_anonymous(const struct mapping *m)
{
	if (m->inode != 0 || m->shared)
		return false;
	return m->name.n == 0 || str_eq(m->name, STR("[heap]")) ||
	       str_has_prefix(m->name, STR("[stack")) || str_has_prefix(m->name, STR("[anon:"));
}

static enum live_backing backing_of(const struct mapping *m, bool anonymous)
{
	if (m->shared || m->start >= USER_END)
		return LIVE_NONE;
	if (anonymous)
		return LIVE_ZEROS;
	return m->inode ? LIVE_FILE : LIVE_NONE;
}

/* "[stack]" as it is; of a path the last part. */
static void short_name(struct str name, char *to, size_t room)
{
	if (str_has_prefix(name, STR("/")))
		name = str_skip(name, (size_t)str_find_last(name, '/') + 1);
	if (name.n > room - 1)
		name.n = room - 1;
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
}

static void fill_region(const struct live *l, const struct mapping *m, struct mem_region *r)
{
	*r = (struct mem_region){
		.start = m->start,
		.end = m->end,
		.prot = m->start < USER_END ? m->prot : 0,
		.exe = is_exe(l, m),
		.anonymous = is_anonymous(m),
		.file_offset = m->inode ? m->offset : 0,
	};
	short_name(m->name, r->name, sizeof(r->name));
}

static struct live_table *table_of(const struct live *l, const struct maps *maps)
{
	_cleanup_(table_freep) struct live_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->regions = calloc(maps->n, sizeof(*t->regions));
	t->backing = calloc(maps->n, sizeof(*t->backing));
	if (!t->regions || !t->backing)
		return NULL;
	t->n = maps->n;
	for (size_t i = 0; i < maps->n; i++) {
		fill_region(l, &maps->v[i], &t->regions[i]);
		t->backing[i] = backing_of(&maps->v[i], t->regions[i].anonymous);
	}
	return TAKE(t);
}

int live_table_read(struct live *l, struct live_table **ret, struct err *err)
{
	ARENA(arena, MAPS_BUDGET);
	struct live_table *t;
	struct maps maps;
	int64_t start = clock_mono();
	int r;

	r = maps_read(live_dir(l), &arena, &maps, err);
	if (r < 0)
		return live_failed(l, r, err);
	r = live_same(l, err);
	if (r < 0)
		return r;
	if (maps.n == 0)
		return err_set(err, -ESRCH, "%s: has no memory any more", l->name);
	t = table_of(l, &maps);
	if (!t)
		return err_set(err, -ENOMEM, "%s: no room for %zu mappings", l->name, maps.n);
	t->when = start;
	t->cost = clock_mono() - start;
	*ret = t;
	return 0;
}

int live_reread(struct live *l, struct err *err)
{
	struct live_table *t;
	int r = live_table_read(l, &t, err);

	if (r < 0)
		return r;
	if (l->table != l->shown)
		live_table_free(l->table);
	l->table = t;
	live_file_forget(l);
	return 0;
}

int live_refresh(struct mem *m, struct err *err)
{
	struct live *l = (struct live *)m;
	int r = live_reread(l, err);

	if (r < 0)
		return r;
	live_table_free(l->shown);
	l->shown = l->table;
	m->regions = l->shown->regions;
	m->n_regions = l->shown->n;
	return 0;
}
