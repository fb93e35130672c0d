/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cur.h"
#include "target/core_private.h"

#define CHECK_EVERY 256 /* pieces, between looks at the clock */

static void core_free(struct core *c)
{
	if (c->source.fd >= 0)
		close(c->source.fd);
	core_files_release(c);
	core_elf_release(&c->elf);
	core_notes_release(&c->notes);
	free(c->regions);
	free(c->ranges);
	free(c->exe_text);
	free(c->exe_option);
	free(c->name);
	free(c);
}

static void core_freep(struct core **c)
{
	if (*c)
		core_free(*c);
}

static void core_close(struct mem *m)
{
	core_free((struct core *)m);
}

/* One run of [addr, end) that comes from one place; how long it is, 0 where it cannot be had. */
static uint64_t read_run(struct core *c, uint64_t addr, uint64_t end, uint8_t *dst)
{
	const struct mem_region *r = mem_region_find(c->regions, c->n, addr);
	const struct core_range *range = r ? &c->ranges[r - c->regions] : NULL;
	const struct core_mapping *f;
	uint64_t n;

	if (!r || !(r->prot & MEM_R))
		return 0;
	n = (end < r->end ? end : r->end) - addr;
	if (addr - r->start < range->kept) {
		uint64_t kept = range->kept - (addr - r->start);

		n = n < kept ? n : kept;
		return core_own_read(c, addr, dst, (size_t)n) ? n : 0;
	}
	if (range->zeros) {
		memset(dst, 0, (size_t)n);
		return n;
	}
	f = r->prot & MEM_W ? NULL : core_notes_file(&c->notes, addr);
	if (!f)
		return 0;
	n = n < f->end - addr ? n : f->end - addr;
	return core_from_file(c, f, addr, dst, (size_t)n) ? n : 0;
}

static bool read_piece(struct core *c, const struct mem_piece *p)
{
	uint64_t at = p->addr, end;
	uint8_t *dst = p->dst;

	if (__builtin_add_overflow(p->addr, p->len, &end))
		return false;
	while (at < end) {
		uint64_t n = read_run(c, at, end, dst);

		if (n == 0)
			return false;
		dst += n;
		at += n;
	}
	return true;
}

static int core_read(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	struct core *c = (struct core *)m;

	m->calls++;
	for (size_t i = 0; i < n; i++) {
		int r = i % CHECK_EVERY ? 0 : mem_in_time(m, err);

		if (r < 0)
			return r;
		v[i].ok = read_piece(c, &v[i]);
		m->bytes_read += v[i].ok ? v[i].len : 0;
	}
	return 0;
}

static int core_refresh(struct mem *m, struct err *err)
{
	(void)m;
	(void)err;
	return 0;
}

static const struct mem_ops core_ops = {
	.read = core_read,
	.refresh = core_refresh,
	.close = core_close,
};

bool core_is(struct str head)
{
	return head.n >= 18 && memcmp(head.p, ELFMAG, SELFMAG) == 0 && le16(head.p + 16) == ET_CORE;
}

/* Those whose default is to dump core, or to kill: gcore notes the stop that it made itself. */
static int deadly(int signal)
{
	return signal == SIGSTOP || signal == SIGTRAP || signal == SIGTSTP ? 0 : signal;
}

static uint64_t behind_end(const struct core *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->elf.n_loads; i++) {
		const struct core_segment *s = &c->elf.loads[i];
		uint64_t here = s->offset < c->source.size ? c->source.size - s->offset : 0;

		if (s->file_size > here && __builtin_add_overflow(sum, s->file_size - here, &sum))
			return UINT64_MAX;
	}
	return sum;
}

static int fill_facts(struct core *c, struct err *err)
{
	struct core_facts *f = &c->notes.facts;

	c->exe_text = strndup(c->exe.n ? c->exe.p : "", c->exe.n);
	if (!c->exe_text)
		return err_set(err, -ENOMEM, "%s: no memory", c->source.name);
	f->exe = c->exe_text;
	f->signal = deadly(f->signal);
	f->file_bytes = c->source.size;
	f->missing_bytes = behind_end(c);
	build_ids_text(&c->ids, f->build_id, sizeof(f->build_id));
	return 0;
}

static int read_all(struct core *c, struct err *err)
{
	int r = core_elf_read(&c->source, &c->elf, err);

	if (r < 0)
		return r;
	if (c->elf.type != ET_CORE)
		return err_set(err, -EBADMSG, "%s: is an ELF file, but no core file", c->name);
	r = core_notes_read(&c->source, &c->elf, &c->notes, err);
	c->files_known = c->notes.n_files > 0;
	if (r == 0)
		r = core_ranges_make(c, err);
	if (r == 0)
		r = core_exe_find(c, err);
	if (r == 0)
		r = fill_facts(c, err);
	return r;
}

static int open_into(struct core *c, const struct core_options *opt, struct err *err)
{
	struct stat st;

	if (fstat(c->source.fd, &st) < 0)
		return err_sys(err, "%s", c->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EBADMSG, "%s: is no regular file", c->name);
	c->source.size = (uint64_t)st.st_size;
	c->source.name = c->name;
	if (opt && opt->exe) {
		c->exe_option = strdup(opt->exe);
		if (!c->exe_option)
			return err_set(err, -ENOMEM, "%s: no memory", c->name);
	}
	return read_all(c, err);
}

int core_open_fd(int fd, const char *name, const struct core_options *opt, struct mem **ret,
		 struct err *err)
{
	_cleanup_(core_freep) struct core *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close(fd);
		return err_set(err, -ENOMEM, "%s: no memory", name);
	}
	c->source.fd = fd;
	c->name = strdup(name);
	if (!c->name)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	r = open_into(c, opt, err);
	if (r < 0)
		return r;
	c->mem = (struct mem){ .ops = &core_ops,
			       .name = c->name,
			       .regions = c->regions,
			       .n_regions = c->n,
			       .still = true };
	*ret = &c->mem;
	c = NULL;
	return 0;
}

int core_open(const char *path, const struct core_options *opt, struct mem **ret, struct err *err)
{
	const char *last = strrchr(path, '/');
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, "%s", path);
	return core_open_fd(fd, last && last[1] ? last + 1 : path, opt, ret, err);
}

const struct core_facts *core_facts_of(const struct mem *m)
{
	return m->ops == &core_ops ? &((const struct core *)m)->notes.facts : NULL;
}

static bool lacks_code(struct core *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct mem_region *r = &c->regions[i];
		const struct core_mapping *f = core_notes_file(&c->notes, r->start);

		if (r->exe && !(r->prot & MEM_W) && c->ranges[i].kept < r->end - r->start &&
		    (!f || !core_file_of(c, f)))
			return true;
	}
	return false;
}

bool core_wants_exe(const struct mem *m, struct err *ret)
{
	const struct core_facts *f = core_facts_of(m);
	bool named = f && *f->exe;

	if (!f || ((const struct core *)m)->exe_option)
		return false;
	/* only looks at files; the mem is as it was */
	if (named && !lacks_code((struct core *)(uintptr_t)m))
		return false;
	if (named)
		err_set(ret, -ENODATA,
			"%s: the program's code is not in it; give %s with --exe%s%s", m->name,
			f->exe, *f->build_id ? ", build id " : "", f->build_id);
	else
		err_set(ret, -ENODATA, "%s: does not name its program; give the binary with --exe",
			m->name);
	return true;
}
