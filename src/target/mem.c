/* SPDX-License-Identifier: Apache-2.0 */
#include "target/mem.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"

void mem_close(struct mem *m)
{
	if (m)
		m->ops->close(m);
}

void mem_closep(struct mem **m)
{
	mem_close(*m);
}

int mem_in_time(const struct mem *m, struct err *err)
{
	if (m->deadline && clock_mono() >= m->deadline)
		return err_set(err, -ETIME, "%s: out of time", m->name);
	return 0;
}

int mem_readv(struct mem *m, struct mem_piece *v, size_t n, struct err *err)
{
	int r = mem_in_time(m, err);

	for (size_t i = 0; i < n; i++)
		v[i].ok = false;
	if (r < 0 || n == 0)
		return r;
	return m->ops->read(m, v, n, err);
}

int mem_read(struct mem *m, uint64_t addr, void *dst, size_t len, struct err *err)
{
	struct mem_piece piece = { .addr = addr, .dst = dst, .len = len };
	int r = mem_readv(m, &piece, 1, err);

	if (r < 0)
		return r;
	if (!piece.ok)
		return err_set(err, -EFAULT, "%s: 0x%" PRIx64 " +%zu: cannot be read", m->name,
			       addr, len);
	return 0;
}

int mem_u64(struct mem *m, uint64_t addr, uint64_t *ret, struct err *err)
{
	uint64_t v;
	int r = mem_read(m, addr, &v, sizeof(v), err);

	if (r == 0)
		*ret = v;
	return r;
}

int mem_u32(struct mem *m, uint64_t addr, uint32_t *ret, struct err *err)
{
	uint32_t v;
	int r = mem_read(m, addr, &v, sizeof(v), err);

	if (r == 0)
		*ret = v;
	return r;
}

int mem_refresh(struct mem *m, struct err *err)
{
	return m->ops->refresh(m, err);
}

const struct mem_region *mem_region_at(const struct mem *m, uint64_t addr)
{
	return mem_region_find(m->regions, m->n_regions, addr);
}

const struct mem_region *mem_region_find(const struct mem_region *v, size_t n, uint64_t addr)
{
	size_t lo = 0, hi = n;

	/* The first that ends behind @addr */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && v[lo].start <= addr ? &v[lo] : NULL;
}
