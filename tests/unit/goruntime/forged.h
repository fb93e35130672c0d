/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forged: a Go runtime's memory written by hand, for tests and the fuzzer.
 *
 * One mapping at FORGED_BASE whose first words are the runtime's variables, and
 * an image of a few functions whose tables are built here. Whatever else stands
 * in the mapping is up to the test, or to chance.
 */
#ifndef TESTS_FORGED_H
#define TESTS_FORGED_H

#include <stdlib.h>
#include <string.h>

#include "goruntime/runtime.h"
#include "image/image_struct.h"
#include "target/buffer.h"

#define FORGED_BASE UINT64_C(0x10000000)
#define FORGED_TEXT UINT64_C(0x401000)

/* Offsets in the mapping. */
enum forged_at {
	FORGED_MBUCKETS = 0x00,
	FORGED_CYCLE = 0x08,
	FORGED_RATE = 0x10,
	FORGED_ALLGLEN = 0x18,
	FORGED_ALLGPTR = 0x20,
	FORGED_TYPE = 0x28,	  /* of a type whose name is wanted */
	FORGED_MODULEDATA = 0x40, /* only its type links are looked at */
	FORGED_TYPES = 0x400,	  /* descriptors and names */
	FORGED_TYPES_END = 0x800,
	FORGED_FREE = 0x800,
};

/* Functions of 64 bytes each: what their name and the way to the caller is. */
enum forged_func {
	FORGED_GOPARK,	 /* runtime.gopark: the return address 0x18 above SP */
	FORGED_WAIT,	 /* main.wait: 0x28 */
	FORGED_START,	 /* main.start: 0x08; also where goroutines begin */
	FORGED_GOEXIT,	 /* runtime.goexit: nobody called it */
	FORGED_BGSWEEP,	 /* runtime.bgsweep: 0x10 */
	FORGED_JUMPS,	 /* runtime.jumps: writes SP */
	FORGED_LARGE,	 /* main.large: 0x5008 */
	FORGED_SIGPANIC, /* runtime.sigpanic: 0x08; put under a frame by a signal */
	FORGED_FUNCS
};

static const struct {
	const char *name;
	uint8_t flag;
	uint16_t delta;
} forged_funcs[FORGED_FUNCS] = {
	{ "runtime.gopark", 0, 0x18 },	{ "main.wait", 0, 0x28 },
	{ "main.start", 0, 0x08 },	{ "runtime.goexit", 1, 0 },
	{ "runtime.bgsweep", 0, 0x10 }, { "runtime.jumps", 2, 0x08 },
	{ "main.large", 0, 0x5008 },	{ "runtime.sigpanic", 0, 0x08 },
};

#define FORGED_FUNC_SIZE 64U

/* A return address in the function. */
static inline uint64_t forged_pc(enum forged_func f)
{
	return FORGED_TEXT + (uint64_t)f * FORGED_FUNC_SIZE + 0x20;
}

static inline void forged_set(uint8_t *bytes, uint64_t at, uint64_t v)
{
	memcpy(bytes + at, &v, sizeof(v));
}

static inline const struct func_shape *forged_shape(void)
{
	for (unsigned i = 0; i < n_func_shapes; i++) {
		if (func_shapes[i].magic == 0xfffffff1U)
			return &func_shapes[i];
	}
	abort();
}

