/* SPDX-License-Identifier: Apache-2.0 */
/*
 * typing: which Go type each reached object is of, as far as anyone knows.
 *
 * Large objects carry their type (graph.h: heap_object_header_type); from there,
 * from typed globals (DWARF, else none) and from interfaces (their words name the
 * type) types flow along the pointers that they say are there: fields, elements
 * of slices, map groups and buckets, channels, closures. A type is an address of
 * a runtime descriptor, or a DWARF type where there is DWARF: one number for both.
 */
#ifndef HEAP_TYPING_H
#define HEAP_TYPING_H

#include "heap/graph.h"

struct heap_types; /* opaque: one number an object, and the tables */

/*
 * @dwarf may be NULL (stripped). -ENOMEM. A name is "main.Session", "[]uint8",
 * "map.group[string]int".
 */
struct dwarf_types;
int heap_types(const struct goruntime *rt, struct mem *m, const struct dwarf_types *dwarf,
	       const struct heap_graph *g, struct heap_types **ret, struct err *err) _must_use_;
void heap_types_free(struct heap_types *t);

uint32_t heap_type_of(const struct heap_types *t, uint32_t object);    /* HEAP_NONE: not known */
const char *heap_type_name(const struct heap_types *t, uint32_t type); /* never NULL */
uint64_t heap_type_size(const struct heap_types *t, uint32_t type);
bool heap_type_is_map(const struct heap_types *t, uint32_t type);
uint64_t heap_typed_bytes(const struct heap_types *t); /* of reached objects with a type */

/* ".sessions", "[]", "[].key", "" for offset 0 of a pointer: the path inside @type to @offset. */
size_t heap_type_path(const struct heap_types *t, uint32_t type, uint64_t offset, char *out,
		      size_t max);

/* What a global variable is called and how sure that is. */
struct heap_global {
	uint64_t addr, size; /* size 0 unknown */
	const char *name;    /* "main.sessions"; else "(global of main.handle, main.put)" */
	const char *module;  /* path; NULL unknown */
	uint32_t type;	     /* HEAP_NONE unknown */
	bool by_reference;   /* named by the functions that refer to it */
};
struct heap_globals; /* opaque */
/* Names from DWARF, else the symbol table, else (lazily, for those asked) by reference. */
int heap_globals(const struct goruntime *rt, struct mem *m, const struct dwarf_types *dwarf,
		 struct heap_globals **ret, struct err *err) _must_use_;
void heap_globals_free(struct heap_globals *g);
/* The variable that holds @addr (of data, bss); false: in none of the segments. */
bool heap_global_at(struct heap_globals *g, uint64_t addr, struct heap_global *ret);

#endif /* HEAP_TYPING_H */
