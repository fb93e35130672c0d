/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_table.h"
#include "host/kernlog_take.h"

#include <limits.h>
#include <string.h>

bool table_header(struct str msg, struct table_layout *ret)
{
	struct table_layout l = { 0 };
	struct str s = msg, in, w;
	bool total_vm = false, rss = false, name = false;

	if (!str_take_prefix(&s, STR("[")) || !str_take_until(&s, ']', &in) ||
	    !str_eq(str_trim(in), STR("pid")))
		return false;
	l.pgtables_bytes = UINT_MAX;
	while (str_take_word(&s, &w) && l.n < TABLE_COLUMNS_MAX) {
		if (str_eq(w, STR("total_vm"))) {
			l.total_vm = l.n;
			total_vm = true;
		} else if (str_eq(w, STR("rss"))) {
			l.rss = l.n;
			rss = true;
		} else if (str_eq(w, STR("oom_score_adj"))) {
			l.adj = l.n;
		} else if (str_eq(w, STR("pgtables_bytes"))) {
			l.pgtables_bytes = l.n;
		} else if (str_eq(w, STR("name"))) {
			name = true;
			break;
		}
		l.n++;
	}
	if (!total_vm || !rss || !name || !l.adj)
		return false;
	if (l.pgtables_bytes == UINT_MAX)
		l.pgtables_bytes = l.n;
	*ret = l;
	return true;
}

/* By the number of columns; see reference in kernlog_table.h. */
static bool layout_by_count(unsigned n, const struct table_layout **ret)
{
	static const struct table_layout known[] = {
		/* cpu oom_adj adj; nr_ptes swapents adj; pgtables_bytes swapents adj */
		{ .n = 7, .total_vm = 2, .rss = 3, .adj = 6, .pgtables_bytes = 4 },
		{ .n = 8, .total_vm = 2, .rss = 3, .adj = 7, .pgtables_bytes = 8 },
		{ .n = 9, .total_vm = 2, .rss = 3, .adj = 8, .pgtables_bytes = 9 },
		{ .n = 10, .total_vm = 2, .rss = 3, .adj = 9, .pgtables_bytes = 7 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].n == n) {
			*ret = &known[i];
			return true;
		}
	}
	return false;
}

/* Numbers from the front, at most @max, each with a blank behind it. */
static unsigned numbers(struct str *s, int64_t *v, unsigned max)
{
	unsigned n = 0;

	while (n < max) {
		struct str rest = *s;

		while (rest.n && rest.p[0] == ' ')
			rest = str_skip(rest, 1);
		if (!str_take_i64(&rest, &v[n]) || (rest.n && rest.p[0] != ' ') || !rest.n)
			break;
		*s = rest;
		n++;
	}
	return n;
}

static void set_comm(char *to, struct str name)
{
	size_t n = name.n < KERNLOG_COMM - 1 ? name.n : KERNLOG_COMM - 1;

	memset(to, 0, KERNLOG_COMM);
	memcpy(to, name.p, n);
}

bool table_row(struct str msg, const struct table_layout *layout, struct kernlog_task *ret,
	       uint64_t *ret_pgtables)
{
	int64_t v[TABLE_COLUMNS_MAX];
	struct str s = msg, name;
	uint64_t pid;
	unsigned n;

	if (!str_take_prefix(&s, STR("[")))
		return false;
	skip_blanks(&s);
	if (!str_take_u64(&s, &pid) || pid == 0 || pid > INT_MAX)
		return false;
	skip_blanks(&s);
	if (!str_take_prefix(&s, STR("]")))
		return false;
	n = numbers(&s, v, layout->n ? layout->n : 10);
	name = str_trim(s);
	if (!name.n || (layout->n ? n != layout->n : !layout_by_count(n, &layout)))
		return false;
	if (v[1] <= 0 || v[1] > INT_MAX || v[layout->total_vm] < 0 || v[layout->rss] < 0 ||
	    v[layout->adj] < -1000 || v[layout->adj] > 1000)
		return false;
	ret->pid = (int)pid;
	ret->tgid = (int)v[1];
	ret->total_vm_pages = (uint64_t)v[layout->total_vm];
	ret->rss_pages = (uint64_t)v[layout->rss];
	ret->oom_score_adj = (int)v[layout->adj];
	set_comm(ret->comm, name);
	*ret_pgtables = layout->pgtables_bytes < n && v[layout->pgtables_bytes] > 0
				? (uint64_t)v[layout->pgtables_bytes]
				: 0;
	return true;
}

uint64_t table_page_size(uint64_t pages, uint64_t bytes)
{
	if (pages == 0 || bytes == KERNLOG_UNKNOWN)
		return 0;
	for (uint64_t size = 4096; size <= 65536; size *= 2) {
		uint64_t want;

		/* the table is some milliseconds older than the kill: allow one part in 16 */
		if (__builtin_mul_overflow(pages, size, &want))
			return 0;
		if (want - want / 16 <= bytes && bytes <= want + want / 16)
			return size;
	}
	return 0;
}
