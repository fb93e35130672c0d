/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core_notes.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cur.h"

#define NOTES_MAX ((uint64_t)256 << 20)
#define FILES_MAX ((uint64_t)1 << 20)

/*
 * struct elf_prstatus: si_signo, code, errno (12), cursig (2+2), sigpend,
 * sighold (16), pid, ppid, pgrp, sid (16), four timevals (64), then the
 * registers: struct user_regs_struct or user_pt_regs.
 */
#define PRSTATUS_CURSIG 12
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112

static const struct registers {
	uint16_t machine;
	unsigned pc, sp, g, n; /* indices of 8-byte registers */
} registers[] = {
	{ EM_X86_64, 16, 19, 1, 27 },	/* rip, rsp, r14 */
	{ EM_AARCH64, 32, 31, 28, 34 }, /* pc, sp, x28 */
};

static const struct registers *registers_of(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (registers[i].machine == machine)
			return &registers[i];
	}
	return NULL;
}

static void take_thread(struct core_notes *n, struct str d)
{
	const struct registers *r = registers_of(n->facts.machine);
	const char *regs = d.p + PRSTATUS_REGS;
	struct core_thread *t = &n->threads[n->facts.n_threads];

	if (!r || d.n < PRSTATUS_REGS + r->n * 8)
		return;
	t->tid = (pid_t)le32(d.p + PRSTATUS_PID);
	t->signal = (int)le16(d.p + PRSTATUS_CURSIG);
	t->pc = le64(regs + 8 * r->pc);
	t->sp = le64(regs + 8 * r->sp);
	t->g = le64(regs + 8 * r->g);
	n->facts.n_threads++;
}

static void words(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	to[n] = '\0';
}

/* struct elf_prpsinfo of 64-bit machines: state, sname, zomb, nice, flag (8), uid, gid, pid … */
static void take_psinfo(struct core_notes *n, struct str d)
{
	if (d.n < 136)
		return;
	n->facts.pid = (pid_t)le32(d.p + 24);
	words(n->facts.comm, d.p + 40, 16);
	words(n->facts.args, d.p + 56, 80);
}

static void take_auxv(struct core_notes *n, struct str d)
{
	for (size_t i = 0; i + 16 <= d.n; i += 16) {
		uint64_t type = le64(d.p + i), value = le64(d.p + i + 8);

		if (type == AT_ENTRY)
			n->entry = value;
		else if (type == AT_PHDR)
			n->headers = value;
		else if (type == AT_EXECFN)
			n->exec_name = value;
		else if (type == AT_SYSINFO_EHDR)
			n->vdso = value;
	}
}

static void take_siginfo(struct core_notes *n, struct str d)
{
	if (d.n >= 4)
		n->facts.signal = (int)le32(d.p);
}

/* count, page size, count × (start, end, offset in pages), then the names, each with a NUL. */
static int take_files(struct core_notes *n, struct str d)
{
	struct cur c = cur_over(d.p, d.n, "");
	uint64_t count = cur_u64(&c), unit = cur_u64(&c), at;

	if (n->files || c.bad || count > FILES_MAX || count * 24 > cur_left(&c))
		return 0;
	n->files = calloc(count + 1, sizeof(*n->files));
	if (!n->files)
		return -ENOMEM;
	at = c.at;
	c.at += count * 24;
	for (uint64_t i = 0; i < count && cur_left(&c); i++, at += 24) {
		struct core_mapping *f = &n->files[n->n_files];
		const char *name = d.p + c.at, *end = memchr(name, '\0', (size_t)cur_left(&c));

		if (!end)
			break;
		f->start = le64(d.p + at);
		f->end = le64(d.p + at + 8);
		f->path = (struct str){ name, (size_t)(end - name) };
		c.at += f->path.n + 1;
		n->n_files += f->start < f->end &&
			      !__builtin_mul_overflow(le64(d.p + at + 16), unit, &f->offset);
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct core_mapping *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* What overlaps one before it is dropped: the kernel writes none such. */
static void order_files(struct core_notes *n)
{
	size_t kept = 0;

	if (n->n_files)
		qsort(n->files, n->n_files, sizeof(*n->files), by_start);
	for (size_t i = 0; i < n->n_files; i++) {
		if (kept == 0 || n->files[kept - 1].end <= n->files[i].start)
			n->files[kept++] = n->files[i];
	}
	n->n_files = kept;
}

static size_t count_threads(struct str notes)
{
	struct core_note note;
	size_t n = 0;

	while (core_note_take(&notes, &note))
		n += note.type == NT_PRSTATUS && str_eq(note.name, STR("CORE"));
	return n;
}

static int take_all(struct core_notes *n, struct str notes)
{
	struct core_note note;
	int r = 0;

	while (r == 0 && core_note_take(&notes, &note)) {
		if (!str_eq(note.name, STR("CORE")))
			continue;
		if (note.type == NT_PRSTATUS)
			take_thread(n, note.desc);
		else if (note.type == NT_PRPSINFO)
			take_psinfo(n, note.desc);
		else if (note.type == NT_AUXV)
			take_auxv(n, note.desc);
		else if (note.type == NT_SIGINFO)
			take_siginfo(n, note.desc);
		else if (note.type == NT_FILE)
			r = take_files(n, note.desc);
	}
	return r;
}

/* As much as the file still has of them. */
static void read_bytes(const struct core_source *s, const struct core_elf *e, struct buf *to)
{
	for (size_t i = 0; i < e->n_notes; i++) {
		const struct core_segment *v = &e->notes[i];
		uint64_t left = v->offset < s->size ? s->size - v->offset : 0;
		size_t len = (size_t)(v->file_size < left ? v->file_size : left);
		void *p;

		if (len > NOTES_MAX)
			continue;
		p = buf_reserve(to, len);
		if (p && core_source_read(s, v->offset, p, len))
			buf_took(to, len);
	}
}

int core_notes_read(const struct core_source *s, const struct core_elf *e, struct core_notes *ret,
		    struct err *err)
{
	int r = 0;

	*ret = (struct core_notes){ .facts = { .machine = e->machine, .exe = "" } };
	buf_init(&ret->bytes, NOTES_MAX);
	read_bytes(s, e, &ret->bytes);
	ret->threads = calloc(count_threads(buf_view(&ret->bytes)) + 1, sizeof(*ret->threads));
	if (ret->bytes.failed == -ENOMEM || !ret->threads)
		r = -ENOMEM;
	if (r == 0)
		r = take_all(ret, buf_view(&ret->bytes));
	if (r < 0)
		return err_set(err, r, "%s: no memory for its notes", s->name);
	ret->facts.threads = ret->threads;
	if (!ret->facts.pid && ret->facts.n_threads)
		ret->facts.pid = ret->threads[0].tid;
	order_files(ret);
	return 0;
}

void core_notes_release(struct core_notes *n)
{
	buf_release(&n->bytes);
	free(n->threads);
	free(n->files);
}

const struct core_mapping *core_notes_file(const struct core_notes *n, uint64_t addr)
{
	size_t lo = 0, hi = n->n_files;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (n->files[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n->n_files && n->files[lo].start <= addr ? &n->files[lo] : NULL;
}
