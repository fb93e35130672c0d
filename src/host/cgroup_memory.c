/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/keyed.h"

#define STAT_MAX ((size_t)256 << 10)
#define LIMIT_ROOM 32
#define CHARGE_BATCH 64U /* pages, as MEMCG_CHARGE_BATCH: a charge asks for so much at first */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Version 1 writes "no limit" as LONG_MAX in whole pages, of 4 KiB to 64 KiB; LONG_MAX before 4.x.
 */
#define V1_NO_LIMIT ((UINT64_C(1) << 63) - (UINT64_C(1) << 20))

#define F(member, key) KEYED(struct cgroup_memory, member, key)
static const struct keyed_field v2_stat[] = {
	/* in the order of a 6.x kernel */
	F(anon, "anon"),
	F(file, "file"),
	F(kernel, "kernel"),
	F(kernel_stack, "kernel_stack"),
	F(pagetables, "pagetables"),
	F(percpu, "percpu"),
	F(sock, "sock"),
	F(vmalloc, "vmalloc"),
	F(shmem, "shmem"),
	F(file_mapped, "file_mapped"),
	F(file_dirty, "file_dirty"),
	F(file_writeback, "file_writeback"),
	F(swapcached, "swapcached"),
	F(anon_thp, "anon_thp"),
	F(inactive_anon, "inactive_anon"),
	F(active_anon, "active_anon"),
	F(inactive_file, "inactive_file"),
	F(active_file, "active_file"),
	F(unevictable, "unevictable"),
	F(slab_unreclaimable, "slab_unreclaimable"),
	F(slab, "slab"),
	F(refault_anon, "workingset_refault_anon"),
	F(refault_file, "workingset_refault_file"),
	F(refault_file, "workingset_refault"), /* before 5.9, when files alone were counted */
	F(pgscan, "pgscan"),
	F(pgsteal, "pgsteal"),
	F(pgfault, "pgfault"),
	F(pgmajfault, "pgmajfault"),
};

static const struct keyed_field v1_stat[] = {
	F(hierarchical_limit, "hierarchical_memory_limit"),
	F(file, "total_cache"),
	F(anon, "total_rss"),
	F(anon_thp, "total_rss_huge"),
	F(shmem, "total_shmem"),
	F(file_mapped, "total_mapped_file"),
	F(file_dirty, "total_dirty"),
	F(file_writeback, "total_writeback"),
	F(refault_anon, "total_workingset_refault_anon"),
	F(refault_file, "total_workingset_refault_file"),
	F(swap, "total_swap"),
	F(swapcached, "total_swapcached"),
	F(pgfault, "total_pgfault"),
	F(pgmajfault, "total_pgmajfault"),
	F(inactive_anon, "total_inactive_anon"),
	F(active_anon, "total_active_anon"),
	F(inactive_file, "total_inactive_file"),
	F(active_file, "total_active_file"),
	F(unevictable, "total_unevictable"),
};

static const struct keyed_field v2_events[] = {
	F(low_events, "low"), F(high_events, "high"),	F(max_events, "max"),
	F(oom_events, "oom"), F(oom_kills, "oom_kill"), F(oom_group_kills, "oom_group_kill"),
};

static const struct keyed_field v2_local_events[] = {
	F(local_max_events, "max"),
	F(local_oom_events, "oom"),
	F(local_oom_kills, "oom_kill"),
};

static const struct keyed_field v1_oom_control[] = {
	F(oom_kill_disable, "oom_kill_disable"),
	F(under_oom, "under_oom"),
	F(oom_kills, "oom_kill"),
};
#undef F

enum file_kind { KIND_NUMBER, KIND_LIMIT, KIND_KEYED, KIND_STAT, KIND_PRESSURE };

struct cgroup_file {
	const char *name;
	enum file_kind kind;
	uint32_t offset; /* of a number or a limit */
	const struct keyed_field *table;
	size_t n;
	bool slow; /* not for every sample */
};

#define AT(member) offsetof(struct cgroup_memory, member)
#define TABLE(t) .table = (t), .n = COUNT(t)

/* The usage comes first: cgroup_watch_usage() reads that. */
static const struct cgroup_file v2_files[] = {
	{ "memory.current", KIND_NUMBER, .offset = AT(usage) },
	{ "memory.max", KIND_LIMIT, .offset = AT(limit) },
	{ "memory.high", KIND_LIMIT, .offset = AT(high) },
	{ "memory.peak", KIND_NUMBER, .offset = AT(peak) },
	{ "memory.events", KIND_KEYED, TABLE(v2_events) },
	{ "memory.events.local", KIND_KEYED, TABLE(v2_local_events) },
	{ "memory.swap.current", KIND_NUMBER, .offset = AT(swap) },
	{ "memory.swap.max", KIND_LIMIT, .offset = AT(swap_limit) },
	{ "memory.stat", KIND_STAT, TABLE(v2_stat), .slow = true },
	{ "memory.pressure", KIND_PRESSURE, .slow = true },
};

