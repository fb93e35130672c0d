/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/types.h"

#include <errno.h>
#include <string.h>

#include "base/cur.h"
#include "goruntime/windows.h"

#define KIND_MASK 31 /* abi.KindMask */
#define KIND_ARRAY 17
#define KIND_LAST 26	   /* abi.UnsafePointer */
#define NAME_FLAGS 0x0f	   /* exported, tag, package path, embedded */
#define NAME_HEAD 11	   /* flags and the length */
#define NAME_SHOWN 1024U   /* of a longer name */
#define TYPES_MAX 1000000U /* looked at for a nameless one */

struct type {
	uint64_t size, ptrdata;
	uint32_t str, hash;
	uint8_t tflag, kind;
};

struct types {
	const struct layout *lay;
	struct span64 range; /* of descriptors and names */
	struct windows *ws;
};

static int not_a_type(uint64_t addr, struct err *err)
{
	return err_set(err, -ENOENT, "0x%llx: not a type", (unsigned long long)addr);
}

static bool in_range(const struct types *t, uint64_t addr, uint64_t n)
{
	return addr >= t->range.from && addr < t->range.to && n <= t->range.to - addr;
}

static int read_type(const struct types *t, uint64_t addr, struct type *ret, struct err *err)
{
	const struct layout *lay = t->lay;
	const uint8_t *p;
	int r = windows_at(t->ws, addr, lay->at[L_SIZEOF_TYPE], &p, err);

	if (r < 0)
		return r;
	*ret = (struct type){
		.size = le64(p + lay->at[L_TYPE_SIZE]),
		.ptrdata = le64(p + lay->at[L_TYPE_PTRDATA]),
		.str = le32(p + lay->at[L_TYPE_STR]),
		.hash = le32(p + lay->at[L_TYPE_HASH]),
		.tflag = p[lay->at[L_TYPE_TFLAG]],
		.kind = p[lay->at[L_TYPE_KIND]],
	};
	return 0;
}

static bool is_plausible(const struct type *type)
{
	return (type->kind & KIND_MASK) && (type->kind & KIND_MASK) <= KIND_LAST &&
	       type->ptrdata <= type->size && type->str;
}

static bool is_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] < ' ' || p[i] == 0x7f)
			return false;
	}
	return n > 0;
}

