/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph: every object of a Go heap, what refers to what, and what keeps it alive.
 *
 * Two steps, as with a snapshot: heap_copy() takes from the target what the graph
 * needs (span headers, present pages of spans with pointers, data and bss, stacks,
 * specials) and is all that a stop or a hold has to wait for; heap_graph() works
 * on that copy alone, when the target runs on or is gone.
 *
 * Objects are numbered 0 to n-1 in address order of their spans; slots that are
 * free (never allocated, swept) have no part in the graph though they have a
 * number. Flat arrays, no node objects. Object sizes are those of their size class, as the runtime
 * accounts them.
 *
 * Sources: Go src/runtime/{mbitmap,mheap,mgcmark,mfinal,mcleanup,stack,time}.go,
 * 1.18 to 1.27.
 */
#ifndef HEAP_GRAPH_H
#define HEAP_GRAPH_H

#include "base/arena.h"
#include "goruntime/goroutines.h"
#include "goruntime/runtime.h"

#define HEAP_NONE UINT32_MAX

enum heap_mode {
	HEAP_STOPPED, /* nothing moved while it was copied */
	HEAP_LIVE,    /* the target ran on: approximate */
	HEAP_DEAD,    /* held at its exit */
	HEAP_CORE     /* a core file */
};

struct heap_copy_options {
	enum heap_mode mode;
	uint64_t max_bytes; /* of copied pages; over it: coarser (@truncated), never more */
};

struct heap_copy; /* opaque; no handle on the target */

struct heap_copied {
	uint64_t bytes, spans;
	uint64_t pages_missing; /* wanted and not had */
	bool truncated;		/* max_bytes reached: objects beyond have no known pointers */
	int64_t wall_ns;
};

/*
 * -ENOMEM, -ETIME, else as
 * mem_readv(). Released with heap_copy_free().
 */
int heap_copy(const struct goruntime *rt, struct mem *m, const struct heap_copy_options *opt,
	      struct heap_copy **ret, struct heap_copied *what, struct err *err) _must_use_;
void heap_copy_free(struct heap_copy *c);

/* Bytes of the target at @addr out of the copy: heap, data, bss, stacks; false: not in it. */
bool heap_peek(const struct heap_copy *c, uint64_t addr, void *dst, size_t len);

enum heap_root_kind {
	HEAP_ROOT_GLOBAL,    /* a word of data or bss */
	HEAP_ROOT_STACK,     /* a word of a goroutine's stack */
	HEAP_ROOT_FINALIZER, /* what finalizers and clean-ups refer to */
	HEAP_ROOT_KINDS
};

/* One word outside of the heap that holds a pointer into it. */
struct heap_root {
	uint64_t addr;	    /* of the word */
	uint64_t value;	    /* what it holds */
	uint32_t object;    /* that it points into */
	uint32_t goroutine; /* HEAP_ROOT_STACK: index in the copy's list of goroutines */
	uint8_t kind;	    /* enum heap_root_kind */
	bool conservative;  /* no stack map said that it is a pointer */
};

struct heap_goroutine {
	uint64_t goid, g, start_pc, created_by_pc;
	uint32_t status;
	uint64_t wait_pc, stack_lo, stack_hi, sp;
};

struct heap_graph {
	const struct heap_copy *copy;		 /* not owned; must outlive the graph */
	uint32_t n_objects;			 /* numbers given, free slots too */
	uint64_t reached_objects, reached_bytes; /* from the roots: what a mark would find live */
	uint64_t conservative_bytes; /* of them, only reached through conservative words */
	uint64_t marked_bytes;	     /* as the runtime's last mark found it; UINT64_MAX unknown */
	const struct heap_root *roots;
	size_t n_roots;
	const struct heap_goroutine *goroutines;
	size_t n_goroutines;
	enum heap_mode mode;
	struct heap_private *p; /* the arrays */
};

int heap_graph(const struct goruntime *rt, const struct heap_copy *c, struct heap_graph *ret,
	       struct err *err) _must_use_;
void heap_graph_release(struct heap_graph *g);

/* One object. */
uint32_t heap_object_at(const struct heap_graph *g, uint64_t addr); /* HEAP_NONE: in none */
uint64_t heap_object_addr(const struct heap_graph *g, uint32_t o);
uint64_t heap_object_size(const struct heap_graph *g, uint32_t o); /* of its slot */
bool heap_object_reached(const struct heap_graph *g, uint32_t o);
bool heap_object_noscan(const struct heap_graph *g, uint32_t o);
/*
 * The type descriptor that the heap itself knows (1.22 on: objects over 512 bytes with
 * pointers, large ones): of the element where it is an array. 0: none.
 */
uint64_t heap_object_header_type(const struct heap_graph *g, uint32_t o);

/*
 * Who refers to it on a shortest way from a root: an object, or (HEAP_NONE and *root)
 * a root; *offset: where in the referring object the pointer lies.
 */
uint32_t heap_parent(const struct heap_graph *g, uint32_t o, uint32_t *root, uint32_t *offset);

/*
 * The object that dominates it: all ways from the roots lead through that one.
 * HEAP_NONE: more than one root leads to it, or just one root itself.
 */
uint32_t heap_dominator(const struct heap_graph *g, uint32_t o);
/* Bytes (its own too) that nothing but it keeps alive; 0 of what is not reached. */
uint64_t heap_retained(const struct heap_graph *g, uint32_t o);

/* Calls @each for each pointer of the object that leads to an object. */
typedef void (*heap_edge_fn)(void *arg, uint32_t from, uint32_t offset, uint64_t value,
			     uint32_t to);
void heap_edges(const struct heap_graph *g, uint32_t o, heap_edge_fn each, void *arg);

/*
 * Roots in groups, each with a number below @n_groups (one a global variable, one a
 * goroutine group ...): bytes and objects reached from that group's roots and from no
 * other's (retained), and from it at all (reachable). What several groups share is in
 * *shared. @later (or NULL): a flag for each group; what the groups without it reach is
 * not reached by those with it (a goroutine does not share what a variable keeps). Linear in the
 * graph. Arrays of n_groups, the caller's.
 */
struct heap_group_sum {
	uint64_t retained_bytes, retained_objects;
};
int heap_groups(const struct heap_graph *g, const uint32_t *group_of_root, uint32_t n_groups,
		const bool *later, struct heap_group_sum *out, struct heap_group_sum *shared,
		struct err *err) _must_use_;
/* The group that alone reaches it after heap_groups(); HEAP_NONE: several, or none. */
uint32_t heap_group_of(const struct heap_graph *g, uint32_t o);

#endif /* HEAP_GRAPH_H */
