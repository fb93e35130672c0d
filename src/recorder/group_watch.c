/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/group_watch.h"

#include <errno.h>
#include <fcntl.h>

#include "host/file.h"
#include "host/machine.h"

#define CHAIN_ARENA ((size_t)1 << 20)

static bool is_host(const struct cgroup_level *l)
{
	return l->scope == CGROUP_SCOPE_HOST;
}

/* The nearest limit that is a group's; without one the own group. */
static const struct cgroup_level *limiting_level(const struct cgroup_chain *c)
{
	const struct cgroup_level *nearest = NULL;
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < c->n; i++) {
		const struct cgroup_level *l = &c->of[i];
		uint64_t left = host_less(l->limit, l->usage);

		if (is_host(l) || !host_limited(l->limit) || !host_known(left) || left >= least)
			continue;
		least = left;
		nearest = l;
	}
	return nearest ? nearest : &c->of[0];
}

static int open_level(int root, const struct cgroup_level *l, int version, int *ret_fd,
		      struct cgroup_watch *ret, struct err *err)
{
	int fd = file_open_dir(root, l->folder, err), e;

	if (fd < 0)
		return fd;
	e = cgroup_watch_open(fd, version, ret, err);
	if (e < 0) {
		close(fd);
		return e;
	}
	*ret_fd = fd;
	return 0;
}

static int open_groups(struct group_watch *g, int root, struct err *err)
{
	const struct cgroup_level *own = &g->chain.of[0], *limiting = limiting_level(&g->chain);
	int version = g->chain.place.version, e;

	if (!version || !g->chain.n || is_host(own))
		return err_set(err, -ENOENT, "no memory controller is visible");
	e = open_level(root, own, version, &g->own_fd, &g->own, err);
	if (e < 0)
		return e;
	g->apart = limiting != own;
	g->limit = host_limited(limiting->limit) ? limiting->limit : CASE_NO_LIMIT;
	if (g->apart)
		e = open_level(root, limiting, version, &g->limiting_fd, &g->limiting, err);
	cgroup_memory_unknown(&g->own_first);
	if (e == 0 && cgroup_watch_counters(&g->own, &g->own_first, NULL) < 0)
		cgroup_memory_unknown(&g->own_first);
	return e;
}

int group_watch_open(struct group_watch *g, pid_t pid, struct err *err)
{
	_cleanup_(close_fd) int root = file_open_root(err);
	int e;

	if (root < 0)
		return root;
	memset(g, 0, sizeof(*g));
	g->own_fd = g->limiting_fd = -1;
	g->host_headroom = UNKNOWN_U64;
	arena_init(&g->arena, CHAIN_ARENA);
	e = cgroup_chain_read(root, pid, &g->arena, &g->chain, err);
	if (e == 0)
		e = open_groups(g, root, err);
	if (e < 0) {
		group_watch_release(g);
		return e;
	}
	group_watch_limits(g);
	group_watch_processes(g);
	return 0;
}

void group_watch_release(struct group_watch *g)
{
	cgroup_watch_release(&g->own);
	cgroup_watch_release(&g->limiting);
	if (g->own_fd >= 0)
		close(g->own_fd);
	if (g->limiting_fd >= 0)
		close(g->limiting_fd);
	arena_release(&g->arena);
	g->own_fd = g->limiting_fd = -1;
}

static struct cgroup_watch *limiting(struct group_watch *g)
{
	return g->apart ? &g->limiting : &g->own;
}

void group_watch_processes(struct group_watch *g)
{
	group_processes_look(&g->processes, g->apart ? g->limiting_fd : g->own_fd);
}

uint64_t group_watch_usage(struct group_watch *g)
{
	uint64_t usage;

	return cgroup_watch_usage(limiting(g), &usage, NULL) == 0 ? usage : UNKNOWN_U64;
}

void group_watch_charge(struct group_watch *g, struct case_charge *ret)
{
	struct cgroup_memory m;

	case_charge_init(ret);
	if (cgroup_watch_read(limiting(g), &m, NULL) < 0)
		return;
	*ret = (struct case_charge){
		.usage = m.usage,
		.limit = m.limit,
		.peak = m.peak,
		.anon = m.anon,
		.file = m.file,
		.shmem = m.shmem,
		.file_mapped = m.file_mapped,
		.file_dirty = m.file_dirty,
		.kernel = m.kernel,
		.kernel_stack = m.kernel_stack,
		.pagetables = m.pagetables,
		.slab = m.slab,
		.sock = m.sock,
		.swap = m.swap,
		.oom_events = m.oom_events,
		.oom_kills = m.oom_kills,
		.max_events = m.max_events,
		.psi_full_us = m.pressure.full.total_us,
		.refaults_file = m.refault_file,
	};
}

void group_watch_limits(struct group_watch *g)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct cgroup_memory m;
	struct meminfo host;

	if (cgroup_watch_counters(limiting(g), &m, NULL) == 0 && host_known(m.limit))
		g->limit = m.limit;
	if (root >= 0 && meminfo_read(root, &host, NULL) == 0)
		g->host_headroom = host.available;
}

uint64_t group_watch_left(const struct group_watch *g, uint64_t usage)
{
	uint64_t left = UNKNOWN_U64;

	if (host_limited(g->limit) && known(usage))
		left = usage < g->limit ? g->limit - usage : 0;
	return g->host_headroom < left ? g->host_headroom : left;
}

enum tri group_watch_killed(struct group_watch *g)
{
	struct cgroup_memory m;

	if (cgroup_watch_counters(&g->own, &m, NULL) < 0 || !host_known(m.oom_kills) ||
	    !host_known(g->own_first.oom_kills))
		return TRI_UNKNOWN;
	return m.oom_kills > g->own_first.oom_kills ? TRI_YES : TRI_NO;
}

static void add_limit(struct whycase *c, const struct cgroup_level *l)
{
	if (c->n_limits == CASE_LIMITS_MAX)
		return;
	c->limits[c->n_limits++] = (struct case_limit){
		.source = arena_str(c->arena, str_from(l->source)).p,
		.scope = cgroup_scope_name(l->scope),
		.limit_bytes = l->limit,
		.usage_bytes = l->usage,
	};
}

int group_watch_into(struct group_watch *g, struct whycase *c)
{
	const struct cgroup_level *first = limiting_level(&g->chain);

	add_limit(c, first);
	c->limits[0].limit_bytes = g->limit;
	for (unsigned i = 0; i < g->chain.n; i++) {
		if (&g->chain.of[i] != first)
			add_limit(c, &g->chain.of[i]);
	}
	return group_processes_into(&g->processes, c);
}
