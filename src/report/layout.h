/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: words on lines of less than 80 columns.
 *
 * A word too long for a line is shortened in the middle (the beginning of a
 * name and its end say most), or cut into pieces where it is a quotation, of
 * which nothing may be lost. Columns are counted, not bytes: CJK characters take two.
 */
#ifndef REPORT_LAYOUT_H
#define REPORT_LAYOUT_H

#include "base/buf.h"

#define LAYOUT_COLUMNS 79

enum long_words { LONG_WORDS_SHORTENED, LONG_WORDS_CUT };

/*
 * Append @words as lines: @first stands before the first one, as many blanks
 * as @indent before the others. Blanks in a row count as one; ends with a
 * newline unless there was nothing to write.
 */
void layout_words(struct buf *out, struct str words, const char *first, unsigned indent,
		  enum long_words how);

/* Columns that @s takes on a terminal. */
unsigned layout_columns(struct str s);

/* At most @columns of @s, the middle left out as "..."; the whole if it fits. */
void layout_shortened(struct buf *out, struct str s, unsigned columns);

/* Blanks until @written columns have become @column. */
void layout_pad(struct buf *out, unsigned written, unsigned column);

#endif /* REPORT_LAYOUT_H */
