/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_chain.h"

#include <errno.h>
#include <string.h>

#include "host/cgroup_memory.h"
#include "host/file.h"
#include "host/machine.h"

static const char *copy(struct arena *a, struct str head, const char *tail)
{
	size_t n = strlen(tail);
	char *s = arena_alloc(a, head.n + n + 1, 1);

	if (!s)
		return NULL;
	memcpy(s, head.p, head.n);
	memcpy(s + head.n, tail, n);
	return s;
}

/* The host's own limit is its memory; what is available is its room. */
static int add_host(int rootfd, struct cgroup_chain *c, struct err *err)
{
	struct meminfo mem;
	int rc = meminfo_read(rootfd, &mem, err);

	if (rc < 0)
		return rc;
	c->of[c->n++] = (struct cgroup_level){
		.folder = "/proc/meminfo",
		.source = "/proc/meminfo",
		.scope = CGROUP_SCOPE_HOST,
		.limit = mem.total,
		.high = HOST_UNKNOWN,
		.usage = host_less(mem.total, mem.available),
	};
	return 0;
}

/* @path: the group's own, as far as it is known; empty at the mount's root. */
static enum cgroup_scope scope_of(const struct cgroup_place *place, struct str path)
{
	/* The root of a namespace that is not the first: some container's, its name is hidden. */
	if (str_eq(path, STR("/")) && !place->whole)
		return CGROUP_SCOPE_CONTAINER;
	return cgroup_scope(path);
}

static int add_level(int rootfd, struct arena *a, struct str folder, struct str path,
		     struct cgroup_chain *c, struct cgroup_memory *m)
{
	struct cgroup_level *l = &c->of[c->n];
	const char *name = copy(a, folder, "");
	_cleanup_(close_fd) int fd = name ? file_open_dir(rootfd, name, NULL) : -1;

	cgroup_memory_unknown(m);
	if (!name)
		return -ENOMEM;
	if (fd < 0 || cgroup_memory_read(fd, c->place.version, m, NULL) < 0)
		cgroup_memory_unknown(m);
	*l = (struct cgroup_level){
		.folder = name,
		.source = copy(a, folder,
			       c->place.version == 1 ? "/memory.limit_in_bytes" : "/memory.max"),
		.scope = scope_of(&c->place, path),
		.limit = m->limit,
		.high = m->high,
		.usage = m->usage,
	};
	if (!l->source)
		return -ENOMEM;
	c->n++;
	return 0;
}

static void note_hidden(struct cgroup_chain *c, uint64_t hierarchical)
{
	if (!host_limited(hierarchical))
		return;
	for (unsigned i = 0; i < c->n; i++)
		if (host_limited(c->of[i].limit) && c->of[i].limit <= hierarchical)
			return;
	c->hidden_limit = hierarchical;
}

static int walk_up(int rootfd, struct arena *a, struct cgroup_chain *c)
{
	struct str top = str_from(c->place.top), folder = str_from(c->place.charged_folder);
	struct str path = str_from(c->place.charged_path);
	uint64_t hierarchical = HOST_UNKNOWN;

	for (;;) {
		struct cgroup_memory m;
		int rc;

		if (c->n == CGROUP_LEVELS_MAX - 1) { /* the last is the host's */
			c->complete = false;
			break;
		}
		rc = add_level(rootfd, a, folder, path, c, &m);
		if (rc < 0)
			return rc;
		if (c->n == 1)
			hierarchical = m.hierarchical_limit;
		if (c->n > 1 && m.use_hierarchy == 0) { /* does not count what is below it */
			c->n--;
			break;
		}
		if (folder.n <= top.n)
			break;
		folder = cgroup_parent(folder);
		path = cgroup_parent(path);
	}
	note_hidden(c, hierarchical);
	return 0;
}

int cgroup_chain_read(int rootfd, pid_t pid, struct arena *a, struct cgroup_chain *ret,
		      struct err *err)
{
	struct cgroup_chain c = { .hidden_limit = HOST_UNKNOWN };
	struct err why = { 0 };
	int rc = cgroup_locate(rootfd, pid, STR("memory"), a, &c.place, &why);

	if (rc == -ESRCH || rc == -ENOMEM)
		return err_set(err, rc, "%s", why.msg);
	if (rc == 0) {
		c.complete = c.place.whole;
		if (walk_up(rootfd, a, &c) < 0)
			return err_set(err, -ENOMEM, "cgroup: no room");
		cgroup_container(str_from(c.place.path), c.container_id);
	}
	rc = add_host(rootfd, &c, err);
	if (rc < 0 && c.n == 0)
		return rc;
	if (!c.place.version)
		err_set(err, why.code, "%s", why.msg);
	*ret = c;
	return 0;
}

static const struct cgroup_level *nearest(const struct cgroup_chain *c, size_t offset)
{
	const struct cgroup_level *best = NULL;
	uint64_t best_room = 0;

	for (unsigned i = 0; i < c->n; i++) {
		uint64_t limit, room;

		memcpy(&limit, (const char *)&c->of[i] + offset, sizeof(limit));
		if (!host_limited(limit) || !host_known(c->of[i].usage))
			continue;
		room = host_less(limit, c->of[i].usage);
		if (!best || room < best_room) {
			best = &c->of[i];
			best_room = room;
		}
	}
	return best;
}

const struct cgroup_level *cgroup_chain_nearest(const struct cgroup_chain *c)
{
	return nearest(c, offsetof(struct cgroup_level, limit));
}

const struct cgroup_level *cgroup_chain_nearest_high(const struct cgroup_chain *c)
{
	return nearest(c, offsetof(struct cgroup_level, high));
}
