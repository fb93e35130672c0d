/* SPDX-License-Identifier: Apache-2.0 */
#include "looked.h"

#include "t.h"

#include <time.h>

#include "target/live.h"

void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

void look_into(struct looked *l, const char *path, const char *const env[])
{
	const struct live_options opt = { 0 };
	struct err err = { 0 };

	l->what = path;
	assert_true(go_child_start(&l->child, path, env));
	assert_ok(live_open(l->child.pid, &opt, &l->m, &err), &err);
	assert_ok(image_find(l->m, &l->img, &err), &err);
}

void attach(struct looked *l)
{
	struct err err = { 0 };

	assert_ok(goruntime_attach(l->m, l->img, &l->rt, &err), &err);
}

void look_away(struct looked *l)
{
	image_free(l->img);
	mem_close(l->m);
	go_child_end(&l->child);
}

void tell(struct looked *l, const char *commands)
{
	char reply[64];

	for (; *commands; commands++)
		assert_true(go_child_ask(&l->child, *commands, reply, sizeof(reply)));
}

void ask_memstats(struct looked *l, char said[SAID_MAX])
{
	assert_true(go_child_ask(&l->child, 'm', said, SAID_MAX));
}

void read_between(struct looked *l, struct gostats *s, struct gospans *spans, struct arena *a,
		  char said[SAID_MAX])
{
	char before[SAID_MAX];
	struct err err = { 0 };

	for (int try = 0; try < 400; try++) {
		ask_memstats(l, before);
		assert_ok(gostats_read(&l->rt, l->m, s, &err), &err);
		if (spans)
			assert_ok(gospans_read(&l->rt, l->m, 50, NULL, a, spans, &err), &err);
		ask_memstats(l, said);
		if (!strcmp(before, said))
			return;
		sleep_ms(5);
	}
	fail_msg("%s does not come to rest", l->what);
}

void each_program(void (*test)(struct looked *l, const char *path, enum go_build how))
{
	char version[32], path[128];
	unsigned tested = 0;

	for (unsigned v = 0; go_version_at(v, version); v++) {
		for (unsigned how = 0; how < GO_BUILDS; how++) {
			struct looked l;

			if (!go_program_build("served", version, how, path, sizeof(path))) {
				fprintf(stderr, "go %s, %s: cannot be built here\n", version,
					go_build_names[how]);
				continue;
			}
			test(&l, path, how);
			tested++;
		}
	}
	if (!tested)
		skip_test("no go that builds the program");
}

bool first_program(char *path, size_t n)
{
	char version[32];

	return go_version_at(0, version) &&
	       go_program_build("served", version, GO_STRIPPED, path, n);
}
