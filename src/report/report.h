/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: a verdict for people and for programs.
 *
 * All human text comes from the message table (messages.def); text is under 80
 * columns and readable without colour. The JSON is the contract of
 * docs/schema/verdict-1.json.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/buf.h"
#include "verdict/verdict.h"

enum lang { LANG_EN, LANG_COUNT };

struct report_options {
	enum lang lang;
	bool colour;
};

/* The answer in one paragraph, on one line: what report_text() begins with. */
void report_headline(const struct verdict *v, enum lang lang, struct buf *out);

void report_text(const struct verdict *v, const struct report_options *opt, struct buf *out);
void report_json(const struct verdict *v, enum lang lang, struct buf *out);

/* One message rendered; unknown keys render as the key itself. */
void message_render(struct text t, enum lang lang, struct buf *out);

#endif /* REPORT_REPORT_H */
