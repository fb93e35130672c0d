/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <math.h>

#define BUDGET (64 * 1024 * 1024)
#define ROWS 64

void world_begin(struct world *w, uint64_t limit)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->arena, BUDGET);
	case_init(&w->c, &w->arena);
	w->e.c = &w->c;
	w->e.earlier = w->earlier;
	w->e.killed_for_memory = TRI_YES;
	w->e.pattern.slope = NAN;
	w->e.pattern.seconds_to_limit = NAN;
	w->e.pattern.jump_bytes = w->e.pattern.predicted_peak = UNKNOWN_U64;
	w->e.pattern.jump_ns = UNKNOWN_I64;
	w->e.pattern.tight_need = w->e.pattern.to_explain = UNKNOWN_U64;
	w->e.pattern.healthy_floor = w->e.pattern.last_floor = UNKNOWN_U64;
	w->c.subject.pid = 4242;
	w->c.subject.comm = "api";
	w->c.subject.exe = "/srv/api";
	w->c.host.cgroup_version = 2;
	w->c.end.observed = true;
	w->c.end.signal = 9;
	w->c.end.exit_status = -1;
	w->c.end.group_counted_kill = TRI_YES;
	w->c.end.kernel_log_read = TRI_YES;
	case_limit_init(&w->c.limits[0]);
	w->c.limits[0].source = "/sys/fs/cgroup/api/memory.max";
	w->c.limits[0].scope = "container";
	w->c.limits[0].limit_bytes = limit;
	w->c.limits[0].usage_bytes = limit;
	w->c.n_limits = 1;
}

void world_end(struct world *w)
{
	arena_release(&w->arena);
}

void world_pattern(struct world *w, enum pattern_kind kind, uint64_t to_explain)
{
	w->e.pattern.kind = kind;
	w->e.pattern.confidence = kind == PATTERN_UNKNOWN ? 0 : 0.95;
	w->e.pattern.to_explain = to_explain;
	w->e.pattern.slope = kind == PATTERN_LEAK ? 5e6 : 0;
}

void world_samples(struct world *w, int seconds)
{
	struct case_sample s;

	for (int t = 0; t <= seconds; t++) {
		case_sample_init(&s);
		s.t = S(t);
		assert_int_equal(case_add_sample(&w->c, &s), 0);
	}
}

void world_cycles(struct world *w, size_t n, int seconds, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < n; i++) {
		struct case_cycle y = {
			.t = S(seconds) * (int64_t)(i + 1) / (int64_t)n,
			.num_gc = i + 1,
			.heap_marked = first + (last - first) * i / (n > 1 ? n - 1 : 1),
			.heap_goal = UNKNOWN_U64,
			.non_heap = 10 * MIB,
		};

		assert_int_equal(case_add_cycle(&w->c, &y), 0);
	}
}

static void *rows(struct world *w, size_t size)
{
	void *p = arena_alloc(&w->arena, ROWS * size, alignof(max_align_t));

	assert_non_null(p);
	return p;
}

struct case_snapshot *world_snapshot(struct world *w, int64_t t, enum snapshot_why why)
{
	struct case_snapshot *s = case_add_snapshot(&w->c);

	assert_non_null(s);
	s->t = t;
	s->why = why;
	return s;
}

struct case_gostats *world_stats(struct world *w, struct case_snapshot *s)
{
	struct case_gostats *g = arena_new(&w->arena, struct case_gostats);

	assert_non_null(g);
	case_gostats_init(g);
	s->stats = g;
	return g;
}

struct case_resident *world_resident(struct world *w, struct case_snapshot *s)
{
	struct case_resident *r = arena_new(&w->arena, struct case_resident);

	assert_non_null(r);
	case_resident_init(r);
	s->resident = r;
	return r;
}

const struct case_frame *world_frame(struct world *w, const char *function, const char *file,
				     uint32_t line)
{
	struct case_frame *f = arena_new(&w->arena, struct case_frame);

	assert_non_null(f);
	*f = (struct case_frame){ .function = function, .file = file, .line = line };
	return f;
}

struct case_stack world_stack(struct world *w, ...)
{
	struct case_stack s = { .frames = rows(w, sizeof(void *)) };
	const struct case_frame *f;
	va_list ap;

	va_start(ap, w);
	while ((f = va_arg(ap, const struct case_frame *)) && s.n < ROWS)
		s.frames[s.n++] = f;
	va_end(ap);
	return s;
}

struct case_goroutines *world_group(struct world *w, struct case_snapshot *s, uint64_t count,
				    const char *state, int64_t wait_max, struct case_stack stack,
				    const struct case_frame *created_by)
{
	struct case_goroutines *g;

	if (!s->have_goroutines)
		s->groups = rows(w, sizeof(*g));
	s->have_goroutines = true;
	assert_true(s->n_groups < ROWS);
	g = &s->groups[s->n_groups++];
	*g = (struct case_goroutines){
		.count = count,
		.state = state,
		.stack = stack,
		.created_by = created_by,
		.start = stack.n ? stack.frames[stack.n - 1]->function : NULL,
		.stack_bytes = count * 2 * KIB,
		.wait_min_ns = wait_max < 0 ? -1 : 0,
		.wait_max_ns = wait_max,
		.wait_mean_ns = wait_max < 0 ? -1 : wait_max / 2,
	};
	s->goroutines += count;
	return g;
}

