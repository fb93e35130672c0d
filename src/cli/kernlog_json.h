/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_json: a kernel log as whyoom.kernlog/1.
 *
 * @k is a parser that kernlog_finish() was called on. Fails only as the buf
 * does: -EFBIG past its maximum, -ENOMEM.
 */
#ifndef CLI_KERNLOG_JSON_H
#define CLI_KERNLOG_JSON_H

#include "base/buf.h"
#include "host/kernlog.h"

int kernlog_to_json(const struct kernlog *k, struct buf *out) _must_use_;

#endif /* CLI_KERNLOG_JSON_H */
