/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pclntab.h"

#include "base/cur.h"

#define FUNCS_MAX (UINT32_C(1) << 26)
#define FTAB_ENTRY 8U

bool pclntab_header_parse(const uint8_t *p, struct pclntab_header *ret)
{
	struct pclntab_header h = {
		.magic = le32(p),
		.n_funcs = le64(p + 8),
		.funcname = le64(p + 32),
		.cu = le64(p + 40),
		.file = le64(p + 48),
		.pc = le64(p + 56),
		.pcln = le64(p + 64),
	};

	if (!h.n_funcs || h.n_funcs >= FUNCS_MAX || h.funcname < PCLNTAB_HEADER ||
	    h.funcname > 4096 || h.funcname >= h.cu || h.cu > h.file || h.file > h.pc ||
	    h.pc > h.pcln || h.pcln > PCLNTAB_MAX)
		return false;
	*ret = h;
	return true;
}

static bool holds(const struct view *v, uint64_t off, uint64_t len)
{
	return off <= v->n && len <= v->n - off;
}

static uint32_t field(const struct pclntab *t, const uint8_t *record, enum func_field f)
{
	return t->shape->at[f] ? le32(record + shape_offset(t->shape->at[f])) : 0;
}

static uint8_t small_field(const struct pclntab *t, const uint8_t *record, enum func_field f)
{
	return record[shape_offset(t->shape->at[f])];
}

static uint64_t entry_of(const struct pclntab *t, uint32_t index)
{
	return t->text + le32(t->ftab.p + (size_t)index * FTAB_ENTRY);
}

bool pclntab_row(const struct pclntab *t, uint32_t index, struct func_row *ret)
{
	const uint8_t *record;
	uint32_t at;

	if (index >= t->n_funcs)
		return false;
	at = le32(t->ftab.p + (size_t)index * FTAB_ENTRY + 4);
	if (!holds(&t->funcs, at, t->shape->size))
		return false;
	record = t->funcs.p + at;
	*ret = (struct func_row){
		.index = index,
		.entry = entry_of(t, index),
		.end = entry_of(t, index + 1),
		.name_off = field(t, record, FUNC_NAME_OFF),
		.pcsp = field(t, record, FUNC_PCSP),
		.pcfile = field(t, record, FUNC_PCFILE),
		.pcln = field(t, record, FUNC_PCLN),
		.n_pcdata = field(t, record, FUNC_NPCDATA),
		.cu_offset = field(t, record, FUNC_CU_OFFSET),
		.at = at,
		.id = small_field(t, record, FUNC_FUNC_ID),
		.flag = small_field(t, record, FUNC_FLAG),
		.n_funcdata = small_field(t, record, FUNC_NFUNCDATA),
		.start_line = (int32_t)field(t, record, FUNC_START_LINE),
	};
	return true;
}

bool pclntab_find(const struct pclntab *t, uint64_t pc, struct func_row *ret)
{
	uint32_t lo = 0, hi = t->n_funcs; /* entry_of(lo) <= pc < entry_of(hi) */

	if (!hi || pc < entry_of(t, 0) || pc >= entry_of(t, hi))
		return false;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (entry_of(t, mid) <= pc)
			lo = mid;
		else
			hi = mid;
	}
	return pclntab_row(t, lo, ret);
}

const char *pclntab_name(const struct pclntab *t, uint32_t name_off)
{
	return name_off < t->funcnames.n ? (const char *)t->funcnames.p + name_off : "?";
}

/*
 * Steps of one table that are followed at most: a function of 1 MB has fewer. A
 * hostile table is as long as the whole pctab.
 */
#define STEPS_MAX (1U << 18)

/* Position in a pc-value table: @value holds for pcs below @to. */
struct step {
	struct cur c;
	uint64_t to;
	uint32_t value, taken, quantum;
};

static struct step steps_of(const struct pclntab *t, uint32_t off, uint64_t entry)
{
	struct step s = { .to = entry, .value = UINT32_MAX, .quantum = t->quantum };

	/* Offset 0 means that there is no table. */
	s.c = off && off < t->pctab.n ? cur_over(t->pctab.p + off, t->pctab.n - off, "")
				      : cur_over("", 0, "");
	return s;
}

/* Most are of one byte, and this is where symbolising spends its time. */
static uint32_t take_number(struct cur *c)
{
	if (c->at < c->n && c->p[c->at] < 0x80)
		return c->p[c->at++];
	return (uint32_t)cur_uvarint(c);
}

/* The next stretch; false at the table's end. Every one but the first moves the pc. */
static bool take_step(struct step *s)
{
	uint32_t delta = take_number(&s->c), length;

	if (s->c.bad || (!delta && s->taken) || s->taken == STEPS_MAX)
		return false;
	length = take_number(&s->c);
	if (s->c.bad || (!length && s->taken))
		return false;
	s->value += (delta >> 1) ^ -(delta & 1);
	s->to += (uint64_t)length * s->quantum;
	s->taken++;
	return true;
}

bool pclntab_value(const struct pclntab *t, uint32_t off, uint64_t entry, uint64_t pc, int32_t *ret)
{
	struct step s = steps_of(t, off, entry);

	while (take_step(&s))
		if (pc < s.to) {
			*ret = (int32_t)s.value;
			return true;
		}
	return false;
}

int32_t pclntab_value_max(const struct pclntab *t, uint32_t off)
{
	struct step s = steps_of(t, off, 0);
	int32_t max = -1;

	while (take_step(&s))
		if ((int32_t)s.value > max)
			max = (int32_t)s.value;
	return max;
}

const char *pclntab_file(const struct pclntab *t, const struct func_row *f, uint64_t pc)
{
	uint32_t off;
	int32_t file;

	if (!pclntab_value(t, f->pcfile, f->entry, pc, &file) || file < 0)
		return "";
	/* The compilation unit's part of cutab turns its own file numbers into offsets. */
	if (!holds(&t->cutab, ((uint64_t)f->cu_offset + (uint32_t)file) * 4, 4))
		return "";
	off = le32(t->cutab.p + ((size_t)f->cu_offset + (uint32_t)file) * 4);
	return off < t->filetab.n ? (const char *)t->filetab.p + off : "";
}

uint32_t pclntab_line(const struct pclntab *t, const struct func_row *f, uint64_t pc)
{
	int32_t line;

	return pclntab_value(t, f->pcln, f->entry, pc, &line) && line > 0 ? (uint32_t)line : 0;
}

/* Behind the record stand its PCDATA offsets, then its FUNCDATA offsets, 4 bytes each. */
static bool behind_record(const struct pclntab *t, const struct func_row *f, uint64_t nth,
			  uint32_t *ret)
{
	uint64_t at = f->at + t->shape->size + nth * 4;

	if (!holds(&t->funcs, at, 4))
		return false;
	*ret = le32(t->funcs.p + at);
	return true;
}

bool pclntab_pcdata(const struct pclntab *t, const struct func_row *f, uint32_t which,
		    uint32_t *ret)
{
	return which < f->n_pcdata && behind_record(t, f, which, ret) && *ret;
}

bool pclntab_funcdata(const struct pclntab *t, const struct func_row *f, uint32_t which,
		      uint32_t *ret)
{
	return which < f->n_funcdata && behind_record(t, f, (uint64_t)f->n_pcdata + which, ret) &&
	       *ret != UINT32_MAX;
}
