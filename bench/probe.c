/* SPDX-License-Identifier: Apache-2.0 */
/* probe PID: what single steps cost on that process, as JSON; see bench/run.py. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "goruntime/goroutines.h"
#include "goruntime/heap_profile.h"
#include "goruntime/spans.h"
#include "recorder/subject.h"
#include "target/live.h"

#define SAMPLES 2000
#define ARENA_MAX ((size_t)4 << 30)

struct cost {
	int64_t wall, cpu;
};

static struct cost begin(void)
{
	return (struct cost){ clock_mono(), clock_cpu() };
}

static void put(struct json *j, const char *name, struct cost from, uint64_t n, bool ok)
{
	int64_t wall = clock_mono() - from.wall, cpu = clock_cpu() - from.cpu;

	json_open(j, name, '{');
	json_bool(j, "ok", ok);
	json_u64(j, "n", n);
	json_double(j, "wall_us", (double)wall / 1e3);
	json_double(j, "cpu_us", (double)cpu / 1e3);
	json_close(j, '}');
}

static void samples(struct json *j, struct subject *s)
{
	struct gosampler g;
	struct gosample v;
	struct cost c;
	uint64_t n = 0;

	if (gosampler_init(&g, &s->rt, NULL) < 0)
		return;
	if (mem_readv(s->mem, g.pieces, g.n_pieces, NULL) == 0) {
		c = begin();
		for (; n < SAMPLES && live_sample(s->mem, g.pieces, g.n_pieces, NULL) == 0; n++)
			gosampler_decode(&g, &v);
		put(j, "samples", c, n, n == SAMPLES);
	}
	gosampler_release(&g);
}

static void walks(struct json *j, struct subject *s)
{
	struct gostats stats;
	struct heap_profile p = { 0 };
	struct goroutines g = { 0 };
	struct gospans spans = { 0 };
	ARENA(a, ARENA_MAX);
	struct cost c;
	bool ok;

	c = begin();
	ok = gostats_read(&s->rt, s->mem, &stats, NULL) == 0;
	put(j, "stats", c, 1, ok);
	c = begin();
	ok = heap_profile_read(&s->rt, s->mem, (size_t)4 << 20, &a, &p, NULL) == 0;
	put(j, "heap_profile", c, p.n, ok);
	c = begin();
	ok = goroutines_read(&s->rt, s->mem, (size_t)4 << 20, &a, &g, NULL) == 0;
	put(j, "goroutines", c, g.total, ok);
	c = begin();
	ok = gospans_read(&s->rt, s->mem, 64, NULL, &a, &spans, NULL) == 0;
	put(j, "spans", c, spans.spans, ok);
}

/* Another attach to the same binary; the first of them keeps what it found. */
static void cached(struct json *j, pid_t pid)
{
	bool ok = false;
	struct cost c;

	for (int i = 0; i < 2; i++) {
		_cleanup_(subject_release) struct subject s = { .procfd = -1 };

		c = begin();
		ok = subject_open_cached(&s, pid, NULL, NULL) == 0;
		if (i == 1)
			put(j, "attach_cached", c, 1, ok);
	}
}

int main(int argc, char **argv)
{
	_cleanup_(subject_release) struct subject s = { .procfd = -1 };
	struct str text = argc > 1 ? str_from(argv[1]) : STR("");
	BUF(out, 65536);
	struct json j = json_into(&out);
	struct err err;
	struct cost c = begin();
	uint64_t pid;

	if (!str_take_u64(&text, &pid) || text.n || pid > INT32_MAX)
		return 2;
	if (subject_open_attached(&s, (pid_t)pid, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 3;
	}
	json_open(&j, NULL, '{');
	put(&j, "attach", c, 1, true);
	cached(&j, (pid_t)pid);
	samples(&j, &s);
	walks(&j, &s);
	json_close(&j, '}');
	printf("%s", out.p);
	return 0;
}
