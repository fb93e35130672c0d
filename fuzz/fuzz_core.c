/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a core file. The mappings are in order and do not overlap; what
 * can be read reads the same twice, whole and in halves; what lies outside all
 * mappings cannot be read; the words are text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/core.h"

#define WINDOW 256U
#define REGIONS 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_window(struct mem *m, uint64_t addr)
{
	uint8_t a[WINDOW], b[WINDOW];
	struct mem_piece whole = { addr, a, WINDOW, false };
	struct mem_piece halves[] = { { addr, b, WINDOW / 2, false },
				      { addr + WINDOW / 2, b + WINDOW / 2, WINDOW / 2, false } };

	if (mem_readv(m, &whole, 1, NULL) < 0 || mem_readv(m, halves, 2, NULL) < 0)
		abort();
	if (whole.ok != (halves[0].ok && halves[1].ok))
		abort();
	if (whole.ok && memcmp(a, b, WINDOW) != 0)
		abort();
	if (whole.ok && (!mem_region_at(m, addr) || !(mem_region_at(m, addr)->prot & MEM_R)))
		abort();
}

static void check_regions(struct mem *m)
{
	size_t step = m->n_regions / REGIONS + 1;

	for (size_t i = 0; i < m->n_regions; i++) {
		const struct mem_region *r = &m->regions[i];

		if (r->start >= r->end || (i && r->start < m->regions[i - 1].end))
			abort();
		if (!memchr(r->name, '\0', sizeof(r->name)) || (r->exe && r->anonymous))
			abort();
	}
	for (size_t i = 0; i < m->n_regions; i += step) {
		const struct mem_region *r = &m->regions[i];

		if (r->start < UINT64_MAX - WINDOW)
			check_window(m, r->start);
		if (r->end > WINDOW)
			check_window(m, r->end - WINDOW);
		if (r->end < UINT64_MAX - WINDOW)
			check_window(m, r->end - WINDOW / 4);
	}
}

static void check_facts(const struct mem *m)
{
	const struct core_facts *f = core_facts_of(m);
	struct err err;

	if (!f || !f->exe || strlen(f->comm) >= sizeof(f->comm) ||
	    strlen(f->args) >= sizeof(f->args) || strlen(f->build_id) >= sizeof(f->build_id))
		abort();
	for (size_t i = 0; i < f->n_threads; i++)
		(void)f->threads[i].pc;
	(void)core_wants_exe(m, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	struct mem *m = NULL;
	struct err err = { 0 };

	if (fd < 0)
		return 0;
	if (write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	if (core_open_fd(fd, "fuzz", NULL, &m, &err) == 0) {
		check_facts(m);
		check_regions(m);
		mem_close(m);
	} else if (m || !err.msg[0] || (err.code != -EBADMSG && err.code != -ENOTSUP)) {
		abort();
	}
	return 0;
}
