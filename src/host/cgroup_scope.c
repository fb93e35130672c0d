/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_scope.h"

#include <string.h>

#define ID_DIGITS ((size_t)64)

static const char *const scope_name[CGROUP_SCOPE_COUNT] = {
	[CGROUP_SCOPE_HOST] = "host",	    [CGROUP_SCOPE_SLICE] = "slice",
	[CGROUP_SCOPE_POD] = "pod",	    [CGROUP_SCOPE_CONTAINER] = "container",
	[CGROUP_SCOPE_SERVICE] = "service", [CGROUP_SCOPE_GROUP] = "group",
};

/* Containers that go by a name. Monitors (conmon) stand beside their container, not in it. */
static const struct str named_container[] = {
	STR_INIT("lxc.payload."),
	STR_INIT("systemd-nspawn@"),
};
static const struct str monitor[] = {
	STR_INIT("crio-conmon-"),
	STR_INIT("libpod-conmon-"),
	STR_INIT("lxc.monitor."),
};

const char *cgroup_scope_name(enum cgroup_scope s)
{
	return s < CGROUP_SCOPE_COUNT ? scope_name[s] : "group";
}

static bool any_prefix(struct str s, const struct str *of, size_t n, struct str *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (str_has_prefix(s, of[i])) {
			*ret = str_skip(s, of[i].n);
			return true;
		}
	}
	return false;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A run of exactly 64 digits. */
static bool find_id(struct str s, struct str *ret)
{
	size_t run = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && is_hex(s.p[i])) {
			run++;
			continue;
		}
		if (run == ID_DIGITS) {
			*ret = (struct str){ s.p + i - run, run };
			return true;
		}
		run = 0;
	}
	return false;
}

static struct str without_suffix(struct str s, struct str suffix)
{
	if (str_has_suffix(s, suffix))
		s.n -= suffix.n;
	return s;
}

/* @part is one folder's name, @parent the one above. */
static bool container_of(struct str part, struct str parent, struct str *ret)
{
	struct str name;

	if (any_prefix(part, monitor, sizeof(monitor) / sizeof(monitor[0]), &name))
		return false;
	if (find_id(part, ret))
		return true;
	if (any_prefix(part, named_container, sizeof(named_container) / sizeof(named_container[0]),
		       &name))
		*ret = without_suffix(name, STR(".service"));
	else if (str_eq(parent, STR("lxc")))
		*ret = part;
	else
		return false;
	return ret->n > 0 && !memchr(ret->p, '\0', ret->n);
}

/* "pod<uid>", "kubepods-burstable-pod<uid>.slice"; the uid has 32 digits and - or _ between. */
static bool is_pod(struct str part)
{
	ptrdiff_t at;
	size_t digits = 0;

	if (str_has_prefix(part, STR("kubepods-")) && (at = str_find(part, STR("-pod"))) >= 0)
		part = str_skip(part, (size_t)at + 1);
	if (!str_take_prefix(&part, STR("pod")))
		return false;
	part = without_suffix(part, STR(".slice"));
	for (size_t i = 0; i < part.n; i++) {
		if (is_hex(part.p[i]))
			digits++;
		else if (part.p[i] != '-' && part.p[i] != '_')
			return false;
	}
	return digits == 32;
}

static bool is_qos(struct str part)
{
	return str_eq(part, STR("kubepods")) || str_eq(part, STR("burstable")) ||
	       str_eq(part, STR("besteffort"));
}

/* Cuts the last part off; false when none is left. */
static bool take_last(struct str *path, struct str *part)
{
	while (path->n && path->p[path->n - 1] == '/')
		path->n--;
	if (!path->n)
		return false;
	*part = str_skip(*path, (size_t)(str_find_last(*path, '/') + 1));
	path->n -= part->n;
	return true;
}

enum cgroup_scope cgroup_scope(struct str path)
{
	struct str part, parent = { 0 }, id;

	if (!take_last(&path, &part))
		return CGROUP_SCOPE_HOST;
	if (!take_last(&path, &parent))
		parent = (struct str){ 0 };
	if (container_of(part, parent, &id))
		return CGROUP_SCOPE_CONTAINER;
	if (is_pod(part))
		return CGROUP_SCOPE_POD;
	if (str_has_suffix(part, STR(".slice")) || is_qos(part))
		return CGROUP_SCOPE_SLICE;
	return str_has_suffix(part, STR(".service")) ? CGROUP_SCOPE_SERVICE : CGROUP_SCOPE_GROUP;
}

bool cgroup_container(struct str path, char ret[CONTAINER_ID_ROOM])
{
	struct str part, id;

	while (take_last(&path, &part)) {
		struct str above = path, parent = { 0 };
		size_t n;

		if (!take_last(&above, &parent))
			parent = (struct str){ 0 };
		if (!container_of(part, parent, &id))
			continue;
		n = id.n < CONTAINER_ID_ROOM ? id.n : CONTAINER_ID_ROOM - 1;
		memcpy(ret, id.p, n);
		ret[n] = '\0';
		return true;
	}
	return false;
}
