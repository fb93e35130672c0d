/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image kept in a file (image/frozen.h) that was damaged in places. The
 * input: how many places, for each 4 bytes of where and one of what, then a
 * program as in fuzz_image.c. What is undamaged thaws and says the same; what is
 * damaged is refused, or says something of its own tables and reads nothing else
 * (the tables are followed by a page that may not be read).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cur.h"
#include "image/frozen.h"
#include "image/image_struct.h"
#include "target/buffer.h"

#define TEXT 0x401000U
#define RODATA 0x480000U
#define DATA 0x500000U
#define PART_MAX 0x40000U
#define PAGE 4096U
#define FRAMES 8U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct kept {
	struct image_frozen head;
	struct frozen_part parts[FROZEN_PARTS];
	uint8_t *map;
	size_t n; /* with the page behind */
};

static bool keep(const struct image *img, struct kept *k)
{
	size_t n = 0;

	image_freeze(img, &k->head, k->parts);
	for (int i = 0; i < FROZEN_PARTS; i++)
		n += k->parts[i].n;
	n = (n + PAGE - 1) / PAGE * PAGE;
	k->n = n + PAGE;
	k->map = mmap(NULL, k->n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (k->map == MAP_FAILED || mprotect(k->map + n, PAGE, PROT_NONE) < 0)
		return false;
	for (int i = FROZEN_PARTS; i-- > 0;) { /* up to the page that may not be read */
		n -= k->parts[i].n;
		if (k->parts[i].n)
			memcpy(k->map + n, k->parts[i].p, k->parts[i].n);
		k->parts[i].p = k->map + n;
	}
	return true;
}

/* Half of the places in the numbers, half in the tables. */
static void damage(struct kept *k, const uint8_t *places, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t at = le32(places + 5 * i);
		size_t room = k->n - PAGE;

		if (at & 1)
			((uint8_t *)&k->head)[(at >> 1) % sizeof(k->head)] ^= places[5 * i + 4];
		else
			k->map[(at >> 1) % room] ^= places[5 * i + 4];
	}
}

static void use(const struct image *img, struct mem *m)
{
	struct image_frame frames[FRAMES];
	struct image_func f;

	(void)m;
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t pc = img->module.text.from + i * 16;
		size_t n = image_frames(img, pc, frames, FRAMES);

		for (size_t k = 0; k < n && k < FRAMES; k++)
			(void)strlen(frames[k].function), (void)strlen(frames[k].file);
		if (image_func_at(img, pc, &f))
			(void)image_func_named(img, f.name, &f);
	}
	(void)image_func_named(img, "runtime.main", &f);
}

static void same(const struct image *a, const struct image *b)
{
	struct image_func x, y;

	for (uint64_t i = 0; i < 256; i++) {
		uint64_t pc = a->module.text.from + i * 16;
		bool had = image_func_at(a, pc, &x);

		if (had != image_func_at(b, pc, &y) || (had && strcmp(x.name, y.name) != 0))
			abort();
		if (had && (!image_func_named(b, x.name, &y) || strcmp(x.name, y.name) != 0))
			abort();
	}
}

static void check(const struct image *img, struct mem *m, const uint8_t *places, size_t n)
{
	struct image *again = NULL;
	struct kept k;

	if (!keep(img, &k))
		return;
	damage(&k, places, n);
	if (image_thaw(&k.head, k.parts, k.map, k.n, 0, m, &again, NULL) == 0) {
		use(again, m);
		if (n == 0)
			same(img, again);
		image_free(again);
		return;
	}
	if (again || (n == 0 && img->table.funcs.n >= 64 && !img->build_block))
		abort();
	munmap(k.map, k.n);
}

static int open_program(const uint8_t *data, size_t size, struct mem **ret)
{
	uint32_t text = le32(data), rodata = le32(data + 4);
	struct buffer_part parts[3];

	data += 8;
	size -= 8;
	if (!text || !rodata || text > PART_MAX || rodata > PART_MAX || size > 3 * PART_MAX ||
	    size <= (size_t)text + rodata)
		return -1;
	parts[0] = (struct buffer_part){
		.addr = TEXT, .bytes = data, .n = text, .prot = MEM_R | MEM_X
	};
	parts[1] = (struct buffer_part){
		.addr = RODATA, .bytes = data + text, .n = rodata, .prot = MEM_R
	};
	parts[2] = (struct buffer_part){ .addr = DATA,
					 .bytes = data + text + rodata,
					 .n = size - text - rodata,
					 .prot = MEM_R | MEM_W };
	for (size_t i = 0; i < 3; i++) {
		parts[i].flags = BUFFER_EXE;
		parts[i].name = "fuzz";
		parts[i].file_offset = parts[i].addr - TEXT;
	}
	return buffer_open("fuzz", parts, 3, ret, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size ? data[0] % 16 : 0;
	struct image *img = NULL;
	struct mem *m;

	if (size < 1 + 5 * n + 8 || open_program(data + 1 + 5 * n, size - 1 - 5 * n, &m) < 0)
		return 0;
	if (image_find(m, &img, NULL) == 0)
		check(img, m, data + 1, n);
	image_free(img);
	mem_close(m);
	return 0;
}
