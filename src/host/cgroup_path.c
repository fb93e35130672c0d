/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_path.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "host/file.h"

#define MOUNTINFO_MAX ((size_t)16 << 20)	/* container hosts have thousands of mounts */
#define INITIAL_NAMESPACE "cgroup:[4026531835]" /* PROC_CGROUP_INIT_INO, linux/proc_ns.h */

/* "rw,memory" or "cpu,cpuacct": one of the words between commas. */
static bool has_word(struct str list, struct str word)
{
	struct str one;

	while (str_take_until(&list, ',', &one))
		if (str_eq(one, word))
			return true;
	return str_eq(list, word);
}

/* "N:controllers:path" */
static bool take_line(struct str line, struct str *controllers, struct str *path)
{
	uint64_t id;

	if (!str_take_u64(&line, &id) || !str_take_prefix(&line, STR(":")) ||
	    !str_take_until(&line, ':', controllers))
		return false;
	*path = line;
	return str_has_prefix(line, STR("/"));
}

int cgroup_path_parse(struct str text, struct str controller, struct cgroup_path *ret,
		      struct err *err)
{
	struct cgroup_path p = { 0 };
	struct str line, controllers, path;

	while (str_take_line(&text, &line)) {
		if (!line.n)
			continue;
		if (!take_line(line, &controllers, &path))
			return err_set(err, -EBADMSG, "cgroup: not a line of /proc/PID/cgroup");
		if (controllers.n && has_word(controllers, controller)) {
			p.version = 1;
			p.path = path;
			break;
		}
		if (!controllers.n) {
			p.version = 2;
			p.path = path;
		}
	}
	if (!p.version)
		return err_set(err, -ENOENT, "cgroup: in no hierarchy with " STR_FMT,
			       STR_ARG(controller));
	if (str_has_suffix(p.path, STR(" (deleted)"))) {
		p.deleted = true;
		p.path.n -= sizeof(" (deleted)") - 1;
	}
	*ret = p;
	return 0;
}

static bool octal(struct str s, char *ret)
{
	unsigned v = 0;

	if (s.n < 4 || s.p[0] != '\\')
		return false;
	for (size_t i = 1; i < 4; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return false;
		v = v * 8 + (unsigned)(s.p[i] - '0');
	}
	*ret = (char)v;
	return v < 256;
}

/* mountinfo writes blank, tab, newline and backslash as \ooo. */
static struct str unescape(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1, 1);
	size_t n = 0;

	if (!out)
		return (struct str){ 0 };
	while (s.n) {
		char c;

		if (octal(s, &c)) {
			out[n++] = c;
			s = str_skip(s, 4);
		} else {
			out[n++] = s.p[0];
			s = str_skip(s, 1);
		}
	}
	return (struct str){ out, n };
}

struct mount_line {
	struct str root, point, type, options; /* escaped still */
};

/* "35 31 0:32 ROOT POINT rw,relatime OPTIONAL… - TYPE SOURCE OPTIONS" */
static bool take_mount(struct str line, struct mount_line *m)
{
	struct str word;

	for (int i = 0; i < 3; i++)
		if (!str_take_word(&line, &word))
			return false;
	if (!str_take_word(&line, &m->root) || !str_take_word(&line, &m->point))
		return false;
	do
		if (!str_take_word(&line, &word))
			return false;
	while (!str_eq(word, STR("-")));
	return str_take_word(&line, &m->type) && str_take_word(&line, &word) &&
	       str_take_word(&line, &m->options);
}

/* @path without @root in front: "/a/b" under "/a" is "/b". */
static bool below(struct str path, struct str root, struct str *rest)
{
	if (str_eq(root, STR("/")))
		root.n = 0;
	if (!str_take_prefix(&path, root))
		return false;
	if (path.n && path.p[0] != '/')
		return false;
	*rest = str_eq(path, STR("/")) ? (struct str){ path.p, 0 } : path;
	return true;
}

static bool wanted(const struct mount_line *m, int version, struct str controller)
{
	if (version == 2)
		return str_eq(m->type, STR("cgroup2"));
	return str_eq(m->type, STR("cgroup")) && has_word(m->options, controller);
}

int cgroup_mount_find(struct str mountinfo, const struct cgroup_path *path, struct str controller,
		      struct arena *a, struct cgroup_mount *ret, struct err *err)
{
	struct cgroup_mount best = { 0 }, c;
	struct mount_line m;
	struct str line, seen = { 0 };

