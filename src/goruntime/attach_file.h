/* SPDX-License-Identifier: Apache-2.0 */
/* attach_file: the form and the place of the attach cache's files. Private to this room. */
#ifndef GORUNTIME_ATTACH_FILE_H
#define GORUNTIME_ATTACH_FILE_H

#include "goruntime/runtime.h"
#include "image/frozen.h"

#define ATTACH_MAGIC "whyoomA\n"
#define ATTACH_FORMAT 1U /* changes with any of the structs below */

struct attach_identity { /* which binary */
	char build_id[256];
	uint64_t size, mtime_ns;
};

struct attach_header {
	char magic[8];
	uint32_t format, bytes; /* of this struct */
	uint32_t crc;		/* of this struct with 0 here, and of the name index */
	uint32_t machine_bits;	/* of whoever wrote it: another layout of structs is no file */
	char tool[32];
	struct attach_identity of;
	uint64_t exe_start; /* where the binary's first byte was */
	char layout[64];
	struct go_globals at;
	struct image_frozen image;
	uint64_t part_at[FROZEN_PARTS], part_n[FROZEN_PARTS];
};

/* The folder, made where it is missing, ours alone; negative errno. The caller closes it. */
int attach_folder_open(void);

/* "attach-0123456789abcdef" */
void attach_file_name(const struct attach_identity *id, char *to, size_t room);

/* Removes the oldest until @more bytes fit into the cache's budget. */
void attach_folder_trim(int folder, uint64_t more);

uint32_t attach_crc(const struct attach_header *h, const struct frozen_part *parts);

/* Whether a mapped file of @n bytes is one of @id, whole; fills @parts. */
bool attach_file_holds(const void *map, size_t n, const struct attach_identity *id,
		       struct frozen_part parts[FROZEN_PARTS]);

/* The whole file for @h and @parts: sets the header's remaining fields. */
void attach_header_finish(struct attach_header *h, const struct frozen_part *parts);

#endif /* GORUNTIME_ATTACH_FILE_H */