struct case_site *world_site(struct world *w, struct case_snapshot *s, struct case_stack stack,
			     int64_t objects, int64_t bytes)
{
	struct case_site *p;

	if (!s->have_sites)
		s->sites = rows(w, sizeof(*p));
	s->have_sites = true;
	assert_true(s->n_sites < ROWS);
	p = &s->sites[s->n_sites++];
	*p = (struct case_site){
		.stack = stack,
		.object_bytes = objects ? (uint64_t)(bytes / objects) : 0,
		.alloc_objects = objects,
		.alloc_bytes = bytes,
		.inuse_objects = objects,
		.inuse_bytes = bytes,
		.latest_alloc_objects = objects,
		.latest_alloc_bytes = bytes,
		.latest_inuse_objects = objects,
		.latest_inuse_bytes = bytes,
	};
	return p;
}

struct case_snapshot *world_leak(struct world *w)
{
	struct case_snapshot *s;
	struct case_gostats *g;

	world_pattern(w, PATTERN_LEAK, 200 * MIB);
	world_samples(w, 60);
	for (size_t i = 0; i < w->c.n_samples; i++)
		w->c.samples[i].total_alloc = 2 * MIB * i;
	world_cycles(w, 12, 60, 20 * MIB, 120 * MIB);
	s = world_snapshot(w, S(60), SNAP_KILL);
	g = world_stats(w, s);
	g->heap_marked = 120 * MIB;
	g->heap_live = 220 * MIB;
	g->mem_profile_rate = 512 * KIB;
	return s;
}

struct case_objects *world_objects(struct world *w, struct case_snapshot *s, uint64_t reached)
{
	struct case_objects *o = arena_new(&w->arena, struct case_objects);

	assert_non_null(o);
	*o = (struct case_objects){
		.mode = "dead",
		.total_bytes = reached + MIB,
		.reached_bytes = reached,
		.typed_bytes = reached,
		.stopped_ns = -1,
		.holders = rows(w, sizeof(struct case_holder)),
		.pinned = rows(w, sizeof(struct case_pinned)),
		.types = rows(w, sizeof(struct case_type)),
	};
	s->objects = o;
	return o;
}

struct case_holder *world_holder(struct case_objects *o, enum holder_kind kind, const char *name,
				 const char *path, uint64_t retained, uint64_t elements)
{
	struct case_holder *h = &o->holders[o->n_holders++];

	assert_true(o->n_holders <= ROWS);
	*h = (struct case_holder){
		.kind = kind,
		.name = name,
		.path = path,
		.objects = retained / KIB,
		.retained_bytes = retained,
		.elements = elements,
		.room = UNKNOWN_U64,
		.goroutines = kind == HOLDER_GOROUTINE ? 1 : UNKNOWN_U64,
		.stuck = UNKNOWN_U64,
	};
	return h;
}

struct case_pinned *world_pinned(struct case_objects *o, const char *holder, uint64_t count,
				 uint64_t visible, uint64_t pinned)
{
	struct case_pinned *p = &o->pinned[o->n_pinned++];

	assert_true(o->n_pinned <= ROWS);
	*p = (struct case_pinned){
		.holder = holder,
		.path = ".byID[].title",
		.type = "string",
		.count = count,
		.visible_bytes = visible,
		.pinned_bytes = pinned,
	};
	return p;
}

void world_earlier(struct world *w, const char *id, enum answer answer, uint64_t bytes,
		   uint64_t heap_bytes)
{
	struct finding *f = &w->earlier[w->e.n_earlier++];

	finding_init(f, cause_find(id));
	f->answer = answer;
	f->bytes = bytes;
	f->heap_bytes = heap_bytes;
}

enum answer world_judge(struct world *w, const char *id)
{
	const struct cause *cause = cause_find(id);

	assert_non_null(cause);
	finding_init(&w->f, cause);
	cause->judge(&w->e, &w->f, &w->arena);
	assert_non_null(w->f.answer == ANSWER_YES ? w->f.summary.key : w->f.why.key);
	if (w->f.answer == ANSWER_YES) {
		assert_true(w->f.confidence > 0 && w->f.confidence <= 1);
		assert_true(w->f.n_evidence > 0);
		assert_true(w->f.n_remedy > 0);
	}
	return w->f.answer;
}

const char *world_says(struct world *w, struct text t)
{
	BUF(out, sizeof(w->words) - 1);

	message_render(t, LANG_EN, &out);
	assert_int_equal(out.failed, 0);
	memcpy(w->words, out.p ? out.p : "", out.n);
	w->words[out.n] = '\0';
	return w->words;
}
