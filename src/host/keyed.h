/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyed: the kernel's files of one "key value" a line.
 *
 *	VmRSS:	    1756 kB		/proc/PID/status, smaps_rollup, meminfo
 *	workingset_refault_file 320	memory.stat, memory.events, memory.oom_control
 *
 * A table names the keys that are wanted and the field of a struct of uint64_t
 * each goes to. Values in kB become bytes. Fields whose key is not in the text
 * are left as they are: set them to HOST_UNKNOWN first (keyed_unknown()).
 */
#ifndef HOST_KEYED_H
#define HOST_KEYED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "host/unknown.h"

struct keyed_field {
	struct str key;	 /* without the colon */
	uint32_t offset; /* of a uint64_t in the result */
};

#define KEYED(type, member, name)                                       \
	{                                                               \
		.key = STR_INIT(name), .offset = offsetof(type, member) \
	}

/* All fields of a struct that consists of uint64_t. */
void keyed_unknown(void *fields, size_t size);

/*
 * 0, also where keys are missing or unknown ones stand between; a line without a
 * key is skipped. -EBADMSG "<name>: line N: <key>" when a wanted key's value is
 * no number that fits; @fields then holds what was read before.
 * The search begins behind the last hit: a table in the file's order is walked once.
 */
int keyed_parse(struct str text, const char *name, const struct keyed_field *table, size_t n,
		void *fields, struct err *err) _must_use_;

#endif /* HOST_KEYED_H */
