/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a group is and what it counts. First byte: which parser; the rest is the text, for
 * mounts with the group's path before the first NUL. Properties: failure touches nothing; a
 * path found is a view of the text; a mount's rest is a tail of the path; sums never exceed
 * what they are made of.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup_memory.h"
#include "host/cgroup_path.h"
#include "host/cgroup_scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool inside(struct str part, struct str all)
{
	return part.p >= all.p && part.p + part.n <= all.p + all.n;
}

static void path(struct str text)
{
	struct cgroup_path p, untouched;
	struct err err;
	int rc;

	memset(&untouched, 0x5a, sizeof(untouched));
	p = untouched;
	rc = cgroup_path_parse(text, STR("memory"), &p, &err);
	must(rc == 0 || rc == -ENOENT || rc == -EBADMSG);
	if (rc < 0) {
		must(memcmp(&p, &untouched, sizeof(p)) == 0);
		return;
	}
	must(p.version == 1 || p.version == 2);
	must(p.path.n > 0 && p.path.p[0] == '/' && inside(p.path, text));
}

static void mount(struct str text)
{
	struct cgroup_path p = { .version = 2 };
	struct cgroup_mount m;
	ARENA(a, 1 << 20);
	struct err err;

	if (!str_take_until(&text, '\0', &p.path) || !str_has_prefix(p.path, STR("/")))
		return;
	for (p.version = 1; p.version <= 2; p.version++) {
		if (cgroup_mount_find(text, &p, STR("memory"), &a, &m, &err) < 0)
			continue;
		must(inside(m.rest, p.path));
		must(m.rest.n == 0 || m.rest.p[0] == '/');
		must(m.rest.n == 0 || m.rest.p + m.rest.n == p.path.p + p.path.n);
		must(m.root.n > 0 && m.point.n > 0);
	}
}

static void scope(struct str text)
{
	char id[CONTAINER_ID_ROOM];

	must(cgroup_scope(text) < CGROUP_SCOPE_COUNT);
	if (cgroup_container(text, id)) {
		must(memchr(id, 0, sizeof(id)) && id[0]);
		must(str_find(text, str_from(id)) >= 0);
	} else {
		must(cgroup_scope(text) != CGROUP_SCOPE_CONTAINER);
	}
}

static void stat(struct str text, int version)
{
	struct cgroup_memory m, untouched;
	struct err err;
	uint64_t limit;

	memset(&untouched, 0x5a, sizeof(untouched));
	m = untouched;
	if (cgroup_stat_parse(text, version, &m, &err) < 0) {
		must(memcmp(&m, &untouched, sizeof(m)) == 0);
		return;
	}
	must(!host_known(m.usage) && !host_known(m.oom_kills));
	must(version == 1 || !host_known(m.slab) || host_known(m.kernel));
	if (cgroup_limit_parse(text, &limit))
		must(limit == HOST_NO_LIMIT || limit < UINT64_C(1) << 63);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;

	if (size == 0)
		return 0;
	text = (struct str){ (const char *)data + 1, size - 1 };
	if (data[0] % 4 == 0)
		path(text);
	else if (data[0] % 4 == 1)
		mount(text);
	else if (data[0] % 4 == 2)
		scope(text);
	else
		stat(text, 1 + data[0] / 4 % 2);
	return 0;
}
