/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/objects.h"

#include <errno.h>
#include <string.h>

#include "goruntime/types.h"
#include "heap/holders.h"
#include "host/file.h"
#include "host/machine.h"
#include "target/buffer.h"

#define ROOM_MAX ((uint64_t)1 << 30)
#define HOLDERS_MAX 64 /* the largest; the rest holds little */
#define DESCENT_MAX 3  /* from a map's directory to its groups */
#define POINTER_AT 16  /* of buckets in hmap (to 1.23), of the directory in maps.Map (1.24 on) */
#define TYPES_MAX ((size_t)32 << 20)
#define GRAPH_ARENA ((size_t)256 << 20)

struct making {
	struct subject *s;
	const struct snapshot *raw;
	const struct case_snapshot *snap;
	const struct heap_graph *g;
	struct arena *a;
	struct mem *types; /* where type descriptors are to be had */
};

uint64_t objects_room(void)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct machine m;

	if (root < 0 || machine_read(root, &m, NULL) < 0 || !known(m.mem.available))
		return ROOM_MAX / 4;
	return m.mem.available / 2 < ROOM_MAX ? m.mem.available / 2 : ROOM_MAX;
}

/* From the binary's own file: no page of the dying one is needed. Without them: no types. */
static void copy_types(struct subject *s, struct objects *o)
{
	const struct span64 *at = &image_module(s->img)->types;
	size_t n = at->to - at->from < TYPES_MAX ? (size_t)(at->to - at->from) : TYPES_MAX;

	o->types = malloc(n);
	if (o->types && mem_read(s->mem, at->from, o->types, n, NULL) == 0) {
		o->n_types = n;
		return;
	}
	free(o->types);
	o->types = NULL;
}

static int open_types(struct subject *s, const struct objects *o, struct mem **ret, struct err *err)
{
	struct buffer_part part = { .addr = image_module(s->img)->types.from,
				    .bytes = o->types,
				    .n = o->n_types,
				    .prot = MEM_R,
				    .flags = BUFFER_EXE };

	return buffer_open(s->mem->name, &part, 1, ret, err);
}

int objects_copy(struct subject *s, enum heap_mode mode, uint64_t max_bytes, struct objects *ret,
		 struct err *err)
{
	struct heap_copy_options opt = { .mode = mode, .max_bytes = max_bytes };
	struct objects new = { .mode = mode };
	int r = heap_copy(&s->rt, s->mem, &opt, &new.copy, &new.what, err);

	if (r < 0)
		return r;
	if (mode == HEAP_DEAD)
		copy_types(s, &new);
	*ret = new;
	return 0;
}

void objects_release(struct objects *o)
{
	heap_copy_free(o->copy);
	free(o->types);
	o->copy = NULL;
	o->types = NULL;
}

static const char *keep(struct arena *a, const char *text)
{
	return text ? arena_str(a, str_from(text)).p : NULL;
}

/* As the goroutines' own group has it, or they could not be matched with it. */
static const char *start_name(const struct making *x, uint64_t pc)
{
	struct image_func f;

	for (size_t i = 0; x->raw->have_goroutines && i < x->raw->goroutines.n; i++) {
		if (x->raw->goroutines.groups[i].startpc == pc && i < x->snap->n_groups &&
		    x->snap->groups[i].start)
			return x->snap->groups[i].start;
	}
	return image_func_at(x->s->img, pc, &f) ? keep(x->a, f.name) : NULL;
}

struct first {
	uint32_t to;
};

static void take_first(void *arg, uint32_t from, uint32_t offset, uint64_t value, uint32_t to)
{
	struct first *first = arg;

	(void)offset;
	(void)value;
	if (first->to == HEAP_NONE && to != from)
		first->to = to;
}

/* "map[string]*main.Session" of the type of a map's memory; NULL: it is no map's. */
static const char *map_of(const char *name, struct arena *a)
{
	static const char *const inner[] = { "map.group[", "map.bucket[" };
	char text[256];

	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		const char *at = strstr(name, inner[i]);

		if (!at || (at != name && strncmp(name, "noalg.", 6) != 0 && name[0] != '['))
			continue;
		snprintf(text, sizeof(text), "map[%s", at + strlen(inner[i]));
		return keep(a, text);
	}
	return NULL;
}

static const char *header_name(const struct making *x, uint32_t object)
{
	uint64_t type = heap_object_header_type(x->g, object);
	const char *name;

	if (!type || gotype_name(&x->s->rt, x->types, type, x->a, &name, NULL) < 0)
		return NULL;
	return name;
}

/*
 * The type of what the holder's elements hang on, where the heap itself knows it
 * (1.22 on, objects over 512 bytes): of a map the map's, from the types of its groups or buckets,
 * else an array of its elements' type.
 */
static const char *type_of(const struct making *x, uint32_t hub, bool *is_map)
{
	const char *own = header_name(x, hub), *map = own ? map_of(own, x->a) : NULL;
	struct first first = { hub };

	for (int i = 0; !map && i < DESCENT_MAX && first.to != HEAP_NONE; i++) {
		uint32_t from = first.to;
		const char *name;

		first.to = HEAP_NONE;
		heap_edges(x->g, from, take_first, &first);
		name = first.to != HEAP_NONE ? header_name(x, first.to) : NULL;
		map = name ? map_of(name, x->a) : NULL;
	}
	*is_map = map != NULL;
	if (map || !own)
		return map;
	if (strstr(own, "maps.table"))
		return NULL; /* a map's directory, and of which map is not known */
	return own;
}

