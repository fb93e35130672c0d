/* SPDX-License-Identifier: Apache-2.0 */
#include "report/ledger_table.h"

#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/message.h"

/* Right ends of the two columns of numbers. */
#define BYTES_END 46
#define SHARE_END 54

static const struct row {
	const char *id, *key;
	unsigned depth;
} rows[] = {
	{ "go.heap", "ledger.go.heap", 0 },
	{ "go.heap.live", "ledger.go.heap.live", 1 },
	{ "go.heap.new", "ledger.go.heap.new", 1 },
	{ "go.heap.dead", "ledger.go.heap.dead", 1 },
	{ "go.heap.slack", "ledger.go.heap.slack", 1 },
	{ "go.heap.free", "ledger.go.heap.free", 1 },
	{ "go.stacks", "ledger.go.stacks", 0 },
	{ "go.meta", "ledger.go.meta", 0 },
	{ "native", "ledger.native", 0 },
	{ "threads", "ledger.threads", 0 },
	{ "file", "ledger.file", 0 },
	{ "shmem", "ledger.shmem", 0 },
	{ "kernel", "ledger.kernel", 0 },
	{ "sock", "ledger.sock", 0 },
	{ "unexplained", "ledger.unexplained", 0 },
};

static const struct row *row_of(const char *id)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].id, id) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool is_parent(const struct ledger *l, const char *id)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (l->nodes[i].parent && strcmp(l->nodes[i].parent, id) == 0)
			return true;
	}
	return false;
}

/* A node that has no row of its own (another process, an id of a later version) shows its id. */
static void name(struct buf *out, const struct ledger_node *n, const struct row *row,
		 enum lang lang)
{
	static const char other[] = "other.";

	if (row) {
		message_plain(row->key, lang, out);
	} else if (strncmp(n->id, other, sizeof(other) - 1) == 0) {
		message_plain("ledger.other", lang, out);
		buf_char(out, ' ');
		show_foreign(out, str_from(n->id + sizeof(other) - 1));
	} else {
		show_foreign(out, str_from(n->id));
	}
}

static void right(struct buf *out, struct buf *number, unsigned *at, unsigned end)
{
	unsigned wide = layout_columns(buf_view(number));

	layout_pad(out, *at + wide, end);
	buf_str(out, buf_view(number));
	*at = *at + wide > end ? *at + wide : end;
	buf_clear(number);
}

static void table_row(const struct ledger *l, const struct ledger_node *n, const struct row *row,
		      enum lang lang, struct buf *out)
{
	BUF(words, 4096);
	unsigned at = 2 + 2 * (row ? row->depth : 0);

	layout_pad(out, 0, at);
	name(&words, n, row, lang);
	layout_shortened(out, buf_view(&words), BYTES_END - 14 - at);
	at += layout_columns(buf_view(&words)) < BYTES_END - 14 - at
		      ? layout_columns(buf_view(&words))
		      : BYTES_END - 14 - at;
	buf_clear(&words);
	if (!n->exact)
		buf_char(&words, '~');
	show_bytes(&words, n->bytes);
	right(out, &words, &at, BYTES_END);
	if (l->total)
		show_percent(&words, (double)n->bytes / (double)l->total);
	right(out, &words, &at, SHARE_END);
	buf_char(out, '\n');
}

void ledger_table(const struct ledger *l, enum lang lang, struct buf *out)
{
	bool derived = false;

	if (!l->known)
		return;
	for (unsigned i = 0; i < l->n; i++) {
		const struct ledger_node *n = &l->nodes[i];
		const struct row *row = row_of(n->id);
		bool remainder = row && strcmp(row->id, "unexplained") == 0;
		uint64_t size = n->bytes < 0 ? 0 - (uint64_t)n->bytes : (uint64_t)n->bytes;

		if (!n->parent || (!row && is_parent(l, n->id)) ||
		    (!remainder && size < l->total / 1000))
			continue;
		derived = derived || !n->exact;
		table_row(l, n, row, lang, out);
	}
	if (derived) {
		buf_cstr(out, "  ");
		message_plain("ledger.derived", lang, out);
		buf_char(out, '\n');
	}
}

const char *pattern_message(enum pattern_kind k)
{
	static const char *const keys[PATTERN_COUNT] = {
		[PATTERN_UNKNOWN] = "pattern.unknown",	 [PATTERN_LEAK] = "pattern.leak",
		[PATTERN_PEAK] = "pattern.peak",	 [PATTERN_PLATEAU] = "pattern.plateau",
		[PATTERN_SAWTOOTH] = "pattern.sawtooth",
	};

	return (unsigned)k < PATTERN_COUNT ? keys[k] : keys[PATTERN_UNKNOWN];
}
