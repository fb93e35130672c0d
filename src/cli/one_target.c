/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/one_target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "cli/output.h"
#include "target/core.h"

#define HEAD_BYTES 64

/* What cannot be seen in the results: parts of the core that are not there. */
static void say_truncated(const struct mem *m)
{
	const struct core_facts *f = core_facts_of(m);
	char size[24];

	if (f && f->missing_bytes)
		log_warn("%s: is truncated: %s of the process's memory lie behind its end and "
			 "cannot be read",
			 m->name, output_size(f->missing_bytes, size));
}

static int open_core(const struct cli *cli, struct subject *ret)
{
	struct err err;
	int r = subject_open_core(ret, cli->argv[0], cli->exe, &err);

	if (r < 0)
		return output_error(&err);
	say_truncated(ret->mem);
	return EXIT_OK;
}

bool one_target_is_core(const char *path)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[HEAD_BYTES];
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	return n > 0 && core_is((struct str){ head, (size_t)n });
}

/* No PID: a file of some kind, or nothing. */
static int open_file(const struct cli *cli, struct subject *ret)
{
	const char *path = cli->argv[0];

	if (access(path, F_OK) < 0) {
		log_warn("'%s' is neither a PID nor a file", path);
		return EXIT_USAGE;
	}
	if (access(path, R_OK) < 0) {
		log_warn("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (one_target_is_core(path))
		return open_core(cli, ret);
	log_warn("%s: is no core file", path);
	return EXIT_UNKNOWN;
}

int one_target(const struct cli *cli, struct subject *ret)
{
	struct str s = cli->argc == 1 ? str_from(cli->argv[0]) : (struct str){ 0 };
	struct err err;
	uint64_t pid;

	if (cli->argc != 1) {
		log_warn("one PID or core file is needed; `whyoom ps` lists the Go processes");
		return EXIT_USAGE;
	}
	if (!str_take_u64(&s, &pid) || s.n)
		return open_file(cli, ret);
	if (pid == 0 || pid > INT32_MAX) {
		log_warn("'%s' is not a PID", cli->argv[0]);
		return EXIT_USAGE;
	}
	if ((cli->no_cache ? subject_open_attached : subject_open_cached)(ret, (pid_t)pid, cli->exe,
									  &err) < 0)
		return output_error(&err);
	return EXIT_OK;
}

bool one_target_wants_pprof(const struct cli *cli)
{
	struct str s = cli->output ? str_from(cli->output) : STR("");

	return str_has_suffix(s, STR(".pb.gz")) || str_has_suffix(s, STR(".pprof"));
}