static const struct cgroup_file v1_files[] = {
	{ "memory.usage_in_bytes", KIND_NUMBER, .offset = AT(usage) },
	{ "memory.limit_in_bytes", KIND_LIMIT, .offset = AT(limit) },
	{ "memory.max_usage_in_bytes", KIND_NUMBER, .offset = AT(peak) },
	{ "memory.failcnt", KIND_NUMBER, .offset = AT(max_events) },
	{ "memory.memsw.failcnt", KIND_NUMBER, .offset = AT(memsw_max_events) },
	{ "memory.oom_control", KIND_KEYED, TABLE(v1_oom_control) },
	{ "memory.kmem.usage_in_bytes", KIND_NUMBER, .offset = AT(kernel) },
	{ "memory.kmem.tcp.usage_in_bytes", KIND_NUMBER, .offset = AT(sock) },
	{ "memory.memsw.limit_in_bytes", KIND_LIMIT, .offset = AT(swap_limit) },
	{ "memory.use_hierarchy", KIND_NUMBER, .offset = AT(use_hierarchy), .slow = true },
	{ "memory.stat", KIND_STAT, TABLE(v1_stat), .slow = true },
};

_Static_assert(COUNT(v1_files) <= CGROUP_FILES_MAX && COUNT(v2_files) <= CGROUP_FILES_MAX, "room");

static const struct cgroup_file *files_of(int version, size_t *n)
{
	*n = version == 1 ? COUNT(v1_files) : COUNT(v2_files);
	return version == 1 ? v1_files : v2_files;
}

void cgroup_memory_unknown(struct cgroup_memory *m)
{
	keyed_unknown(m, offsetof(struct cgroup_memory, pressure));
	psi_unknown(&m->pressure);
}

bool cgroup_limit_parse(struct str text, uint64_t *ret)
{
	uint64_t v;

	text = str_trim(text);
	if (str_eq(text, STR("max"))) {
		*ret = HOST_NO_LIMIT;
		return true;
	}
	if (!str_take_u64(&text, &v) || text.n)
		return false;
	*ret = v >= V1_NO_LIMIT ? HOST_NO_LIMIT : v;
	return true;
}

static void add_known(uint64_t *sum, uint64_t v)
{
	if (host_known(v) && __builtin_add_overflow(*sum, v, sum))
		*sum = HOST_UNKNOWN - 1;
}

/* Kernels before 5.18 do not sum it up themselves. */
static void sum_kernel(struct cgroup_memory *m)
{
	uint64_t sum = 0;

	if (host_known(m->kernel) || !host_known(m->slab))
		return;
	add_known(&sum, m->slab);
	add_known(&sum, m->kernel_stack);
	add_known(&sum, m->pagetables);
	add_known(&sum, m->percpu);
	add_known(&sum, m->vmalloc);
	m->kernel = sum;
}

static int parse_stat(struct str text, const struct cgroup_file *f, struct cgroup_memory *m,
		      struct err *err)
{
	int rc = keyed_parse(text, f->name, f->table, f->n, m, err);

	if (rc < 0)
		return rc;
	if (host_known(m->shmem))
		m->file = host_less(m->file, m->shmem);
	if (host_known(m->hierarchical_limit) && m->hierarchical_limit >= V1_NO_LIMIT)
		m->hierarchical_limit = HOST_NO_LIMIT;
	return 0;
}

int cgroup_stat_parse(struct str text, int version, struct cgroup_memory *ret, struct err *err)
{
	struct cgroup_memory m;
	const struct cgroup_file f = {
		.name = "memory.stat",
		.table = version == 1 ? v1_stat : v2_stat,
		.n = version == 1 ? COUNT(v1_stat) : COUNT(v2_stat),
	};
	int rc;

	cgroup_memory_unknown(&m);
	rc = parse_stat(text, &f, &m, err);
	if (rc < 0)
		return rc;
	if (version != 1)
		sum_kernel(&m);
	*ret = m;
	return 0;
}

static int read_limit(int fd, const char *name, uint64_t *ret, struct err *err)
{
	char text[LIMIT_ROOM];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n < 0)
		return err_sys(err, "%s", name);
	if (!cgroup_limit_parse((struct str){ text, (size_t)n }, ret))
		return err_set(err, -EBADMSG, "%s: not a limit", name);
	return 0;
}

static int read_text(struct cgroup_watch *w, int fd, const struct cgroup_file *f,
		     struct cgroup_memory *m, struct err *err)
{
	int rc = file_reread(fd, f->name, &w->text, err);

