/* SPDX-License-Identifier: Apache-2.0 */
/* causes_text: the catalogue of causes for the terminal, from docs/causes/, built in. */
#ifndef REPORT_CAUSES_TEXT_H
#define REPORT_CAUSES_TEXT_H

#include "base/buf.h"
#include "report/report.h"

struct cause_page {
	const char *id, *markdown;
};

/* Generated from docs/causes/; ends with a NULL id. */
extern const struct cause_page cause_pages[];

/* The catalogue: a line or two for each cause, "id  what it is". */
void causes_list(enum lang lang, struct buf *out);

/* The page of one cause, laid out for the terminal; false if there is no such cause. */
bool causes_page(const char *id, struct buf *out) _must_use_;

/* {"schema": "whyoom.causes/1", "causes": [{"id", "title", "about"}]} */
void causes_json(enum lang lang, struct buf *out);

#endif /* REPORT_CAUSES_TEXT_H */