	while (str_take_line(&mountinfo, &line)) {
		if (!take_mount(line, &m) || !wanted(&m, path->version, controller))
			continue;
		c.root = unescape(a, m.root);
		c.point = unescape(a, m.point);
		if (!c.root.n || !c.point.n)
			return err_set(err, -ENOMEM, "mountinfo: no room");
		seen = c.root;
		/* Of equal ones the later, which lies above. */
		if (below(path->path, c.root, &c.rest) && (!best.root.n || c.root.n <= best.root.n))
			best = c;
	}
	if (best.root.n) {
		*ret = best;
		return 0;
	}
	if (!seen.n)
		return err_set(err, -ENOENT, "no cgroup%s hierarchy with " STR_FMT " is mounted",
			       path->version == 2 ? "2" : "", STR_ARG(controller));
	return err_set(err, -ENOENT,
		       "group " STR_FMT " is out of sight: only " STR_FMT " is mounted here",
		       STR_ARG(path->path), STR_ARG(seen));
}

static const char *join(struct arena *a, struct str head, struct str tail)
{
	char *s = arena_alloc(a, head.n + tail.n + 1, 1);

	if (!s)
		return NULL;
	memcpy(s, head.p, head.n);
	if (tail.n)
		memcpy(s + head.n, tail.p, tail.n);
	return s;
}

static bool has_dots(struct str path)
{
	struct str part;

	path = str_skip(path, 1);
	while (path.n) {
		if (!str_take_until(&path, '/', &part)) {
			part = path;
			path.n = 0;
		}
		if (str_eq(part, STR("..")))
			return true;
	}
	return false;
}

/* True only where nothing hides above: the mount's root is "/" of the first namespace. */
static bool is_whole(int rootfd, const struct cgroup_mount *m)
{
	char link[64];

	return str_eq(m->root, STR("/")) &&
	       file_link(rootfd, "proc/self/ns/cgroup", link, sizeof(link), NULL) == 0 &&
	       str_eq(str_from(link), STR(INITIAL_NAMESPACE));
}

static int read_path(int rootfd, pid_t pid, struct buf *text, struct err *err)
{
	char name[32] = "proc/self/cgroup";
	int rc;

	if (pid)
		snprintf(name, sizeof(name), "proc/%d/cgroup", (int)pid);
	rc = file_read(rootfd, name, text, err);
	if (rc == -ENOENT && pid && faccessat(rootfd, "proc/self/cgroup", F_OK, 0) == 0)
		return err_set(err, -ESRCH, "PID %d: no such process", (int)pid);
	return rc;
}

struct str cgroup_parent(struct str path)
{
	ptrdiff_t slash = str_find_last(path, '/');

	if (slash >= 0)
		path.n = slash ? (size_t)slash : 1;
	return path;
}

/* A group lists what it has in cgroup.controllers; where that is not there, nothing is known. */
static bool lacks(int rootfd, const char *folder, struct str controller)
{
	_cleanup_(close_fd) int fd = file_open_dir(rootfd, folder, NULL);
	BUF(text, FILE_SMALL);
	struct str all, word;

	if (fd < 0 || file_read(fd, "cgroup.controllers", &text, NULL) < 0)
		return false;
	all = buf_view(&text);
	while (str_take_word(&all, &word))
		if (str_eq(word, controller))
			return false;
	return true;
}

static bool find_charged(int rootfd, struct str controller, struct arena *a, struct cgroup_place *p)
{
	struct str path = str_from(p->path), folder = str_from(p->folder);
	size_t top = strlen(p->top);

	p->charged_path = p->path;
	p->charged_folder = p->folder;
	while (p->version == 2 && folder.n > top && lacks(rootfd, p->charged_folder, controller)) {
		folder = cgroup_parent(folder);
		path = cgroup_parent(path);
		p->charged_folder = join(a, folder, (struct str){ 0 });
		p->charged_path = join(a, path, (struct str){ 0 });
		if (!p->charged_folder || !p->charged_path)
			return false;
	}
	return true;
}

int cgroup_locate(int rootfd, pid_t pid, struct str controller, struct arena *a,
		  struct cgroup_place *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	BUF(mountinfo, MOUNTINFO_MAX);
	struct cgroup_place place;
	struct cgroup_path path;
	struct cgroup_mount m;
	int rc = read_path(rootfd, pid, &text, err);

	if (rc < 0)
		return rc;
	rc = cgroup_path_parse(buf_view(&text), controller, &path, err);
	if (rc < 0)
		return rc;
	if (has_dots(path.path))
		return err_set(err, -ENOENT,
			       "group " STR_FMT " is outside of this cgroup namespace",
			       STR_ARG(path.path));
	rc = file_read(rootfd, "proc/self/mountinfo", &mountinfo, err);
	if (rc < 0)
		return rc;
	rc = cgroup_mount_find(buf_view(&mountinfo), &path, controller, a, &m, err);
	if (rc < 0)
		return rc;
	place = (struct cgroup_place){
		.version = path.version,
		.path = join(a, path.path, (struct str){ 0 }),
		.top = join(a, m.point, (struct str){ 0 }),
		.folder = join(a, m.point, m.rest),
		.whole = is_whole(rootfd, &m),
	};
	if (!place.path || !place.top || !place.folder ||
	    !find_charged(rootfd, controller, a, &place))
		return err_set(err, -ENOMEM, "cgroup: no room");
	*ret = place;
	return 0;
}
