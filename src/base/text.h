/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: something to tell a person, as data.
 *
 * Lower rooms do not write sentences: they name a message of the one table
 * (src/report/messages.def) and give its arguments by name. The report renders
 * it in the reader's language, whose word order may differ. A key that the
 * table lacks, or an argument that a message does not name, fails tests/lint.
 *
 *	text_new(a, "goroutine-leak.summary",
 *	         ARG_COUNT("count", 10342), ARG_STR("where", "quotes.go:41"), ARG_END)
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/whole.h"

enum arg_kind {
	ARG_KIND_END,
	ARG_KIND_STR,	  /* names, paths: shown as they are */
	ARG_KIND_COUNT,	  /* 10,342 */
	ARG_KIND_BYTES,	  /* 26.1 MB */
	ARG_KIND_PERCENT, /* of 1.0: 83 % */
	ARG_KIND_SECONDS, /* 12 s, 3 min, 2 h */
	ARG_KIND_RATE,	  /* bytes per second: 5.2 MB/s */
	ARG_KIND_INT,	  /* a setting as the user would write it: -1, 100 */
};

struct arg {
	const char *name;
	enum arg_kind kind;
	union {
		const char *str;
		int64_t i;
		double d;
	};
};

/* Bytes and counts that were worked out are doubles, those that were counted are not. */
#define ARG_WHOLE(v) _Generic((v), double : whole_i64((double)(v)), default : (int64_t)(v))

#define ARG_END ((struct arg){ .kind = ARG_KIND_END })
#define ARG_STR(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_STR, .str = (v) })
#define ARG_COUNT(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_COUNT, .i = ARG_WHOLE(v) })
#define ARG_BYTES(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_BYTES, .i = ARG_WHOLE(v) })
#define ARG_INT(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_INT, .i = ARG_WHOLE(v) })
#define ARG_PERCENT(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_PERCENT, .d = (v) })
#define ARG_SECONDS(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_SECONDS, .d = (v) })
#define ARG_RATE(n, v) ((struct arg){ .name = (n), .kind = ARG_KIND_RATE, .d = (v) })

struct text {
	const char *key;	/* static; NULL: nothing to say */
	const struct arg *args; /* ends with ARG_KIND_END; in the arena, strings too */
};

/* Arguments follow, the last is ARG_END. Key NULL in the result when the arena is spent. */
struct text text_new(struct arena *a, const char *key, ...);

#endif /* BASE_TEXT_H */
