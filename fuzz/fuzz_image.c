/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a program's memory: three mappings, of the lengths that the
 * first two words give for code and read-only data, the rest being data, at the
 * addresses of tests/unit/image/tiny.h. (test_image writes its hand-written
 * programs in this form into the directory that WHYOOM_SEEDS names.)
 *
 * What an image says of them stays within the image: names and files in its
 * copy of the table, frames as many as asked for, references within the code.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "image/image_struct.h"
#include "target/buffer.h"

#define TEXT 0x401000U
#define RODATA 0x480000U
#define DATA 0x500000U
#define PART_MAX 0x40000U
#define FRAMES 8U
#define PCS 512U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A string of the image's copy, or one of the two for what is unknown. */
static void within(const struct image *img, const char *s)
{
	const char *from = (const char *)img->table.bytes;

	if (s >= from && s < from + img->table.n_bytes) {
		if (memchr(s, '\0', (size_t)(from + img->table.n_bytes - s)) == NULL)
			abort();
	} else if (strcmp(s, "?") != 0 && *s) {
		abort();
	}
}

static void check_frames(const struct image *img, uint64_t pc)
{
	struct image_frame frames[FRAMES];
	size_t n = image_frames(img, pc, frames, FRAMES);

	if (n > FRAMES)
		abort();
	for (size_t i = 0; i < n; i++) {
		within(img, frames[i].function);
		within(img, frames[i].file);
	}
	if (image_frames(img, pc, frames, 1) > 1)
		abort();
	image_frame_innermost(img, pc, &frames[0]);
	within(img, frames[0].function);
}

static void check_functions(const struct image *img, struct mem *m)
{
	size_t n = image_n_funcs(img), step = n / 64 + 1;
	struct image_ref refs[16];
	struct image_func f, same;
	struct err err;
	int32_t sp;

	for (size_t i = 0; i < n; i += step) {
		struct func_row row;

		if (!pclntab_row(&img->table, (uint32_t)i, &row) || row.end < row.entry)
			abort();
		if (!image_func_at(img, row.entry, &f))
			continue; /* an empty one at the end */
		within(img, f.name);
		if (row.entry < f.entry || row.entry >= f.end || f.index < i)
			abort();
		if (!image_func_named(img, f.name, &same) || strcmp(same.name, f.name) != 0 ||
		    same.end - same.entry < f.end - f.entry)
			abort();
		(void)image_module_of(img, f.name);
		(void)image_pcsp(img, f.entry, &sp);
		check_frames(img, f.entry);
		check_frames(img, f.end - 1);
		if (image_refs(img, m, &f, refs, 16, &err) > 16)
			continue;
	}
}

static void check(const struct image *img, struct mem *m)
{
	const struct image_module *md = image_module(img);

	if (md->text.from >= md->text.to || md->types.from > md->types.to)
		abort();
	check_functions(img, m);
	for (uint64_t i = 0; i < PCS; i++)
		check_frames(img, md->text.from + i * (md->text.to - md->text.from) / PCS);
	(void)image_main_module(img);
	(void)image_build_id(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t text, rodata;
	struct image *img = NULL;
	struct mem *m;
	struct err err;

	if (size < 8)
		return 0;
	text = le32(data);
	rodata = le32(data + 4);
	data += 8;
	size -= 8;
	if (!text || !rodata || text > PART_MAX || rodata > PART_MAX || size > 3 * PART_MAX ||
	    size <= (size_t)text + rodata)
		return 0;
	{
		struct buffer_part parts[] = {
			{ .addr = TEXT, .bytes = data, .n = text, .prot = MEM_R | MEM_X },
			{ .addr = RODATA, .bytes = data + text, .n = rodata, .prot = MEM_R },
			{ .addr = DATA,
			  .bytes = data + text + rodata,
			  .n = size - text - rodata,
			  .prot = MEM_R | MEM_W },
		};

		for (size_t i = 0; i < 3; i++) {
			parts[i].flags = BUFFER_EXE;
			parts[i].name = "fuzz";
			parts[i].file_offset = parts[i].addr - TEXT;
		}
		if (buffer_open("fuzz", parts, 3, &m, &err) < 0)
			return 0;
	}
	if (image_find(m, &img, &err) == 0)
		check(img, m);
	else if (img || !err.msg[0])
		abort();
	image_free(img);
	mem_close(m);
	return 0;
}
