/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_make.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cgroup_memory.h"
#include "host/cgroup_path.h"
#include "host/file.h"
#include "host/machine.h"

#define PREFIX "whyoom-run-"
#define STALE_S 60 /* younger ones may be another whyoom's that is about to fill it */
#define SWEPT_MAX 10000
#define NAMES_TRIED 8
#define PERIOD_US 100000 /* the kernel's default */
#define ARENA_BUDGET ((size_t)4 << 20)

static const struct cgroup_folder none = { .fd = -1, .above = -1, .home = -1 };

/* Of a whyoom that is gone; rmdir() refuses where somebody is in it. */
static void remove_if_stale(int rootfd, int above, const char *name)
{
	struct str s = str_from(name);
	char proc[32];
	struct stat st;
	uint64_t pid;

	if (!str_take_prefix(&s, STR(PREFIX)) || !str_take_u64(&s, &pid) || pid > INT32_MAX)
		return;
	snprintf(proc, sizeof(proc), "proc/%" PRIu64, pid);
	if (faccessat(rootfd, proc, F_OK, 0) == 0 || fstatat(above, name, &st, 0) < 0 ||
	    time(NULL) - st.st_mtime < STALE_S)
		return;
	unlinkat(above, name, AT_REMOVEDIR);
}

static void sweep(int rootfd, int above)
{
	int fd = file_open_dir(above, ".", NULL);
	_cleanup_(close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd >= 0 && !dir)
		close(fd);
	for (int i = 0; dir && i < SWEPT_MAX && (e = readdir(dir)); i++)
		remove_if_stale(rootfd, above, e->d_name);
}

/* The group's folder below @where, whose descriptor becomes the result's. */
static int make_in(int rootfd, const char *where, struct cgroup_folder *ret, struct err *err)
{
	struct cgroup_folder f = none;
	int rc = -1;

	f.above = file_open_dir(rootfd, where, err);
	if (f.above < 0)
		return f.above;
	sweep(rootfd, f.above);
	for (int i = 0; i < NAMES_TRIED && rc < 0; i++) {
		snprintf(f.name, sizeof(f.name), i ? PREFIX "%d-%d" : PREFIX "%d", (int)getpid(),
			 i);
		rc = mkdirat(f.above, f.name, 0755);
		if (rc < 0 && errno != EEXIST)
			break;
	}
	if (rc < 0)
		rc = err_sys(err, "%s", where);
	else
		rc = f.fd = file_open_dir(f.above, f.name, err);
	if (rc < 0) {
		close(f.above);
		return rc;
	}
	snprintf(f.path, sizeof(f.path), "%s/%s", where, f.name);
	*ret = f;
	return 0;
}

/* Version 1 lets a group have members and groups below it. */
static int make_v1(int rootfd, const struct cgroup_place *place, struct cgroup_folder *ret,
		   struct err *err)
{
	struct err second;

	if (make_in(rootfd, place->folder, ret, err) == 0)
		return 0;
	return make_in(rootfd, place->top, ret, &second) == 0 ? 0 : err->code;
}

static bool lists(int dirfd, const char *file, struct str controller)
{
	BUF(text, FILE_SMALL);
	struct str all, word;

	if (file_read(dirfd, file, &text, NULL) < 0)
		return false;
	all = buf_view(&text);
	while (str_take_word(&all, &word))
		if (str_eq(word, controller))
			return true;
	return false;
}

static bool hands_down(int rootfd, const char *folder, const char *controller)
{
	_cleanup_(close_fd) int fd = file_open_dir(rootfd, folder, NULL);

	return fd >= 0 && lists(fd, "cgroup.subtree_control", str_from(controller));
}

/* Only the root of the hierarchy may have members and hand controllers down. What is new. */
static unsigned ask_root(int rootfd, const char *top, unsigned wanted)
{
	static const struct {
		unsigned bit;
		const char *name, *on;
	} controllers[] = { { CGROUP_HAND_MEMORY, "memory", "+memory" },
			    { CGROUP_HAND_CPU, "cpu", "+cpu" } };
	_cleanup_(close_fd) int fd = file_open_dir(rootfd, top, NULL);
	unsigned handed = 0;

	for (size_t i = 0; fd >= 0 && i < sizeof(controllers) / sizeof(controllers[0]); i++)
		if ((wanted & controllers[i].bit) &&
		    !lists(fd, "cgroup.subtree_control", str_from(controllers[i].name)) &&
		    file_write(fd, "cgroup.subtree_control", controllers[i].on, NULL) == 0)
			handed |= controllers[i].bit;
	return handed;
}

/* "/a/b" to "/a"; false at @top. */
static bool cut_last(char *folder, const char *top)
{
	char *slash = strrchr(folder, '/');

	if (strlen(folder) <= strlen(top) || !slash)
		return false;
	*slash = '\0';
	return true;
}

/* The error is that of the nearest group which hands it down but may not be written. */
static int make_v2(int rootfd, const struct cgroup_place *place, const char *controller,
		   unsigned wanted, struct cgroup_folder *ret, struct err *err)
{
	char folder[sizeof(ret->path)];
	struct err first = { 0 };

	if (strlen(place->folder) >= sizeof(folder))
		return err_set(err, -ENAMETOOLONG, "%s", place->folder);
	memcpy(folder, place->folder, strlen(place->folder) + 1);
	do {
		unsigned handed = 0;

		if (place->whole && strcmp(folder, place->top) == 0)
			handed = ask_root(rootfd, folder, wanted);
		if (!hands_down(rootfd, folder, controller))
			continue;
		if (make_in(rootfd, folder, ret, err) == 0) {
			ret->handed_down = handed;
			return 0;
		}
		if (!first.code)
			first = *err;
	} while (cut_last(folder, place->top));
	if (first.code)
		return err_set(err, first.code, "%s", first.msg);
	return err_set(err, -ENOENT,
		       "no group from %s upwards hands \"%s\" down (cgroup.subtree_control)",
		       place->folder, controller);
}

