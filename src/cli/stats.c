/* SPDX-License-Identifier: Apache-2.0 */
/* stats: the runtime's statistics of one process, as text or whyoom.stats/1. */
#include <inttypes.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/one_target.h"
#include "cli/output.h"
#include "goruntime/stats.h"

#define OUTPUT_MAX ((size_t)1 << 20)

enum unit { BYTES, PLAIN };

/* The fields of runtime.MemStats that are one unsigned number, in Go's order. */
static const struct field {
	const char *go_name;
	size_t offset;
	enum unit unit;
} fields[] = {
#define F(go, name, u)                                \
	{                                             \
		go, offsetof(struct gostats, name), u \
	}
	F("Alloc", alloc, BYTES),
	F("TotalAlloc", total_alloc, BYTES),
	F("Sys", sys, BYTES),
	F("Lookups", lookups, PLAIN),
	F("Mallocs", mallocs, PLAIN),
	F("Frees", frees, PLAIN),
	F("HeapAlloc", heap_alloc, BYTES),
	F("HeapSys", heap_sys, BYTES),
	F("HeapIdle", heap_idle, BYTES),
	F("HeapInuse", heap_inuse, BYTES),
	F("HeapReleased", heap_released, BYTES),
	F("HeapObjects", heap_objects, PLAIN),
	F("StackInuse", stack_inuse, BYTES),
	F("StackSys", stack_sys, BYTES),
	F("MSpanInuse", mspan_inuse, BYTES),
	F("MSpanSys", mspan_sys, BYTES),
	F("MCacheInuse", mcache_inuse, BYTES),
	F("MCacheSys", mcache_sys, BYTES),
	F("BuckHashSys", buckhash_sys, BYTES),
	F("GCSys", gc_sys, BYTES),
	F("OtherSys", other_sys, BYTES),
	F("NextGC", next_gc, BYTES),
	F("LastGC", last_gc, PLAIN),
	F("PauseTotalNs", pause_total_ns, PLAIN),
#undef F
};

static uint64_t value_of(const struct gostats *s, const struct field *f)
{
	uint64_t v;

	memcpy(&v, (const char *)s + f->offset, sizeof(v));
	return v;
}

static void write_json(const struct subject *t, const struct gostats *s, uint64_t goroutines,
		       struct buf *out)
{
	struct json j = json_into(out);

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.stats/1");
	json_i64(&j, "pid", t->pid);
	json_cstr(&j, "go_version", image_go_version(t->img));
	json_open(&j, "memstats", '{');
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		json_u64(&j, fields[i].go_name, value_of(s, &fields[i]));
	json_u64(&j, "NumGC", s->num_gc);
	json_u64(&j, "NumForcedGC", s->num_forced_gc);
	json_double(&j, "GCCPUFraction", s->gc_cpu_fraction);
	json_bool(&j, "EnableGC", s->enable_gc);
	json_bool(&j, "DebugGC", false);
	json_close(&j, '}');
	json_i64(&j, "gogc", s->gogc);
	if (s->memory_limit == GO_NO_LIMIT)
		json_none(&j, "memory_limit_bytes");
	else
		json_i64(&j, "memory_limit_bytes", s->memory_limit);
	json_u64(&j, "heap_goal_bytes", s->heap_goal);
	json_u64(&j, "heap_marked_bytes", s->heap_marked);
	json_u64(&j, "heap_live_bytes", s->heap_live);
	json_u64(&j, "gomaxprocs", s->gomaxprocs);
	json_u64(&j, "mem_profile_rate", s->mem_profile_rate);
	if (goroutines == UINT64_MAX)
		json_none(&j, "goroutines");
	else
		json_u64(&j, "goroutines", goroutines);
	json_cstr(&j, "layout", t->rt.lay->name);
	json_open(&j, "checks", '[');
	for (unsigned i = 0; i < t->rt.n_checks; i++) {
		json_open(&j, NULL, '{');
		json_cstr(&j, "name", t->rt.checks[i].name);
		json_bool(&j, "ok", t->rt.checks[i].ok);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static void write_text(const struct subject *t, const struct gostats *s, uint64_t goroutines,
		       struct buf *out)
{
	char size[24];

	buf_printf(out, "%s, %s, layout %s, %u invariants hold\n\n", t->mem->name,
		   image_go_version(t->img), t->rt.lay->name, t->rt.n_checks);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t v = value_of(s, &fields[i]);

		buf_printf(out, "%-14s %20" PRIu64, fields[i].go_name, v);
		if (fields[i].unit == BYTES && v >= 1024)
			buf_printf(out, "  %s", output_size(v, size));
		buf_char(out, '\n');
	}
	buf_printf(out, "%-14s %20" PRIu32 "\n", "NumGC", s->num_gc);
	buf_printf(out, "%-14s %20" PRIu32 "\n", "NumForcedGC", s->num_forced_gc);
	buf_printf(out, "%-14s %20.6f\n\n", "GCCPUFraction", s->gc_cpu_fraction);
	if (s->gogc < 0)
		buf_printf(out, "GOGC           off\n");
	else
		buf_printf(out, "GOGC           %d\n", s->gogc);
	buf_printf(out, "GOMEMLIMIT     %s\n",
		   s->memory_limit == GO_NO_LIMIT ? "off"
						  : output_size((uint64_t)s->memory_limit, size));
	buf_printf(out, "live heap      %s (as the last mark found it)\n",
		   output_size(s->heap_marked, size));
	buf_printf(out, "heap goal      %s\n", output_size(s->heap_goal, size));
	if (goroutines != UINT64_MAX)
		buf_printf(out, "goroutines     %" PRIu64 "\n", goroutines);
}

int verb_stats(const struct cli *cli)
{
	_cleanup_(subject_release) struct subject t = { .procfd = -1 };
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	ARENA(a, ONE_TARGET_ARENA);
	struct goroutines gs;
	struct gostats s;
	struct err err;
	uint64_t count;
	int r = one_target(cli, &t);

	if (r != EXIT_OK)
		return r;
	if (gostats_read(&t.rt, t.mem, &s, &err) < 0)
		return output_error(&err);
	count = goroutines_read(&t.rt, t.mem, ONE_TARGET_GOROUTINES, &a, &gs, &err) == 0
			? gs.total
			: UINT64_MAX;
	write_json(&t, &s, count, &json);
	write_text(&t, &s, count, &text);
	return output_result(cli, &text, &json);
}
