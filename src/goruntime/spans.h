/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spans: how full the heap's spans are, by size class, and its large objects.
 *
 * Walks mheap_.allspans (block reads, no stop) and proves the walk by the
 * runtime's own sums: pages of spans in use == gcController.heapInUse. What the
 * two differ by is the tear of the moment, kept in @torn_bytes.
 *
 * What the last mark found live is known exactly, span by span. A span not yet
 * swept has it in its mark bits (gcmarkBits; with the Green Tea collector, spans
 * of objects of 16 to 512 bytes have it in their own last 128 bytes); what it
 * holds beside that is garbage. Sweeping makes the mark bits the allocBits, and
 * allocating leaves allocBits alone (it moves freeindex), so in a swept span
 * allocBits still say what survived the last mark, and a span made since has
 * none set; what it holds beside that was allocated since, live or not. The
 * marked bytes of all spans are gcController.heapMarked, less the size of each
 * object with a finalizer (the collector counts those a second time as roots),
 * plus what the sweep revived for its finalizer.
 *
 * Source: Go src/runtime/{mheap,mbitmap,mgcsweep,mgcmark_greenteagc}.go.
 */
#ifndef GORUNTIME_SPANS_H
#define GORUNTIME_SPANS_H

#include "base/arena.h"
#include "goruntime/arenas.h"
#include "goruntime/stats.h"

struct span_class {
	uint32_t size; /* of a slot in bytes; 0: class 0, one large object a span */
	bool noscan;   /* holds no pointers */
	uint64_t spans, bytes;
	uint64_t slots;	  /* there is room for */
	uint64_t objects; /* allocated (garbage not yet swept counts) */
	uint64_t marked;  /* of these, found live by the last mark */
	uint64_t object_bytes, marked_bytes;
	uint64_t unswept_spans;
};

struct large_object {
	uint64_t addr, size;
	bool noscan, unswept;
	bool marked; /* false with @unswept: garbage; false else: allocated since the last mark */
	const char *type; /* element type where the runtime knows it (1.22+), else NULL */
};

struct gospans {
	struct span_class classes[GO_SIZE_CLASSES * 2];
	unsigned n_classes; /* with at least one span */
	uint64_t spans, inuse_bytes, object_bytes, objects, marked_bytes;
	uint64_t stack_bytes;	     /* of manual spans, less the collector's work buffers */
	uint64_t unswept_dead_bytes; /* in unswept spans: allocated - marked */
	struct large_object *large;  /* the largest first, at most @max_large; in the arena */
	size_t n_large;
	uint64_t large_count, large_bytes; /* of all large objects */
	int64_t torn_bytes;	/* inuse_bytes - gcController.heapInUse of the same moment */
	uint64_t bad_spans;	/* headers that made no sense and were left out */
	uint64_t marks_unknown; /* heap spans whose marks were not read: counted as 0 marked */
};

/* One span as the walk saw it, for who wants more than the sums (resident pages, the graph). */
struct gospan {
	uint64_t start, npages;		 /* of 8192 bytes */
	uint32_t size;			 /* of a slot; 0 in class 0 */
	uint64_t slots, objects, marked; /* as in struct span_class */
	bool manual;			 /* stacks and the runtime's own use; else heap */
	bool noscan, unswept;
	bool marks_known; /* false: @marked is 0 because nobody looked, or could */
};

/* Called for each span in use or manual, in no order; NULL: nobody wants them. */
struct gospan_visitor {
	void (*visit)(void *arg, const struct gospan *s);
	void *arg;
};

/*
 * At most @max_large objects are listed. -EBADMSG when too many headers make no
 * sense; -EFAULT when allspans cannot be read; else as mem_readv(), -ENOMEM.
 */
int gospans_read(const struct goruntime *rt, struct mem *m, size_t max_large,
		 const struct gospan_visitor *visitor, struct arena *a, struct gospans *ret,
		 struct err *err) _must_use_;

/*
 * The same, but marks that lie in the spans' own pages are not read: while a
 * sweep goes on under the Green Tea collector each costs a page (0.7 us; else a
 * span costs 0.15 us). Such spans count in @marks_unknown.
 */
int gospans_read_quickly(const struct goruntime *rt, struct mem *m, size_t max_large,
			 const struct gospan_visitor *visitor, struct arena *a, struct gospans *ret,
			 struct err *err) _must_use_;

#endif /* GORUNTIME_SPANS_H */
