/* SPDX-License-Identifier: Apache-2.0 */
/* wait_reasons: every reason that a layout file knows has words, in that release's numbers. */
#include "t.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "goruntime/wait_reasons.h"

#define PREFIX "runtime.waitReason"

/* The table made of "23.12-amd64.json": of several of a minor the one that begins there. */
static const struct layout *layout_of(json_t *file)
{
	json_t *go = json_object_get(file, "go");
	struct str from = str_from(json_string_value(json_object_get(go, "from"))), word;
	const char *arch = json_string_value(json_object_get(file, "arch"));
	uint64_t minor, patch = 0;

	assert_true(str_take_until(&from, '.', &word));
	assert_true(str_take_u64(&from, &minor));
	if (str_take_prefix(&from, STR(".")))
		assert_true(str_take_u64(&from, &patch));
	for (unsigned i = 0; i < n_layouts; i++) {
		if (layouts[i].minor == (int)minor && layouts[i].patch_from == (int)patch &&
		    !strcmp(layouts[i].arch, arch) && !*layouts[i].experiment)
			return &layouts[i];
	}
	return NULL;
}

static unsigned check_file(const char *path)
{
	json_t *file = json_load_file(path, 0, NULL), *value;
	const struct layout *lay;
	const char *name;
	unsigned n = 0;

	assert_non_null(file);
	lay = layout_of(file);
	assert_non_null(lay);
	json_object_foreach(json_object_get(file, "consts"), name, value)
	{
		const char *words;

		if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		words = wait_reason_words(lay, (unsigned)json_integer_value(value));
		if (!strcmp(words, "unknown wait reason"))
			fail_msg("%s: %s has no words", path, name);
		n++;
	}
	json_decref(file);
	return n;
}

static void all_have_words(void **state)
{
	const char *source = getenv("WHYOOM_SOURCE");
	char dir[512], path[1024];
	struct dirent *e;
	unsigned files = 0, releases = 0;
	DIR *d;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/src/goruntime/layouts", source ? source : ".");
	d = opendir(dir);
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (!strstr(e->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		assert_in_range(check_file(path), 20, 100);
		files++;
	}
	closedir(d);
	for (unsigned i = 0; i < n_layouts; i++)
		releases += !*layouts[i].experiment; /* those have their release's constants */
	assert_int_equal(files, releases);
}

static const char *words(int minor, unsigned reason)
{
	for (unsigned i = 0; i < n_layouts; i++) {
		if (layouts[i].minor == minor)
			return wait_reason_words(&layouts[i], reason);
	}
	return NULL;
}

/* From Go's own runtime2.go. */
static void numbers_are_of_the_release(void **state)
{
	(void)state;
	assert_string_equal(words(19, 14), "chan receive");
	assert_string_equal(words(26, 19), "chan receive");
	assert_string_equal(words(19, 21), "timer goroutine (idle)");
	assert_string_equal(words(20, 21), "sync.Mutex.Lock");
	assert_string_equal(words(24, 41), "chan receive (synctest)");
	assert_string_equal(words(25, 42), "chan receive (durable)");
	assert_string_equal(words(27, 0), "");
	assert_string_equal(words(27, 200), "unknown wait reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_have_words),
		cmocka_unit_test(numbers_are_of_the_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
