/* SPDX-License-Identifier: Apache-2.0 */
#include "host/machine.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/cur.h"
#include "host/file.h"
#include "host/keyed.h"

#define TICKS_MAX 1000000		/* a second */
#define PROC_STAT_MAX ((size_t)4 << 20) /* one number for each interrupt */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define M(member, key) KEYED(struct meminfo, member, key)
static const struct keyed_field meminfo_fields[] = {
	M(total, "MemTotal"),
	M(free, "MemFree"),
	M(available, "MemAvailable"),
	M(buffers, "Buffers"),
	M(cached, "Cached"),
	M(swap_total, "SwapTotal"),
	M(swap_free, "SwapFree"),
	M(dirty, "Dirty"),
	M(writeback, "Writeback"),
	M(anon_pages, "AnonPages"),
	M(shmem, "Shmem"),
	M(slab, "Slab"),
	M(slab_reclaimable, "SReclaimable"),
	M(kernel_stack, "KernelStack"),
	M(page_tables, "PageTables"),
	M(commit_limit, "CommitLimit"),
	M(committed, "Committed_AS"),
	M(anon_huge_pages, "AnonHugePages"),
	M(huge_pages, "Hugetlb"),
};
#undef M

int meminfo_parse(struct str text, struct meminfo *ret, struct err *err)
{
	struct meminfo m;
	int rc;

	keyed_unknown(&m, sizeof(m));
	rc = keyed_parse(text, "meminfo", meminfo_fields, COUNT(meminfo_fields), &m, err);
	if (rc < 0)
		return rc;
	if (!host_known(m.total))
		return err_set(err, -EBADMSG, "meminfo: no MemTotal");
	*ret = m;
	return 0;
}

int meminfo_read(int rootfd, struct meminfo *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	int rc = file_read(rootfd, "proc/meminfo", &text, err);

	return rc < 0 ? rc : meminfo_parse(buf_view(&text), ret, err);
}

static void read_kernel(int rootfd, struct machine *m)
{
	BUF(text, FILE_SMALL);
	struct str s;

	if (file_read(rootfd, "proc/sys/kernel/osrelease", &text, NULL) < 0)
		return;
	s = str_trim(buf_view(&text));
	if (s.n < sizeof(m->kernel))
		memcpy(m->kernel, s.p, s.n);
}

/* The kernel tells every program its page size and clock ticks (getauxval(3)). */
static void read_auxv(int rootfd, struct machine *m)
{
	BUF(bytes, FILE_SMALL);
	struct cur c;

	if (file_read(rootfd, "proc/self/auxv", &bytes, NULL) < 0)
		return;
	for (c = cur_over(bytes.p, bytes.n, "auxv"); cur_left(&c) >= 16;) {
		uint64_t type = cur_u64(&c), value = cur_u64(&c);

		if (type == AT_PAGESZ)
			m->page_size = value;
		else if (type == AT_CLKTCK && value && value <= TICKS_MAX)
			m->ticks_per_s = value;
	}
}

/* "cpu0 …", one for each that is online, and "btime N". */
static void read_proc_stat(int rootfd, struct machine *m)
{
	BUF(text, PROC_STAT_MAX);
	struct str s, line;
	uint64_t n, cpus = 0;

	if (file_read(rootfd, "proc/stat", &text, NULL) < 0)
		return;
	s = buf_view(&text);
	while (str_take_line(&s, &line)) {
		if (str_take_prefix(&line, STR("cpu")) && str_take_u64(&line, &n))
			cpus++;
		else if (str_take_prefix(&line, STR("btime ")) && str_take_u64(&line, &n))
			m->boot_time_s = n;
	}
	if (cpus)
		m->n_cpus = cpus;
}

int machine_read(int rootfd, struct machine *ret, struct err *err)
{
	struct machine m = { .page_size = HOST_UNKNOWN,
			     .ticks_per_s = HOST_UNKNOWN,
			     .n_cpus = HOST_UNKNOWN,
			     .boot_time_s = HOST_UNKNOWN };
	int rc;

	keyed_unknown(&m.mem, sizeof(m.mem));
	rc = meminfo_read(rootfd, &m.mem, err);
	read_kernel(rootfd, &m);
	read_auxv(rootfd, &m);
	read_proc_stat(rootfd, &m);
	if (rc < 0 && !m.kernel[0] && !host_known(m.boot_time_s))
		return rc;
	*ret = m;
	return 0;
}

int64_t machine_start_wall_ns(const struct machine *m, uint64_t start_ticks)
{
	uint64_t s;

	if (!host_known(m->boot_time_s) || !host_known(m->ticks_per_s) || !host_known(start_ticks))
		return INT64_MIN;
	if (__builtin_add_overflow(m->boot_time_s, start_ticks / m->ticks_per_s, &s) ||
	    s > (uint64_t)(INT64_MAX / NS_PER_S) - 1)
		return INT64_MIN;
	return (int64_t)s * NS_PER_S +
	       (int64_t)(start_ticks % m->ticks_per_s * (uint64_t)NS_PER_S / m->ticks_per_s);
}