static int make_for(int rootfd, const char *controller, unsigned wanted, struct cgroup_folder *ret,
		    struct err *err)
{
	ARENA(a, ARENA_BUDGET);
	struct cgroup_place place;
	struct cgroup_folder f = none;
	int rc = cgroup_locate(rootfd, 0, str_from(controller), &a, &place, err);

	if (rc < 0)
		return rc;
	rc = place.version == 1 ? make_v1(rootfd, &place, &f, err)
				: make_v2(rootfd, &place, controller, wanted, &f, err);
	if (rc < 0)
		return rc;
	f.version = place.version;
	f.home = file_open_dir(rootfd, place.folder, NULL);
	*ret = f;
	return 0;
}

/*
 * One page above: the kernel then meets memory's own limit first and counts it (failcnt);
 * hits of this one are not counted by newer kernels (cgroup_memory.h).
 */
static int limit_memsw(const struct cgroup_folder *f, uint64_t max, struct err *why)
{
	char text[32];
	uint64_t both;

	if (__builtin_add_overflow(max, (uint64_t)sysconf(_SC_PAGESIZE), &both))
		both = max;
	snprintf(text, sizeof(text), "%" PRIu64, both);
	return file_write(f->fd, "memory.memsw.limit_in_bytes", text, why);
}

/* So that nothing escapes into swap; without any swap there is nothing to limit. */
static void limit_swap(int rootfd, const struct cgroup_folder *f, uint64_t max, struct err *why)
{
	struct meminfo mem;
	int rc;

	if (f->version == 2)
		rc = file_write(f->fd, "memory.swap.max", "0", why);
	else if (limit_memsw(f, max, NULL) == 0)
		rc = 0;
	else
		rc = file_write(f->fd, "memory.swappiness", "0", why);
	if (rc == 0 || (meminfo_read(rootfd, &mem, NULL) == 0 && mem.swap_total == 0))
		why->code = 0;
}

static int limit_memory(int rootfd, uint64_t max, struct cgroup_made *m)
{
	const struct cgroup_folder *f = &m->memory;
	struct cgroup_memory now;
	char text[32];
	int rc;

	snprintf(text, sizeof(text), "%" PRIu64, max);
	rc = file_write(f->fd, f->version == 1 ? "memory.limit_in_bytes" : "memory.max", text,
			&m->memory_why);
	if (rc < 0)
		return err_wrap(&m->memory_why, rc, "%s", f->path);
	limit_swap(rootfd, f, max, &m->swap_why);
	rc = cgroup_memory_read(f->fd, f->version, &now, &m->memory_why);
	if (rc < 0)
		return err_wrap(&m->memory_why, rc, "%s", f->path);
	m->memory_max = now.limit;
	return 0;
}

static int limit_cpu(const struct cgroup_folder *f, uint64_t milli, struct err *why)
{
	char text[64];
	uint64_t quota;
	int rc;

	if (__builtin_mul_overflow(milli, (uint64_t)PERIOD_US / 1000, &quota))
		return err_set(why, -ERANGE, "so many processors");
	if (f->version == 2) {
		snprintf(text, sizeof(text), "%" PRIu64 " %d", quota, PERIOD_US);
		rc = file_write(f->fd, "cpu.max", text, why);
	} else {
		snprintf(text, sizeof(text), "%" PRIu64, quota);
		rc = file_write(f->fd, "cpu.cfs_quota_us", text, why);
	}
	return rc < 0 ? err_wrap(why, rc, "%s", f->path) : 0;
}

/* The folder that carries the processor's limit: the memory's, where one hierarchy has both. */
static int cpu_folder(int rootfd, struct cgroup_made *m, const struct cgroup_folder **ret)
{
	ARENA(a, ARENA_BUDGET);
	struct cgroup_place memory, cpu;
	int rc;

	if (m->memory.version && cgroup_locate(rootfd, 0, STR("memory"), &a, &memory, NULL) == 0 &&
	    cgroup_locate(rootfd, 0, STR("cpu"), &a, &cpu, NULL) == 0 &&
	    strcmp(memory.top, cpu.top) == 0) {
		*ret = &m->memory;
		return 0;
	}
	rc = make_for(rootfd, "cpu", CGROUP_HAND_CPU, &m->cpu, &m->cpu_why);
	*ret = &m->cpu;
	return rc;
}

static int make_memory(int rootfd, const struct cgroup_want *want, struct cgroup_made *m)
{
	unsigned wanted = CGROUP_HAND_MEMORY | (host_known(want->cpu_milli) ? CGROUP_HAND_CPU : 0);
	int rc = make_for(rootfd, "memory", wanted, &m->memory, &m->memory_why);

	return rc < 0 ? rc : limit_memory(rootfd, want->memory_max, m);
}

int cgroup_make(int rootfd, const struct cgroup_want *want, struct cgroup_made *ret)
{
	struct cgroup_made m = { .memory = none, .cpu = none, .memory_max = HOST_UNKNOWN };
	const struct cgroup_folder *f;
	int rc;

	if (host_known(want->memory_max) && make_memory(rootfd, want, &m) < 0)
		cgroup_made_remove(&m, 0, NULL); /* a group that limits nothing is no use */
	if (host_known(want->cpu_milli)) {
		rc = cpu_folder(rootfd, &m, &f);
		if (rc == 0)
			limit_cpu(f, want->cpu_milli, &m.cpu_why);
	}
	*ret = m;
	return m.memory_why.code || m.cpu_why.code;
}
