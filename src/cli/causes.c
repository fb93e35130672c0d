/* SPDX-License-Identifier: Apache-2.0 */
/* causes: the catalogue, or one cause in full. */
#include "base/log.h"
#include "cli/output.h"
#include "report/causes_text.h"

#define OUTPUT_MAX ((size_t)4 << 20)

int verb_causes(const struct cli *cli)
{
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);

	if (cli->argc > 1) {
		log_warn("causes: one ID, or none for the list");
		return EXIT_USAGE;
	}
	causes_json(cli->lang, &json);
	if (cli->argc == 0) {
		causes_list(cli->lang, &text);
	} else if (!causes_page(cli->argv[0], &text)) {
		log_warn("no cause '%s'; `whyoom causes` lists them", cli->argv[0]);
		return EXIT_USAGE;
	}
	return output_result(cli, &text, &json);
}