	if (rc < 0)
		return rc;
	if (f->kind == KIND_STAT)
		return parse_stat(buf_view(&w->text), f, m, err);
	if (f->kind == KIND_PRESSURE)
		return psi_parse(buf_view(&w->text), &m->pressure, err);
	return keyed_parse(buf_view(&w->text), f->name, f->table, f->n, m, err);
}

static int read_one(struct cgroup_watch *w, size_t i, const struct cgroup_file *f,
		    struct cgroup_memory *m, struct err *err)
{
	uint64_t v;
	int rc;

	if (f->kind != KIND_NUMBER && f->kind != KIND_LIMIT)
		return read_text(w, w->fd[i], f, m, err);
	rc = f->kind == KIND_LIMIT ? read_limit(w->fd[i], f->name, &v, err)
				   : file_reread_u64(w->fd[i], f->name, &v, err);
	if (rc == 0)
		memcpy((char *)m + f->offset, &v, sizeof(v));
	return rc;
}

/* Hits of the limit of memory and swap together are counted beside, or (6.18) not at all. */
static void doubt_failcnt(struct cgroup_memory *m)
{
	uint64_t batch = CHARGE_BATCH * (uint64_t)sysconf(_SC_PAGESIZE);
	bool was_at_limit = (host_known(m->oom_kills) && m->oom_kills > 0) ||
			    (host_limited(m->limit) && host_known(m->peak) &&
			     host_less(m->limit, m->peak) < batch);

	if (host_known(m->max_events) && host_known(m->memsw_max_events) &&
	    __builtin_add_overflow(m->max_events, m->memsw_max_events, &m->max_events))
		m->max_events = HOST_UNKNOWN;
	if (m->max_events == 0 && was_at_limit)
		m->max_events = HOST_UNKNOWN;
}

/* What a file does not tell stays unknown; text that is not the kernel's is an error. */
static int read_files(struct cgroup_watch *w, bool slow_too, struct cgroup_memory *ret,
		      struct err *err)
{
	struct cgroup_memory m;
	size_t n;
	const struct cgroup_file *files = files_of(w->version, &n);

	cgroup_memory_unknown(&m);
	for (size_t i = 0; i < n; i++) {
		int rc;

		if (w->fd[i] < 0 || (files[i].slow && !slow_too))
			continue;
		rc = read_one(w, i, &files[i], &m, err);
		if (rc == -EBADMSG || rc == -ENODEV || rc == -ENOMEM || (i == 0 && rc < 0))
			return rc;
	}
	if (w->version == 1)
		doubt_failcnt(&m);
	else if (slow_too)
		sum_kernel(&m);
	*ret = m;
	return 0;
}

int cgroup_watch_open(int dirfd, int version, struct cgroup_watch *ret, struct err *err)
{
	struct cgroup_watch w = { .version = version };
	size_t n;
	const struct cgroup_file *files = files_of(version, &n);
	int rc;

	w.fd[0] = file_open(dirfd, files[0].name, err);
	if (w.fd[0] < 0)
		return w.fd[0];
	for (size_t i = 1; i < CGROUP_FILES_MAX; i++)
		w.fd[i] = i < n ? file_open(dirfd, files[i].name, NULL) : -1;
	buf_init(&w.text, STAT_MAX);
	if (!buf_reserve(&w.text, FILE_SMALL)) { /* so that later looks allocate nothing */
		rc = err_set(err, -ENOMEM, "cgroup: no memory");
		cgroup_watch_release(&w);
		return rc;
	}
	*ret = w;
	return 0;
}

void cgroup_watch_release(struct cgroup_watch *w)
{
	if (!w->version)
		return;
	for (size_t i = 0; i < CGROUP_FILES_MAX; i++)
		close_fd(&w->fd[i]);
	buf_release(&w->text);
	w->version = 0;
}

int cgroup_watch_usage(const struct cgroup_watch *w, uint64_t *ret, struct err *err)
{
	return file_reread_u64(w->fd[0], "memory usage", ret, err);
}

int cgroup_watch_counters(struct cgroup_watch *w, struct cgroup_memory *ret, struct err *err)
{
	return read_files(w, false, ret, err);
}

int cgroup_watch_read(struct cgroup_watch *w, struct cgroup_memory *ret, struct err *err)
{
	return read_files(w, true, ret, err);
}

int cgroup_memory_read(int dirfd, int version, struct cgroup_memory *ret, struct err *err)
{
	_cleanup_(cgroup_watch_release) struct cgroup_watch w = { 0 };
	int rc = cgroup_watch_open(dirfd, version, &w, err);

	return rc < 0 ? rc : cgroup_watch_read(&w, ret, err);
}
