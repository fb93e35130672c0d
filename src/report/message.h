/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: the one table of human text, and how a message becomes words.
 *
 * messages.def has a row a message, MSG("key", "English"). In it {count} stands
 * for the argument of that name, shown as its kind says; {@state} for the
 * message whose key is the argument's value. tests/lint/messages.py holds the
 * table against the code.
 *
 * What comes from a target, a log or a file is shown with its control
 * characters replaced: a process name must not steer a terminal.
 */
#ifndef REPORT_MESSAGE_H
#define REPORT_MESSAGE_H

#include "base/buf.h"
#include "base/text.h"
#include "report/report.h"

/* The message without arguments filled in, or NULL. */
const char *message_find(const char *key, enum lang lang);

/* A message that has no arguments. */
void message_plain(const char *key, enum lang lang, struct buf *out);

/* Values as messages show them. */
void show_count(struct buf *out, int64_t v);	  /* 10,342 */
void show_bytes(struct buf *out, int64_t v);	  /* 128.0 MiB */
void show_percent(struct buf *out, double v);	  /* of 1.0: 83 % */
void show_seconds(struct buf *out, double v);	  /* 140 ms, 3.2 s, 41 s, 3 min, 2 h, 3 days */
void show_foreign(struct buf *out, struct str s); /* control characters as '?' */

#endif /* REPORT_MESSAGE_H */
