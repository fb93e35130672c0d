/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_text: a kernel log as a list for people, one paragraph a kill.
 *
 * @k is a parser that kernlog_finish() was called on. Fails only as the buf
 * does: -EFBIG past its maximum, -ENOMEM.
 */
#ifndef CLI_KERNLOG_TEXT_H
#define CLI_KERNLOG_TEXT_H

#include "base/buf.h"
#include "host/kernlog.h"
#include "report/report.h"

int kernlog_to_text(const struct kernlog *k, enum lang lang, struct buf *out) _must_use_;

#endif /* CLI_KERNLOG_TEXT_H */