/* abi.Name: flags, length as a varint, bytes. The string begins with a '*' that is not meant. */
static int read_name(const struct types *t, uint64_t addr, const struct type *type, struct arena *a,
		     const char **ret, struct err *err)
{
	uint64_t at = t->range.from + type->str, left;
	const uint8_t *p;
	struct str name;
	struct cur c;
	int r;

	if (!in_range(t, at, 1))
		return not_a_type(addr, err);
	left = t->range.to - at;
	r = windows_at(t->ws, at, left < NAME_HEAD ? left : NAME_HEAD, &p, err);
	if (r < 0)
		return r;
	c = cur_over(p + 1, (left < NAME_HEAD ? left : NAME_HEAD) - 1, "name");
	name.n = cur_uvarint(&c);
	if (*p & ~NAME_FLAGS || c.bad || name.n > left - 1 - c.at)
		return not_a_type(addr, err);
	if (name.n > NAME_SHOWN)
		name.n = NAME_SHOWN;
	r = windows_at(t->ws, at + 1 + c.at, name.n, &p, err);
	if (r < 0)
		return r;
	if (!is_text(p, name.n))
		return not_a_type(addr, err);
	name.p = (const char *)p;
	if (type->tflag & t->lay->at[L_TFLAG_EXTRA_STAR])
		name = str_skip(name, 1);
	*ret = arena_str(a, name).p;
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int named(const struct types *t, uint64_t addr, struct arena *a, const char **ret,
		 struct err *err)
{
	struct type type;
	int r = read_type(t, addr, &type, err);

	if (r < 0)
		return r;
	if (!is_plausible(&type))
		return not_a_type(addr, err);
	return read_name(t, addr, &type, a, ret, err);
}

/* heapSetType() fills only the size, the pointers' extent and their mask. */
static bool is_nameless(const struct layout *lay, const struct type *type)
{
	return layout_has(lay, L_TFLAG_UNROLLED_BITMAP) &&
	       layout_has(lay, L_MODULEDATA_TYPELINKS) &&
	       type->tflag == lay->at[L_TFLAG_UNROLLED_BITMAP] && !type->str && !type->kind &&
	       !type->hash && type->size;
}

/* The one type of that size; more than one: none. */
struct search {
	const struct types *t;
	const struct type *like;
	uint64_t found;
	bool ambiguous;
};

static int consider(struct search *s, uint64_t addr, struct type *ret, struct err *err)
{
	int r;

	*ret = (struct type){ 0 };
	if (addr % 8 || !in_range(s->t, addr, s->t->lay->at[L_SIZEOF_TYPE]))
		return 0;
	r = read_type(s->t, addr, ret, err);
	if (r < 0 || !(ret->kind & s->t->lay->at[L_KIND_GC_PROG]) || ret->size != s->like->size ||
	    ret->ptrdata != s->like->ptrdata || !is_plausible(ret))
		return r;
	s->ambiguous |= s->found && s->found != addr;
	s->found = addr;
	return 0;
}

/* Type links list unnamed types only; named ones are had as what a pointer or slice is of. */
static int consider_with_element(struct search *s, uint64_t addr, struct err *err)
{
	uint32_t size = s->t->lay->at[L_SIZEOF_TYPE];
	struct type type;
	const uint8_t *p;
	int r = consider(s, addr, &type, err);

	if (r < 0 || (type.kind & KIND_MASK) < KIND_ARRAY || !in_range(s->t, addr, size + 8))
		return r;
	r = windows_at(s->t->ws, addr + size, 8, &p, err);
	if (r < 0)
		return r;
	return consider(s, le64(p), &type, err);
}

static int find_like(const struct goruntime *rt, struct mem *m, struct search *s, struct err *err)
{
	uint64_t field = layout_addr(rt->lay, image_module(rt->img)->addr, L_MODULEDATA_TYPELINKS);
	_cleanup_(free_ptr) uint8_t *links = NULL;
	uint64_t list, n;
	int r = mem_u64(m, field, &list, err);

	if (r >= 0)
		r = mem_u64(m, field + 8, &n, err);
	if (r < 0)
		return r;
	if (n > TYPES_MAX)
		return err_set(err, -ENOENT, "more than %u types", TYPES_MAX);
	links = malloc((size_t)n * 4 + 1);
	if (!links)
		return err_set(err, -ENOMEM, "out of memory");
	r = mem_read(m, list, links, (size_t)n * 4, err);
	for (uint64_t i = 0; i < n && r >= 0; i++)
		r = consider_with_element(s, s->t->range.from + le32(links + 4 * i), err);
	return r;
}

static int named_like(const struct goruntime *rt, struct mem *m, const struct types *t,
		      uint64_t addr, struct arena *a, const char **ret, struct err *err)
{
	struct type type;
	struct search s = { .t = t, .like = &type };
	int r = read_type(t, addr, &type, err);

	if (r < 0 && r != -EFAULT)
		return r;
	if (r == -EFAULT || !is_nameless(t->lay, &type))
		return not_a_type(addr, err);
	r = find_like(rt, m, &s, err);
	if (r < 0)
		return r;
	if (!s.found || s.ambiguous)
		return not_a_type(addr, err);
	return named(t, s.found, a, ret, err);
}

int gotype_name(const struct goruntime *rt, struct mem *m, uint64_t addr, struct arena *a,
		const char **ret, struct err *err)
{
	WINDOWS_OVER(ws, m);
	struct types t = { .lay = rt->lay, .range = image_module(rt->img)->types, .ws = &ws };

	if (addr % 8)
		return not_a_type(addr, err);
	if (in_range(&t, addr, rt->lay->at[L_SIZEOF_TYPE]))
		return named(&t, addr, a, ret, err);
	return named_like(rt, m, &t, addr, a, ret, err);
}
