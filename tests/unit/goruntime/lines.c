/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <stdlib.h>

#include "lines.h"

static int by_text(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int r = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return r ? r : (x->n > y->n) - (x->n < y->n);
}

static struct str *sorted(const char *text, const char *prefix, size_t *ret_n)
{
	struct str rest = str_from(text), line, *v = NULL;
	size_t n = 0;

	while (str_take_line(&rest, &line)) {
		if (!str_has_prefix(line, str_from(prefix)))
			continue;
		v = realloc(v, (n + 1) * sizeof(*v));
		assert_non_null(v);
		v[n++] = line;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_text);
	*ret_n = n;
	return v;
}

size_t same_lines(const char *got, const char *want, const char *prefix, const char *where)
{
	size_t n, m, wrong = 0;
	struct str *g = sorted(got, prefix, &n), *w = sorted(want, prefix, &m);

	for (size_t i = 0, j = 0; i < n || j < m;) {
		int r = i == n ? 1 : j == m ? -1 : by_text(&g[i], &w[j]);

		if (r < 0)
			printf("# %s: only whyoom: " STR_FMT "\n", where, STR_ARG(g[i]));
		if (r > 0)
			printf("# %s: only Go: " STR_FMT "\n", where, STR_ARG(w[j]));
		wrong += r != 0;
		i += r <= 0;
		j += r >= 0;
	}
	free(g);
	free(w);
	if (wrong)
		fail_msg("%s: %zu lines differ", where, wrong);
	return n;
}
