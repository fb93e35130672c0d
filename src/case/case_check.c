/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_check.h"

#include <errno.h>

/*
 * jansson 2.14 on 64 bits, with malloc's rounding: a number 32 and its place in an array 8 (16
 * while the array grows); an empty array 112; an empty object 240 (eight buckets); a member 64 and
 * its key.
 */
#define VALUE_BYTES 48
#define ARRAY_BYTES 112
#define OBJECT_BYTES 240
#define MEMBER_BYTES 64

size_t case_json_tree_bytes(struct str json)
{
	size_t of[256] = { 0 }, bytes;

	for (size_t i = 0; i < json.n; i++)
		of[(unsigned char)json.p[i]]++;
	bytes = json.n + VALUE_BYTES; /* the texts of strings and keys are in it once more */
	bytes += of[','] * VALUE_BYTES;
	bytes += of['['] * (ARRAY_BYTES + VALUE_BYTES);
	bytes += of['{'] * OBJECT_BYTES;
	return bytes + of[':'] * MEMBER_BYTES;
}

/* Times stand first in samples, cycles and snapshots, @size bytes apart. */
static bool in_order(const void *first, size_t n, size_t size, size_t *ret_bad)
{
	const char *p = first;

	for (size_t i = 1; i < n; i++) {
		if (*(const int64_t *)(p + i * size) >= *(const int64_t *)(p + (i - 1) * size))
			continue;
		*ret_bad = i;
		return false;
	}
	return true;
}

int case_check_order(const struct whycase *c, const char *name, struct err *err)
{
	const struct {
		const char *what;
		const void *first;
		size_t n, size;
	} series[] = {
		{ "samples", c->n_samples ? &c->samples[0].t : NULL, c->n_samples,
		  sizeof(c->samples[0]) },
		{ "cycles", c->n_cycles ? &c->cycles[0].t : NULL, c->n_cycles,
		  sizeof(c->cycles[0]) },
		{ "snapshots", c->n_snapshots ? &c->snapshots[0].t : NULL, c->n_snapshots,
		  sizeof(c->snapshots[0]) },
	};
	size_t bad;

	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		if (!in_order(series[i].first, series[i].n, series[i].size, &bad))
			return err_set(err, -EBADMSG,
				       "%s: case.json: \"%s\": number %zu is earlier than the one "
				       "before it",
				       name, series[i].what, bad);
	}
	return 0;
}
