/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/g_read.h"

#include <errno.h>

#include "base/cur.h"

#define SCAN_BIT UINT32_C(0x1000) /* _Gscan: the collector looks at its stack */

/* The first goroutine of all runs runtime.main; no go statement made it. */
#define MAIN_GOID 1

/* Structures closer than this share a piece, up to a size. */
#define GAP_MAX 256
#define PIECE_MAX ((size_t)64 << 10)

static const enum layout_field wanted[] = {
	L_G_STACK_LO,  L_G_STACK_HI,  L_G_SCHED_SP,	L_G_SCHED_LR,	      L_G_SCHED_PC,
	L_G_SYSCALLSP, L_G_SYSCALLPC, L_G_ATOMICSTATUS, L_G_WAITREASON,	      L_G_GOID,
	L_G_WAITSINCE, L_G_GOPC,      L_G_STARTPC,	L_G_RUNNING_CLEANUPS,
};

/* So many bytes from its start hold all that is wanted. */
static size_t g_extent(const struct layout *lay)
{
	size_t end = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (layout_has(lay, wanted[i]) && lay->at[wanted[i]] + 8 > end)
			end = lay->at[wanted[i]] + 8;
	}
	return end;
}

static uint64_t field(const struct layout *lay, const uint8_t *p, enum layout_field f)
{
	return le64(p + lay->at[f]);
}

/* No release has a status above 255; what has is not a g, or a new kind of it. */
static uint32_t status_of(const struct layout *lay, const uint8_t *p)
{
	uint32_t status = le32(p + lay->at[L_G_ATOMICSTATUS]) & ~SCAN_BIT;

	return status < UINT8_MAX ? status : UINT8_MAX;
}

static void decode(const struct layout *lay, const uint8_t *p, struct g *g)
{
	uint64_t syscall_sp = field(lay, p, L_G_SYSCALLSP), goid = field(lay, p, L_G_GOID);

	*g = (struct g){
		.addr = g->addr,
		.had = true,
		.wait_reason = p[lay->at[L_G_WAITREASON]],
		.running_cleanups =
			layout_has(lay, L_G_RUNNING_CLEANUPS) && p[lay->at[L_G_RUNNING_CLEANUPS]],
		.status = status_of(lay, p),
		.stack_lo = field(lay, p, L_G_STACK_LO),
		.stack_hi = field(lay, p, L_G_STACK_HI),
		.in_syscall = syscall_sp != 0,
		.sp = syscall_sp ? syscall_sp : field(lay, p, L_G_SCHED_SP),
		.pc = field(lay, p, syscall_sp ? L_G_SYSCALLPC : L_G_SCHED_PC),
		.lr = syscall_sp ? 0 : field(lay, p, L_G_SCHED_LR),
		.gopc = goid == MAIN_GOID ? 0 : field(lay, p, L_G_GOPC),
		.startpc = field(lay, p, L_G_STARTPC),
		.goid = goid,
		.waitsince = (int64_t)field(lay, p, L_G_WAITSINCE),
	};
}

/* A run of structures that are read as one piece. */
struct run {
	size_t first, n, at; /* @at in the buffer */
};

struct reading {
	const struct layout *lay;
	size_t extent;
	struct g *v;
	uint8_t *bytes;
	struct mem_piece *pieces;
	struct run *runs;
	size_t n_runs;
};

static size_t plan(struct reading *r, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		struct mem_piece *last = r->n_runs ? &r->pieces[r->n_runs - 1] : NULL;
		uint64_t addr = r->v[i].addr, end = last ? last->addr + last->len : 0;

		if (last && addr >= end && addr - end <= GAP_MAX && last->len < PIECE_MAX) {
			used += addr + r->extent - end;
			last->len += addr + r->extent - end;
			r->runs[r->n_runs - 1].n++;
			continue;
		}
		r->pieces[r->n_runs] = (struct mem_piece){ .addr = addr, .len = r->extent };
		r->runs[r->n_runs++] = (struct run){ .first = i, .n = 1, .at = used };
		used += r->extent;
	}
	return used;
}

/* A page of the run is not there: one by one, to lose no more than must be. */
static int read_alone(struct reading *r, const struct run *run, struct mem *m, struct err *err)
{
	for (size_t i = run->first; i < run->first + run->n; i++) {
		struct mem_piece p = { .addr = r->v[i].addr, .dst = r->bytes, .len = r->extent };
		int code = mem_readv(m, &p, 1, err);

		if (code < 0)
			return code;
		if (p.ok)
			decode(r->lay, r->bytes, &r->v[i]);
	}
	return 0;
}

static void decode_run(const struct reading *r, const struct run *run)
{
	uint64_t base = r->v[run->first].addr;

	for (size_t i = run->first; i < run->first + run->n; i++)
		decode(r->lay, r->bytes + run->at + (r->v[i].addr - base), &r->v[i]);
}

static int read_runs(struct reading *r, struct mem *m, struct err *err)
{
	int code;

	for (size_t i = 0; i < r->n_runs; i++)
		r->pieces[i].dst = r->bytes + r->runs[i].at;
	code = mem_readv(m, r->pieces, r->n_runs, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < r->n_runs; i++) {
		if (r->pieces[i].ok)
			decode_run(r, &r->runs[i]);
	}
	for (size_t i = 0; i < r->n_runs && code == 0; i++) {
		if (!r->pieces[i].ok && r->runs[i].n > 1)
			code = read_alone(r, &r->runs[i], m, err);
	}
	return code;
}

int g_read(const struct layout *lay, struct mem *m, struct g *v, size_t n, struct err *err)
{
	struct reading r = { .lay = lay, .extent = g_extent(lay), .v = v };
	size_t room;
	int code = -ENOMEM;

	for (size_t i = 0; i < n; i++)
		v[i].had = false;
	if (!n)
		return 0;
	if (__builtin_mul_overflow(n, r.extent + GAP_MAX, &room))
		return err_set(err, -ENOMEM, "goroutines: out of memory");
	r.bytes = malloc(room);
	r.pieces = calloc(n, sizeof(*r.pieces));
	r.runs = calloc(n, sizeof(*r.runs));
	if (r.bytes && r.pieces && r.runs) {
		plan(&r, n);
		code = read_runs(&r, m, err);
	} else {
		err_set(err, code, "goroutines: out of memory");
	}
	free(r.bytes);
	free(r.pieces);
	free(r.runs);
	return code;
}

bool g_same(const struct g *a, const struct g *b)
{
	return a->had && b->had && a->status == b->status && a->sp == b->sp && a->pc == b->pc &&
	       a->goid == b->goid && a->stack_hi == b->stack_hi && a->stack_lo == b->stack_lo &&
	       a->wait_reason == b->wait_reason;
}