/* One stretch over the whole function: the step from -1 as zigzag varint, the length. */
static inline void forged_put_delta(uint8_t *p, uint32_t delta)
{
	uint32_t v = (delta + 1) * 2;

	for (; v > 0x7f; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	*p = FORGED_FUNC_SIZE;
}

/* Names at 0, pc-value tables at 0x100, the function table at 0x180, records behind it. */
static inline void forged_put_func(uint8_t *b, unsigned i)
{
	const struct func_shape *s = forged_shape();
	uint32_t name = 32 * i, sp = 1 + 8 * i, entry = FORGED_FUNC_SIZE * i,
		 record = 0x60 + 64 * i;
	uint8_t *r = b + 0x180 + record;

	memcpy(b + name, forged_funcs[i].name, strlen(forged_funcs[i].name));
	forged_put_delta(b + 0x100 + sp, forged_funcs[i].delta);
	memcpy(b + 0x180 + 8 * i, &entry, 4);
	memcpy(b + 0x180 + 8 * i + 4, &record, 4);
	memcpy(r + shape_offset(s->at[FUNC_NAME_OFF]), &name, 4);
	memcpy(r + shape_offset(s->at[FUNC_PCSP]), &sp, 4);
	r[shape_offset(s->at[FUNC_FLAG])] = forged_funcs[i].flag;
}

static inline struct image *forged_image(int minor)
{
	struct image *img = calloc(1, sizeof(*img));
	uint32_t end = FORGED_FUNC_SIZE * FORGED_FUNCS;
	size_t n = 0x400;
	uint8_t *b = calloc(1, n);

	if (!img || !b)
		abort();
	for (unsigned i = 0; i < FORGED_FUNCS; i++)
		forged_put_func(b, i);
	memcpy(b + 0x180 + 8 * FORGED_FUNCS, &end, 4);
	img->table = (struct pclntab){ .bytes = b,
				       .n_bytes = n,
				       .shape = forged_shape(),
				       .funcnames = { b, 0x100 },
				       .pctab = { b + 0x100, 0x80 },
				       .ftab = { b + 0x180, 8 * FORGED_FUNCS + 4 },
				       .funcs = { b + 0x180, n - 0x180 },
				       .text = FORGED_TEXT,
				       .n_funcs = FORGED_FUNCS,
				       .quantum = 1 };
	img->module.addr = FORGED_BASE + FORGED_MODULEDATA;
	img->module.text = (struct span64){ FORGED_TEXT, FORGED_TEXT + end };
	img->module.types =
		(struct span64){ FORGED_BASE + FORGED_TYPES, FORGED_BASE + FORGED_TYPES_END };
	build_info_init(&img->build);
	img->build.minor = minor;
	if (name_index_build(&img->table, &img->names, NULL) < 0)
		abort();
	return img;
}

/* The runtime of that release in the mapping. */
static inline struct goruntime forged_runtime(const struct image *img, const struct layout *lay)
{
	return (struct goruntime){ .img = img,
				   .lay = lay,
				   .at = { .mbuckets = FORGED_BASE + FORGED_MBUCKETS,
					   .mprof_cycle = FORGED_BASE + FORGED_CYCLE,
					   .mem_profile_rate = FORGED_BASE + FORGED_RATE,
					   .allglen = FORGED_BASE + FORGED_ALLGLEN,
					   .allgptr = FORGED_BASE + FORGED_ALLGPTR } };
}

static inline struct mem *forged_open(const uint8_t *bytes, size_t n)
{
	const struct buffer_part part = {
		.addr = FORGED_BASE, .bytes = bytes, .n = n, .prot = MEM_R | MEM_W
	};
	struct mem *m = NULL;

	if (buffer_open("forged", &part, 1, &m, NULL) < 0)
		abort();
	return m;
}

/* The newest table of that minor. */
static inline const struct layout *forged_layout(int minor)
{
	const struct layout *found = NULL;

	for (unsigned i = 0; i < n_layouts; i++) {
		if (layouts[i].minor == minor && !strcmp(layouts[i].arch, "amd64"))
			found = &layouts[i];
	}
	if (!found)
		abort();
	return found;
}

/* With WHYOOM_SEEDS, the mapping as a seed for fuzz_goroutines: "NAME-1", "NAME-2", … */
static inline void forged_seed(const char *name, const struct layout *lay, const uint8_t *bytes,
			       size_t n)
{
	const char *dir = getenv("WHYOOM_SEEDS");
	static unsigned number;
	char path[256];
	FILE *f;

	if (!dir)
		return;
	while (n > FORGED_FREE && !bytes[n - 1])
		n--;
	snprintf(path, sizeof(path), "%s/%s-%u", dir, name, ++number);
	f = fopen(path, "w");
	if (!f)
		abort();
	fputc((int)(lay - layouts), f);
	fwrite(bytes, 1, n, f);
	fclose(f);
}

#endif /* TESTS_FORGED_H */
