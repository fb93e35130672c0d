/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a build info block: what is read of it lies in it, and failure leaves no trace. */
#include <stdlib.h>
#include <string.h>

#include "image/build_info.h"
#include "target/buffer.h"

#define ADDR 0x10000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const struct build_info *b, const char *s, size_t max)
{
	/* A word of the text, or the empty one. */
	if (*s && (!b->text || s < b->text || s >= b->text + max || strlen(s) > max))
		abort();
}

static void check(const struct build_info *b, size_t size)
{
	if (strnlen(b->version, sizeof(b->version)) == sizeof(b->version) || !b->version[0])
		abort();
	within(b, b->main_module, size);
	for (size_t i = 0; i < b->n_modules; i++) {
		const struct build_module *m = &b->modules[i], *found;

		within(b, m->path, size);
		within(b, m->version, size);
		if (strlen(m->path) != m->n_path)
			abort();
		if (i > 64) /* the search is linear */
			continue;
		found = build_info_module(b, str_from(m->path));
		if (!found || strcmp(found->path, m->path) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer_part part = { .addr = ADDR, .bytes = data, .n = size, .prot = MEM_R };
	struct build_info b, before;
	struct mem *m;
	struct err err;

	if (!size || buffer_open("fuzz", &part, 1, &m, &err) < 0)
		return 0;
	build_info_init(&b);
	before = b;
	if (build_info_read(m, ADDR, &b, &err) == 0)
		check(&b, size);
	else if (memcmp(&b, &before, sizeof(b)) != 0 || !err.msg[0])
		abort();
	build_info_release(&b);
	mem_close(m);
	return 0;
}
