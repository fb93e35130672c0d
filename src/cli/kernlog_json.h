/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_json: a kernel log as whyoom.kernlog/1, and as text.
 *
 * Both take a parser that kernlog_finish() was called on. They fail only as
 * the buf does: -EFBIG past its maximum, -ENOMEM.
 */
#ifndef CLI_KERNLOG_JSON_H
#define CLI_KERNLOG_JSON_H

#include "base/buf.h"
#include "host/kernlog.h"

int kernlog_to_json(const struct kernlog *k, struct buf *out) _must_use_;

/* One paragraph a kill: time, victim, sizes, limit, who else was large. */
int kernlog_to_text(const struct kernlog *k, struct buf *out) _must_use_;

#endif /* CLI_KERNLOG_JSON_H */
