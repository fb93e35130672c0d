/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the group whose limit was hit, in the forms of v1 and v2. */
#include <stddef.h>
#include <string.h>

#include "host/kernlog_handlers.h"
#include "host/kernlog_lines.h"

#define LOOSE_LINES 2000 /* numbers whose group is not named by then are forgotten */

void on_task_in(struct kernlog *k, const struct logline *line)
{
	struct str task, limit;
	struct report *r;

	if (!line_task_in(line->msg, line->cut, &task, &limit))
		return;
	r = report_any(&k->reports, line);
	if (!r)
		return;
	r->whole = true;
	r->memcg_hint = true;
	if (!r->draft.task_memcg)
		r->draft.task_memcg = report_str(r, task);
	if (!r->draft.oom_memcg)
		r->draft.oom_memcg = report_str(r, limit);
	report_touch(r, line);
}

static uint64_t limit_of(uint64_t limit)
{
	/* before 3.19 "unlimited" was any number near the end */
	return limit != KERNLOG_UNKNOWN && limit >= INT64_MAX / 65536 * 65536 ? KERNLOG_NO_LIMIT
									      : limit;
}

/* "memory: usage …" and its three relatives. */
static bool usage_of(struct str msg, struct kernlog_memcg *m, uint64_t *ret_page_size)
{
	uint64_t nothing;
	const struct {
		struct str name;
		uint64_t *usage, *limit, *failcnt;
	} kinds[] = {
		{ STR("memory: "), &m->usage, &m->limit, &m->failcnt },
		{ STR("memory+swap: "), &m->memsw_usage, &m->memsw_limit, &nothing },
		{ STR("swap: "), &m->swap_usage, &m->swap_limit, &nothing },
		{ STR("kmem: "), &m->kmem_usage, &m->kmem_limit, &nothing },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct str s = msg;

		if (!str_take_prefix(&s, kinds[i].name) ||
		    !line_usage(s, kinds[i].usage, kinds[i].limit, kinds[i].failcnt))
			continue;
		*ret_page_size = line_unlimited_page_size(*kinds[i].limit);
		*kinds[i].limit = limit_of(*kinds[i].limit);
		return true;
	}
	return false;
}

static void unknown_memcg(struct kernlog_memcg *m)
{
	memset(m, 0xff, sizeof(*m));
}

/* Two reports are open: hold the numbers until their group is named. */
static void usage_loose(struct kernlog *k, const struct logline *line, bool first)
{
	struct loose_memcg *l = NULL;
	uint64_t size;

	for (size_t i = 0; i < LOOSE_MAX; i++) {
		struct loose_memcg *x = &k->loose[i];

		if (x->line && !x->path[0]) {
			/* a second set before the first was named: neither can be told */
			if (first) {
				x->line = 0;
				return;
			}
			l = x;
		}
	}
	for (size_t i = 0; !l && first && i < LOOSE_MAX; i++) {
		if (!k->loose[i].line || line->number - k->loose[i].line > LOOSE_LINES)
			l = &k->loose[i];
		if (l) {
			unknown_memcg(&l->memcg);
			l->path[0] = '\0';
			l->line = line->number;
		}
	}
	if (l)
		(void)usage_of(line->msg, &l->memcg, &size);
}

void on_usage(struct kernlog *k, const struct logline *line)
{
	bool first = str_has_prefix(line->msg, STR("memory: "));
	struct report *r;
	uint64_t size = 0;

	r = report_only(&k->reports, line);
	/* a report has its numbers once: a second set begins another */
	if (first && r && r->draft.memcg.usage != KERNLOG_UNKNOWN)
		r = report_open(&k->reports, line, true);
	if (!r)
		r = report_any(&k->reports, line);
	if (!r) {
		usage_loose(k, line, first);
		return;
	}
	if (!usage_of(line->msg, &r->draft.memcg, &size))
		return;
	r->whole = true;
	r->memcg_hint = true;
	if (size)
		r->page_size = size;
	report_touch(r, line);
}

