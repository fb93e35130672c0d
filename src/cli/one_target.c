/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/one_target.h"

#include <errno.h>

#include "base/log.h"
#include "cli/output.h"

int one_target(const struct cli *cli, struct subject *ret)
{
	struct str s = cli->argc == 1 ? str_from(cli->argv[0]) : (struct str){ 0 };
	struct err err;
	uint64_t pid;

	if (cli->argc != 1) {
		log_warn("one PID is needed; `whyoom ps` lists the Go processes");
		return EXIT_USAGE;
	}
	if (!str_take_u64(&s, &pid) || s.n || pid == 0 || pid > INT32_MAX) {
		log_warn("'%s' is not a PID", cli->argv[0]);
		return EXIT_USAGE;
	}
	if (subject_open_attached(ret, (pid_t)pid, cli->exe, &err) < 0)
		return output_error(&err);
	return EXIT_OK;
}

bool one_target_wants_pprof(const struct cli *cli)
{
	struct str s = cli->output ? str_from(cli->output) : STR("");

	return str_has_suffix(s, STR(".pb.gz")) || str_has_suffix(s, STR(".pprof"));
}
