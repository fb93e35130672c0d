/* SPDX-License-Identifier: Apache-2.0 */
/* types over forged memory: names, and what is none. */
#include "t.h"

#include <errno.h>

#include "goruntime/types.h"

#include "forged.h"

#define SIZE 0x4000
#define NAMES 0x200 /* of the types' range */
#define COPY 0x1000 /* a nameless copy, in the heap */
#define LINKS 0x1100

struct given {
	uint8_t bytes[SIZE];
	const struct layout *lay;
	struct image *img;
	struct goruntime rt;
	struct mem *m;
};

static struct given given;

static void begin(int minor)
{
	memset(&given, 0, sizeof(given));
	given.lay = forged_layout(minor);
	given.img = forged_image(minor);
	given.rt = forged_runtime(given.img, given.lay);
	given.m = forged_open(given.bytes, SIZE);
}

static void end(void)
{
	forged_seed("types", given.lay, given.bytes, SIZE);
	mem_close(given.m);
	image_free(given.img);
}

struct descriptor {
	uint64_t size, ptrdata;
	uint8_t tflag, kind;
	uint32_t str;
};

static void put_type(uint64_t at, const struct descriptor *d)
{
	const uint32_t *off = given.lay->at;

	forged_set(given.bytes, at + off[L_TYPE_SIZE], d->size);
	forged_set(given.bytes, at + off[L_TYPE_PTRDATA], d->ptrdata);
	given.bytes[at + off[L_TYPE_TFLAG]] = d->tflag;
	given.bytes[at + off[L_TYPE_KIND]] = d->kind;
	memcpy(given.bytes + at + off[L_TYPE_STR], &d->str, 4);
}

/* Returns the offset to be put into the descriptor. */
static uint32_t put_name(uint32_t at, const char *name, size_t n)
{
	uint8_t *p = given.bytes + FORGED_TYPES + at;

	*p++ = 1; /* exported */
	if (n >= 128)
		*p++ = (uint8_t)(n | 128);
	*p++ = (uint8_t)(n >= 128 ? n >> 7 : n);
	memcpy(p, name, strlen(name));
	return at;
}

static int name_of(uint64_t at, struct arena *a, const char **ret)
{
	struct err err = { 0 };

	forged_set(given.bytes, FORGED_TYPE, FORGED_BASE + at);
	return gotype_name(&given.rt, given.m, FORGED_BASE + at, a, ret, &err);
}

static void names_and_their_star(void **state)
{
	const struct descriptor plain = { 8, 8, 0, 25, put_name(NAMES, "", 0) };
	const char *name;
	ARENA(a, 1 << 16);

	(void)state;
	for (int minor = 19; minor <= 27; minor++) {
		struct descriptor d = plain;

		begin(minor);
		d.str = put_name(NAMES, "*main.Session", 13);
		put_type(FORGED_TYPES + 8, &d);
		d.tflag = 2;
		put_type(FORGED_TYPES + 0x48, &d);
		assert_int_equal(name_of(FORGED_TYPES + 8, &a, &name), 0);
		assert_string_equal(name, "*main.Session");
		assert_int_equal(name_of(FORGED_TYPES + 0x48, &a, &name), 0);
		assert_string_equal(name, "main.Session");
		end();
	}
}

static void what_is_no_type(void **state)
{
	const struct descriptor good = { 8, 8, 0, 25, NAMES };
	struct descriptor bad[] = { good, good, good, good, good, good };
	const char *name = "kept";
	ARENA(a, 1 << 16);

	(void)state;
	begin(26);
	put_name(NAMES, "main.T", 6);
	bad[0].kind = 0;
	bad[1].kind = 27;
	bad[2].ptrdata = 9;
	bad[3].str = 0;
	bad[4].str = FORGED_TYPES_END - FORGED_TYPES; /* behind all */
	bad[5].str = put_name(NAMES + 0x40, "main\n", 5);
	for (size_t i = 0; i < COUNT(bad); i++) {
		put_type(FORGED_TYPES + 8, &bad[i]);
		assert_int_equal(name_of(FORGED_TYPES + 8, &a, &name), -ENOENT);
	}
	put_type(FORGED_TYPES + 8, &good);
	assert_int_equal(name_of(FORGED_TYPES + 12, &a, &name), -ENOENT);
	assert_int_equal(name_of(FORGED_TYPES_END - 8, &a, &name), -ENOENT);
	assert_int_equal(name_of(COPY, &a, &name), -ENOENT);
	assert_int_equal(name_of(SIZE + 0x1000, &a, &name), -ENOENT);
	given.bytes[FORGED_TYPES + NAMES] = 0x30; /* flags that no name has */
	assert_int_equal(name_of(FORGED_TYPES + 8, &a, &name), -ENOENT);
	put_name(NAMES, "main.T", 0x700); /* runs over the end */
	assert_int_equal(name_of(FORGED_TYPES + 8, &a, &name), -ENOENT);
	put_name(NAMES, "", 0);
	assert_int_equal(name_of(FORGED_TYPES + 8, &a, &name), -ENOENT);
	assert_string_equal(name, "kept");
	end();
}

/* Go 1.22: a [100]*T in the heap whose type is a copy; links to a *[100]*T. */
static void a_nameless_copy_is_found_by_its_size(void **state)
{
	struct descriptor array = { 800, 800, 0, 17 | 64, 0 }, pointer = { 8, 8, 0, 22, 0 };
	const struct descriptor copy = { 800, 800, 16, 0, 0 };
	const uint32_t links[] = { 8, 0x88 };
	const char *name;
	ARENA(a, 1 << 16);

	(void)state;
	begin(22);
	array.str = put_name(NAMES, "[100]*main.T", 12);
	pointer.str = put_name(NAMES + 0x40, "*[100]*main.T", 13);
	put_type(FORGED_TYPES + 8, &pointer);
	forged_set(given.bytes, FORGED_TYPES + 8 + 48, FORGED_BASE + FORGED_TYPES + 0x108);
	put_type(FORGED_TYPES + 0x108, &array);
	put_type(COPY, &copy);
	forged_set(given.bytes, FORGED_MODULEDATA + given.lay->at[L_MODULEDATA_TYPELINKS],
		   FORGED_BASE + LINKS);
	forged_set(given.bytes, FORGED_MODULEDATA + given.lay->at[L_MODULEDATA_TYPELINKS] + 8, 2);
	memcpy(given.bytes + LINKS, links, sizeof(links));
	assert_int_equal(name_of(COPY, &a, &name), 0);
	assert_string_equal(name, "[100]*main.T");
	put_type(FORGED_TYPES + 0x88, &array); /* another one of that size: which? */
	assert_int_equal(name_of(COPY, &a, &name), -ENOENT);
	forged_set(given.bytes, FORGED_MODULEDATA + given.lay->at[L_MODULEDATA_TYPELINKS] + 8,
		   UINT64_MAX);
	assert_int_equal(name_of(COPY, &a, &name), -ENOENT);
	end();
	begin(26); /* has no such copies */
	put_type(COPY, &copy);
	assert_int_equal(name_of(COPY, &a, &name), -ENOENT);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_their_star),
		cmocka_unit_test(what_is_no_type),
		cmocka_unit_test(a_nameless_copy_is_found_by_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
