/* SPDX-License-Identifier: Apache-2.0 */
/* docs/schema/case-1.json says what case.json holds: member for member, and of real files. */
#include "t.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "case/case_fields.h"
#include "case/case_file.h"
#include "some_case.h"

static json_t *schema;
static char schema_path[512];

/* Which definition a plain member refers to. */
static const char *const definition_of[] = {
	[FIELD_U64] = "count",	   [FIELD_I64] = "signed",	   [FIELD_U32] = "natural",
	[FIELD_DOUBLE] = "number", [FIELD_BOOL] = "flag",	   [FIELD_TRI] = "flag_or_null",
	[FIELD_STR] = "string",	   [FIELD_FRAME] = "frame_number", [FIELD_STACK] = "stack_number",
};

static json_t *follow(json_t *v)
{
	const char *ref = json_string_value(json_object_get(v, "$ref"));

	if (!ref)
		return v;
	assert_int_equal(strncmp(ref, "#/$defs/", 8), 0);
	v = json_object_get(json_object_get(schema, "$defs"), ref + 8);
	if (!v)
		fail_msg("%s is not defined", ref);
	return v;
}

static void agree(const struct shape *shape, json_t *object, size_t besides);

static void plain_agrees(const struct field *f, json_t *v)
{
	const char *ref = json_string_value(json_object_get(v, "$ref"));
	json_t *words = json_object_get(v, "enum");
	size_t n = 0;

	if (f->kind == FIELD_ENUM) {
		for (; f->names[n]; n++)
			assert_string_equal(json_string_value(json_array_get(words, n)),
					    f->names[n]);
		assert_int_equal(json_array_size(words), n);
	} else if (f->kind == FIELD_INT && f->unknown == FIELD_NEVER_NULL) {
		assert_string_equal(json_string_value(json_object_get(v, "type")), "integer");
	} else {
		const char *want =
			f->kind == FIELD_INT ? "integer_or_null" : definition_of[f->kind];

		if (!ref || strcmp(ref + strlen("#/$defs/"), want) != 0)
			fail_msg("%s: %s, not %s", f->name, ref ? ref : "no reference", want);
	}
}

static void columns_agree(const struct field *f, json_t *v)
{
	json_t *columns = json_object_get(v, "properties");
	size_t n = 1; /* "n" itself */

	for (const struct field *c = f->of->fields; c->name; c++, n++)
		plain_agrees(c, json_object_get(json_object_get(columns, c->name), "items"));
	assert_int_equal(json_object_size(columns), n);
}

static void member_agrees(const struct field *f, json_t *v)
{
	switch (f->kind) {
	case FIELD_STRUCT:
		agree(f->of, follow(v), 0);
		break;
	case FIELD_PTR:
		agree(f->of, follow(json_array_get(json_object_get(v, "anyOf"), 0)), 0);
		break;
	case FIELD_ROWS:
	case FIELD_FIXED:
		agree(f->of, follow(json_object_get(v, "items")), 0);
		break;
	case FIELD_COLUMNS:
		columns_agree(f, follow(v));
		break;
	case FIELD_LINES:
		assert_string_equal(json_string_value(json_object_get(v, "type")), "array");
		break;
	default:
		plain_agrees(f, v);
		break;
	}
}

/* The same members on both sides, but for @besides that only the schema has. */
static void agree(const struct shape *shape, json_t *object, size_t besides)
{
	json_t *members = json_object_get(object, "properties");
	size_t n = besides;

	for (const struct field *f = shape->fields; f->name; f++, n++) {
		json_t *v = json_object_get(members, f->name);

		if (!v)
			fail_msg("the schema lacks %s", f->name);
		member_agrees(f, v);
	}
	assert_int_equal(json_object_size(members), n);
}

static void the_schema_has_the_members_of_the_tables(void **state)
{
	(void)state;
	agree(&shape_case, schema, 3); /* "schema", "stacks", "frames" */
	agree(&shape_frame, json_object_get(json_object_get(schema, "$defs"), "frame"), 0);
}

static void write_to(int fd, const struct whycase *c)
{
	BUF(json, (size_t)8 << 20);
	struct err err;

	assert_ok(case_json_write(c, &json, &err), &err);
	assert_int_equal(write(fd, json.p, json.n), json.n);
}

static void what_is_written_is_valid(void **state)
{
	static const char check[] = "import sys, json, jsonschema as j\n"
				    "s = json.load(open(sys.argv[1]))\n"
				    "j.Draft202012Validator.check_schema(s)\n"
				    "v = j.Draft202012Validator(s)\n"
				    "for f in sys.argv[2:]:\n"
				    "    for e in v.iter_errors(json.load(open(f))): "
				    "sys.exit(f'{list(e.path)}: {e.message[:200]}')\n";
	char name[] = "/tmp/whyoom-schema-XXXXXX";
	BUF(command, 8192);
	BUF(files, 2048);
	ARENA(a, (size_t)64 << 20);
	struct whycase c;

	(void)state;
	if (system("python3 -c 'import jsonschema' 2>/dev/null") != 0)
		skip_test("no jsonschema of Python");
	for (int i = 0; i < 8; i++) {
		int fd;

		memcpy(name + sizeof(name) - 7, "XXXXXX", 6);
		fd = mkstemp(name);
		assert_true(fd >= 0);
		if (i)
			some_case(&c, &a);
		else
			case_init(&c, &a);
		write_to(fd, &c);
		close(fd);
		buf_printf(&files, " %s", name);
	}
	buf_printf(&command, "python3 -c \"%s\" %s %s; s=$?; rm -f %s; exit $s", check, schema_path,
		   files.p, files.p);
	assert_int_equal(system(command.p), 0);
}

static int load(void **state)
{
	const char *source = getenv("WHYOOM_SOURCE");

	(void)state;
	snprintf(schema_path, sizeof(schema_path), "%s/docs/schema/case-1.json",
		 source ? source : ".");
	schema = json_load_file(schema_path, 0, NULL);
	return schema ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_has_the_members_of_the_tables),
		cmocka_unit_test(what_is_written_is_valid),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