static const struct {
	struct str key;
	size_t at;
	bool again; /* v1: the sum with the groups below takes the place of the group's own */
} stats[] = {
	{ STR_INIT("anon"), offsetof(struct kernlog_memcg, anon), false },
	{ STR_INIT("rss"), offsetof(struct kernlog_memcg, anon), false },
	{ STR_INIT("total_rss"), offsetof(struct kernlog_memcg, anon), true },
	{ STR_INIT("file"), offsetof(struct kernlog_memcg, file), false },
	{ STR_INIT("cache"), offsetof(struct kernlog_memcg, file), false },
	{ STR_INIT("total_cache"), offsetof(struct kernlog_memcg, file), true },
	{ STR_INIT("shmem"), offsetof(struct kernlog_memcg, shmem), false },
	{ STR_INIT("total_shmem"), offsetof(struct kernlog_memcg, shmem), true },
	{ STR_INIT("kernel"), offsetof(struct kernlog_memcg, kernel), false },
	{ STR_INIT("kernel_stack"), offsetof(struct kernlog_memcg, kernel_stack), false },
	{ STR_INIT("pagetables"), offsetof(struct kernlog_memcg, pagetables), false },
	{ STR_INIT("sock"), offsetof(struct kernlog_memcg, sock), false },
	{ STR_INIT("slab"), offsetof(struct kernlog_memcg, slab), false },
	{ STR_INIT("file_mapped"), offsetof(struct kernlog_memcg, file_mapped), false },
	{ STR_INIT("mapped_file"), offsetof(struct kernlog_memcg, file_mapped), false },
	{ STR_INIT("total_mapped_file"), offsetof(struct kernlog_memcg, file_mapped), true },
	{ STR_INIT("file_dirty"), offsetof(struct kernlog_memcg, file_dirty), false },
	{ STR_INIT("dirty"), offsetof(struct kernlog_memcg, file_dirty), false },
	{ STR_INIT("total_dirty"), offsetof(struct kernlog_memcg, file_dirty), true },
};

static void set_stat(struct kernlog_memcg *m, struct str key, uint64_t value)
{
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		uint64_t *to = (uint64_t *)(void *)((char *)m + stats[i].at);

		if (!str_eq(key, stats[i].key))
			continue;
		if (*to == KERNLOG_UNKNOWN || stats[i].again)
			*to = value;
		return;
	}
}

/* "cache:24KB rss:1048552KB …" (before 5.3) */
static void inline_stats(struct kernlog_memcg *m, struct str s)
{
	struct str w, key;
	uint64_t kb;

	while (str_take_word(&s, &w)) {
		if (str_take_until(&w, ':', &key) && str_take_u64(&w, &kb) &&
		    str_eq(w, STR("KB")) && !__builtin_mul_overflow(kb, 1024u, &kb))
			set_stat(m, key, kb);
	}
}

void on_stats(struct kernlog *k, const struct logline *line)
{
	struct report *r;
	struct str s = line->msg, path;
	ptrdiff_t at;

	if (!str_take_prefix(&s, STR("Memory cgroup stats for ")))
		return;
	at = str_find(s, STR(": "));
	path = at >= 0 ? (struct str){ s.p, (size_t)at } : s;
	if (at < 0 && str_has_suffix(path, STR(":")))
		path.n--;
	else if (at < 0)
		path.n = 0; /* cut */
	r = report_only(&k->reports, line);
	for (size_t i = 0; !r && i < LOOSE_MAX; i++) {
		struct loose_memcg *l = &k->loose[i];

		if (l->line && !l->path[0] && path.n && path.n < sizeof(l->path)) {
			memcpy(l->path, path.p, path.n);
			l->path[path.n] = '\0';
			return;
		}
	}
	if (!r)
		r = report_any(&k->reports, line);
	if (!r)
		return;
	report_touch(r, line);
	/* before 5.3 one line more for each group below: only the first is the owner's */
	if (r->in_stats)
		return;
	r->in_stats = true;
	r->whole = true;
	r->memcg_hint = true;
	r->draft.stats_memcg = report_str(r, path);
	if (at >= 0)
		inline_stats(&r->draft.memcg, str_skip(s, (size_t)at + 1));
}

/* "anon 66912256" */
void on_stat(struct kernlog *k, const struct logline *line)
{
	struct str s = line->msg, key, value;
	struct report *r = report_only(&k->reports, line);
	uint64_t v;

	if (!r || !r->in_stats || !str_take_word(&s, &key) || !str_take_word(&s, &value) ||
	    str_trim(s).n || !str_take_u64(&value, &v) || value.n || line->cut)
		return;
	set_stat(&r->draft.memcg, key, v);
	report_touch(r, line);
}

/* Numbers that were held until their group was named. */
void memcg_bind(struct kernlog *k, struct report *r)
{
	if (!r->draft.oom_memcg || r->draft.memcg.usage != KERNLOG_UNKNOWN)
		return;
	for (size_t i = 0; i < LOOSE_MAX; i++) {
		struct loose_memcg *l = &k->loose[i];

		if (!l->line || strcmp(l->path, r->draft.oom_memcg) != 0)
			continue;
		r->draft.memcg = l->memcg;
		l->line = 0;
		return;
	}
}
