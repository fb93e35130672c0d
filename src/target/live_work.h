/* SPDX-License-Identifier: Apache-2.0 */
/* live_work: what one call of live_read() works with; a few kB on its stack for small ones. */
#ifndef TARGET_LIVE_WORK_H
#define TARGET_LIVE_WORK_H

#include <sys/uio.h>

#include "target/live_private.h"

#define WORK_BLOCK ((size_t)65536) /* pieces put in order at a time */
#define WORK_PARTS ((size_t)1024)  /* IOV_MAX */
#define WORK_WORDS ((size_t)4096)  /* of pagemap: 16 MB of 4 KB pages */
#define WORK_SMALL ((size_t)32)	   /* pieces, parts and words of a small call */

#define NO_PIECE SIZE_MAX

struct work_slot {
	uint64_t addr;
	size_t piece;
};

/* A range to be read from the process: a piece or a part of it, or a gap (NO_PIECE). */
struct part {
	uint64_t addr;
	uint8_t *dst;
	size_t len, piece;
};

struct work_small {
	struct work_slot order[WORK_SMALL];
	struct part parts[WORK_SMALL];
	struct iovec local[WORK_SMALL], remote[WORK_SMALL];
	uint64_t words[WORK_SMALL];
};

struct work_large {
	struct part parts[WORK_PARTS];
	struct iovec local[WORK_PARTS], remote[WORK_PARTS];
	uint64_t words[WORK_WORDS];
	struct work_slot order[];
};

struct work {
	struct live *l;
	struct mem_piece *v;
	size_t n;

	struct work_slot *order; /* of the block at hand, ascending */
	size_t n_order, at;

	struct part *parts; /* the batch */
	struct iovec *local, *remote;
	size_t room, n_parts, bytes;

	uint64_t *words; /* of pagemap, from page number @first on */
	size_t room_words, n_words;
	uint64_t first;

	size_t hit;  /* the mapping that was last wanted */
	bool reread; /* the mappings, for an unknown address: once a call */
	bool again;  /* something failed that may be otherwise at a second look */
	int64_t now; /* when pagemap was last read */

	uint8_t waste[512]; /* where the bytes between neighbours go */
	struct work_large *large;
	struct work_small small;
};

/* -ENOMEM or 0. */
int work_init(struct work *w, struct live *l, struct mem_piece *v, size_t n) _must_use_;
void work_release(struct work *w);

/* Puts the pieces of the block at @from that are not yet ok in the order of their addresses. */
void work_order(struct work *w, size_t from);

/*
 * live_batch.c: adds a range whose pages are there, having read the batch when
 * it is full. 1, or as batch_read().
 */
int batch_add(struct work *w, const struct part *p, struct err *err) _must_use_;

/* Reads what was added; pieces of which something was not had are no longer ok. As mem_ops.read. */
int batch_read(struct work *w, struct err *err) _must_use_;

/* Forgets what was added and not read: those pieces are not ok. */
void batch_drop(struct work *w);

#endif /* TARGET_LIVE_WORK_H */
