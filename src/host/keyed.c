/* SPDX-License-Identifier: Apache-2.0 */
#include "host/keyed.h"

#include <errno.h>
#include <string.h>

void keyed_unknown(void *fields, size_t size)
{
	memset(fields, 0xff, size); /* HOST_UNKNOWN in each */
}

static const struct keyed_field *find(const struct keyed_field *table, size_t n, size_t *hint,
				      struct str key)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = (*hint + i) % n;

		if (str_eq(table[at].key, key)) {
			*hint = at + 1;
			return &table[at];
		}
	}
	return NULL;
}

static bool take_value(struct str rest, uint64_t *ret)
{
	struct str word;
	uint64_t v;

	if (!str_take_word(&rest, &word) || !str_take_u64(&word, &v) || word.n)
		return false;
	if (str_take_word(&rest, &word) && str_eq(word, STR("kB")) &&
	    __builtin_mul_overflow(v, UINT64_C(1024), &v))
		return false;
	*ret = v;
	return true;
}

int keyed_parse(struct str text, const char *name, const struct keyed_field *table, size_t n,
		void *fields, struct err *err)
{
	struct str line, key;
	unsigned lineno = 0;
	size_t hint = 0;

	while (str_take_line(&text, &line)) {
		const struct keyed_field *f;
		uint64_t v;

		lineno++;
		if (!str_take_word(&line, &key))
			continue;
		if (key.p[key.n - 1] == ':')
			key.n--;
		f = find(table, n, &hint, key);
		if (!f)
			continue;
		if (!take_value(line, &v))
			return err_set(err, -EBADMSG, "%s: line %u: " STR_FMT, name, lineno,
				       STR_ARG(f->key));
		memcpy((char *)fields + f->offset, &v, sizeof(v));
	}
	return 0;
}
