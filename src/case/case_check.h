/* SPDX-License-Identifier: Apache-2.0 */
/* case_check: what is looked at beside the tables when a case is loaded. Private to src/case/. */
#ifndef CASE_CASE_CHECK_H
#define CASE_CASE_CHECK_H

#include "base/err.h"
#include "base/str.h"
#include "case/case.h"

/*
 * At most the bytes that jansson takes for @json as a tree: a few bytes of text can stand for a
 * hundred of memory, and jansson knows no budget. Counted from the marks that begin values.
 */
size_t case_json_tree_bytes(struct str json);

/* Series must be in time order, as all who read them believe. -EBADMSG "FILE: case.json: …" */
int case_check_order(const struct whycase *c, const char *name, struct err *err) _must_use_;

#endif /* CASE_CASE_CHECK_H */
