/* SPDX-License-Identifier: Apache-2.0 */
/* kernlog: the kills in a kernel log, as text or whyoom.kernlog/1. */
#include <errno.h>

#include "base/log.h"
#include "cli/kernlog_json.h"
#include "cli/kernlog_load.h"
#include "cli/kernlog_text.h"
#include "cli/output.h"

#define OUTPUT_MAX ((size_t)256 << 20)

int verb_kernlog(const struct cli *cli)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	struct err err;
	int r;

	if (cli->argc > 1) {
		log_warn("kernlog: one FILE, or none for this kernel's own log");
		return EXIT_USAGE;
	}
	if (!k) {
		log_warn("no memory to read the kernel log");
		return EXIT_FAILED;
	}
	r = kernlog_load(k, cli->argc ? cli->argv[0] : NULL, &err);
	if (r < 0) {
		log_warn("%s", err.msg);
		return r == -EBADMSG ? EXIT_UNKNOWN : EXIT_FAILED;
	}
	if (kernlog_to_json(k, &json) < 0 || kernlog_to_text(k, cli->lang, &text) < 0) {
		log_warn("the kills do not fit into the output");
		return EXIT_FAILED;
	}
	return output_result(cli, &text, &json);
}