/* A map counts its elements in its first word, and points to its memory at the same place. */
static uint64_t elements_of(const struct making *x, const struct heap_holder *h)
{
	uint32_t root = HEAP_NONE, offset = 0;
	uint32_t map = heap_parent(x->g, h->hub, &root, &offset);
	uint64_t used;

	if (map == HEAP_NONE || offset != POINTER_AT ||
	    !heap_peek(x->g->copy, heap_object_addr(x->g, map), &used, sizeof(used)))
		return UNKNOWN_U64;
	/* Each takes a byte at least: else it is no map that points here. */
	return used <= h->retained_bytes ? used : UNKNOWN_U64;
}

static const enum holder_kind kinds[HEAP_ROOT_KINDS] = {
	[HEAP_ROOT_GLOBAL] = HOLDER_GLOBAL,
	[HEAP_ROOT_STACK] = HOLDER_GOROUTINE,
	[HEAP_ROOT_FINALIZER] = HOLDER_FINALIZER,
};

static struct case_holder holder(const struct making *x, const struct heap_holder *h,
				 bool stuck_known)
{
	bool is_map = false;
	struct case_holder c = {
		.kind = kinds[h->kind],
		.objects = h->retained_objects,
		.retained_bytes = h->retained_bytes,
		.elements = UNKNOWN_U64,
		.room = UNKNOWN_U64,
		.goroutines = UNKNOWN_U64,
		.stuck = UNKNOWN_U64,
	};

	if (h->kind == HEAP_ROOT_GLOBAL) {
		c.name = keep(x->a, h->global.name);
		c.module = keep(x->a, h->global.module);
		c.by_reference = h->global.by_reference;
		c.kind = h->global.of_runtime ? HOLDER_RUNTIME : HOLDER_GLOBAL;
	} else if (h->kind == HEAP_ROOT_STACK) {
		c.name = start_name(x, h->start_pc);
		c.goroutines = h->goroutines;
		c.stuck = stuck_known ? h->stuck : UNKNOWN_U64;
	}
	if (h->hub != HEAP_NONE) {
		c.type = type_of(x, h->hub, &is_map);
		c.elements = is_map ? elements_of(x, h) : UNKNOWN_U64;
	}
	return c;
}

static const char *const modes[] = {
	[HEAP_STOPPED] = "stopped",
	[HEAP_LIVE] = "live",
	[HEAP_DEAD] = "dead",
	[HEAP_CORE] = "core",
};

static int fill(const struct making *x, const struct heap_holders *all, struct case_objects *ret)
{
	struct case_objects o = {
		.mode = modes[x->g->mode],
		.total_bytes = x->raw->have_spans ? x->raw->spans.object_bytes : UNKNOWN_U64,
		.reached_bytes = x->g->reached_bytes,
		.typed_bytes = UNKNOWN_U64,
		.conservative_bytes = x->g->conservative_bytes,
		.stopped_ns = -1,
		.holders = arena_new_array(x->a, struct case_holder, HOLDERS_MAX + 1),
	};

	if (!o.holders)
		return -ENOMEM;
	for (uint32_t i = 0; i < all->n && i < HOLDERS_MAX; i++) {
		if (all->of[i].retained_bytes || all->of[i].stuck)
			o.holders[o.n_holders++] = holder(x, &all->of[i], all->stuck_known);
	}
	o.holders[o.n_holders++] = (struct case_holder){
		.kind = HOLDER_SHARED,
		.objects = all->shared.retained_objects,
		.retained_bytes = all->shared.retained_bytes,
		.elements = UNKNOWN_U64,
		.room = UNKNOWN_U64,
		.goroutines = UNKNOWN_U64,
		.stuck = UNKNOWN_U64,
	};
	*ret = o;
	return 0;
}

int objects_finish(struct subject *s, struct heap_globals *globals, const struct objects *o,
		   const struct snapshot *raw, struct case_snapshot *snap, struct arena *a,
		   struct err *err)
{
	_cleanup_(heap_graph_release) struct heap_graph g = { 0 };
	_cleanup_mem_ struct mem *kept = NULL;
	struct heap_holders_options opt = { .prove_stuck = o->mode != HEAP_LIVE &&
							   !o->what.truncated &&
							   !o->what.pages_missing };
	struct making x = { .s = s, .raw = raw, .snap = snap, .g = &g, .a = a, .types = s->mem };
	struct case_objects *ret = arena_new(a, struct case_objects);
	ARENA(working, GRAPH_ARENA);
	struct heap_holders all;
	int r = heap_graph(&s->rt, o->copy, &g, err);

	if (r == 0 && o->types)
		r = open_types(s, o, &kept, err);
	if (kept)
		x.types = kept;
	if (r == 0)
		r = heap_holders(&s->rt, &g, globals, &opt, &working, &all, err);
	if (r < 0)
		return r;
	if (!ret || fill(&x, &all, ret) < 0)
		return err_set(err, -ENOMEM, "PID %d: no memory for who holds the heap", s->pid);
	snap->objects = ret;
	return 0;
}
